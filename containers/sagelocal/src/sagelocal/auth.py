"""Signature Version 4: who sent a request, and that nobody changed it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import NamedTuple
from urllib.parse import quote

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, is_number, query_pairs

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
SKEW = 15 * 60  # seconds
LONGEST_PRESIGNED = 7 * 24 * 3600  # seconds

_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")

Secret = Callable[[str], str | None]


class Signature(NamedTuple):
    """Hold what a signed request says of itself."""

    access_key: str
    date: str  # YYYYMMDD of the credential's scope
    region: str
    service: str  # the signing name, such as `sagemaker` for all of SageMaker's APIs
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    expires: int | None  # seconds; None: signed in a header

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_signature(request: HttpRequest) -> Signature | None:
    """Return the request's Version 4 signature, None if it has none."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith(ALGORITHM):
        return _from_header(request, authorization)
    query = dict(query_pairs(request.query))
    if query.get("X-Amz-Algorithm") == ALGORITHM:
        return _from_query(query)
    return None


def _from_header(request: HttpRequest, authorization: str) -> Signature:
    claims, _, signature = authorization.rpartition("Signature=")
    ordinary = claims and "," not in signature  # the signature comes last
    fields = {**_claims(claims), "Signature": signature} if ordinary else dict(_FIELD.findall(authorization))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)]
    timestamp = request.headers.get("x-amz-date", "")
    if missing or not timestamp:
        raise AwsError(
            "IncompleteSignature",
            f"Authorization header requires {', '.join(missing) or 'an X-Amz-Date header beside it'}.",
            403,
        )
    return _signature(fields["Credential"], fields["SignedHeaders"], fields["Signature"], timestamp, None)


@lru_cache(maxsize=256)
def _claims(text: str) -> dict[str, str]:
    """Return the fields of a header without its signature, which a client sends with all requests of a day."""
    return dict(_FIELD.findall(text))


def _from_query(query: dict[str, str]) -> Signature:
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Expires")
    if any(not query.get(name) for name in names):
        message = f"Query-string authentication version 4 requires the {', '.join(names)} parameters."
        raise AwsError("AuthorizationQueryParametersError", message)
    credential, signed_headers, signature, timestamp, expires = (query[name] for name in names)
    if not is_number(expires) or not 0 < int(expires) <= LONGEST_PRESIGNED:
        message = f"X-Amz-Expires must be between 1 and {LONGEST_PRESIGNED} seconds"
        raise AwsError("AuthorizationQueryParametersError", message)
    return _signature(credential, signed_headers, signature, timestamp, int(expires))


def _signature(credential: str, headers: str, signature: str, timestamp: str, expires: int | None) -> Signature:
    access_key, date, region, service = _scope(credential)
    return Signature(access_key, date, region, service, _names(headers), signature, timestamp, expires)


@lru_cache(maxsize=256)
def _scope(credential: str) -> tuple[str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise AwsError("IncompleteSignature", f"'{credential}' is not a valid credential scope.", 403)
    return parts[0], parts[1], parts[2], parts[3]


@lru_cache(maxsize=256)
def _names(headers: str) -> tuple[str, ...]:
    return tuple(headers.lower().split(";"))


def verify(request: HttpRequest, signature: Signature, payload_hash: str, secret: Secret) -> bytes:
    """Raise unless the holder of the secret signed this request within the allowed time; return the signing key.

    `payload_hash` is the body's SHA-256 in hexadecimal, or the literal that the client signed in its place.
    """
    key = secret(signature.access_key)
    if key is None:
        raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    _check_time(signature)
    if "host" not in signature.signed_headers:
        raise AwsError("SignatureDoesNotMatch", "'Host' must be a 'SignedHeader' in the AWS Authorization.", 403)
    canonical = canonical_request(request, signature, payload_hash)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
    derived = signing_key(key, signature.date, signature.region, signature.service)
    expected = _keyed(derived, to_sign.encode())
    if not hmac.compare_digest(expected.encode(), signature.signature.encode()):
        raise mismatch()
    return derived


def mismatch() -> AwsError:
    """Return the answer to a request that was signed with another secret or changed on its way."""
    return AwsError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
        403,
    )


def _check_time(signature: Signature) -> None:
    signed_at = _moment(signature.timestamp)
    if signed_at is None:
        message = f"Date must be in ISO-8601 'basic format'. Got '{signature.timestamp}'."
        raise AwsError("IncompleteSignature", message, 403)
    if not signature.timestamp.startswith(signature.date):
        message = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: '{signature.date}'."
        raise AwsError("SignatureDoesNotMatch", message, 403)
    now = time()
    if signature.expires is not None and now > signed_at + signature.expires:
        raise AwsError("AccessDenied", "Request has expired", 403)
    if signed_at > now + SKEW or (signature.expires is None and signed_at < now - SKEW):
        message = "The difference between the request time and the current time is too large."
        raise AwsError("RequestTimeTooSkewed", message, 403)


@lru_cache(maxsize=64)
def _moment(timestamp: str) -> float | None:
    try:
        return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _keyed(key: bytes, text: bytes) -> str:
    """Return an HMAC in hexadecimal; the key's half of the work is done once, and OpenSSL asked for no lookup."""
    inner, outer = (half.copy() for half in _halves(key))
    inner.update(text)
    outer.update(inner.digest())
    return outer.hexdigest()


@lru_cache(maxsize=64)
def _halves(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return SHA-256 over the inner and the outer pad of a key of at most 64 bytes, RFC 2104."""
    padded = key.ljust(64, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


@lru_cache(maxsize=64)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key that signs one day's requests to one service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def canonical_request(request: HttpRequest, signature: Signature, payload_hash: str) -> str:
    """Return the text whose digest was signed."""
    headers = "".join(f"{name}:{_canonical_value(request, name)}\n" for name in signature.signed_headers)
    return "\n".join(
        (
            request.method,
            canonical_path(request.path, signature.service),
            _canonical_query(request.query),
            headers,
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )


def _canonical_value(request: HttpRequest, name: str) -> str:
    return " ".join(request.headers.get(name, "").split())


def canonical_path(path: str, service: str) -> str:
    """Return the path as signed: S3 signs it as sent, every other service without dots and encoded once more."""
    return path if service == "s3" else _encoded_path(path)


@lru_cache(maxsize=256)
def _encoded_path(path: str) -> str:
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept:
            kept.pop()
        elif part not in ("", ".", ".."):
            kept.append(part)
    trailing = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{trailing}", safe="/~")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    return encoded_query((name, value) for name, value in query_pairs(query) if name != "X-Amz-Signature")


def encoded_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a query string in the order and encoding that signatures use."""
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)
