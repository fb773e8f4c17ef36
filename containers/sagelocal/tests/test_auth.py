"""Signatures, with botocore's signers as the other side."""

from __future__ import annotations

import hashlib
import io
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sagelocal import auth
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest

KEYS = Credentials("AKIDEXAMPLE", "secret")
HOST = "127.0.0.1:4566"
SIGNERS = {"s3": S3SigV4Auth, "sagemaker": SigV4Auth}

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def secret(access_key: str) -> str | None:
    """Return the one secret there is."""
    return {"AKIDEXAMPLE": "secret"}.get(access_key)


def received(request: AWSRequest) -> HttpRequest:
    """Return a signed request as a server gets it."""
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = {name.lower(): text(value) for name, value in prepared.headers.items()}
    return HttpRequest(prepared.method, parts.path, parts.query, {"host": HOST, **headers}, io.BytesIO(), {})


def text(value: Any) -> str:
    """Return a header's value as text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def sign(
    service: str, path: str = "/", query: dict[str, str] | None = None, body: bytes = b"", **headers: str
) -> HttpRequest:
    """Return a request that botocore signed in a header."""
    request = AWSRequest("POST", f"http://{HOST}{quote(path)}", headers=headers, data=body, params=query or {})
    SIGNERS[service](KEYS, service, "us-east-1").add_auth(request)
    return received(request)


def verify(request: HttpRequest, body: bytes = b"") -> None:
    """Raise unless the request is well signed."""
    signature = auth.read_signature(request)
    assert signature is not None
    digest = request.headers.get("x-amz-content-sha256", hashlib.sha256(body).hexdigest())
    auth.verify(request, signature, digest, secret)


@given(st.sampled_from(["s3", "sagemaker"]), TEXTS, st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=4), st.binary())
def test_what_botocore_signs_is_accepted(service: str, path: str, query: dict[str, str], body: bytes) -> None:
    verify(sign(service, f"/{path}", query, body), body)


@pytest.mark.parametrize("service", ["s3", "sagemaker"])
@pytest.mark.parametrize(
    ("part", "value"),
    [("method", "PUT"), ("path", "/other"), ("query", "a=2"), ("headers", {"host": "localhost"})],
)
def test_a_request_changed_after_signing_is_refused(service: str, part: str, value: Any) -> None:
    request = sign(service, "/path", {"a": "1"})
    setattr(request, part, {**request.headers, **value} if part == "headers" else value)
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        verify(request)


def test_the_fields_of_the_header_may_come_in_any_order() -> None:
    request = sign("sagemaker")
    algorithm, _, fields = request.headers["authorization"].partition(" ")
    request.headers["authorization"] = f"{algorithm} {', '.join(reversed(fields.split(', ')))}"
    verify(request)


@pytest.mark.parametrize("missing", ["Credential", "SignedHeaders", "Signature"])
def test_a_header_without_one_of_its_fields_is_incomplete(missing: str) -> None:
    request = sign("sagemaker")
    algorithm, _, fields = request.headers["authorization"].partition(" ")
    kept = [field for field in fields.split(", ") if not field.startswith(f"{missing}=")]
    request.headers["authorization"] = f"{algorithm} {', '.join(kept)}"
    with pytest.raises(AwsError, match=f"requires {missing}") as refused:
        verify(request)
    assert refused.value.code == "IncompleteSignature"


def test_a_body_changed_after_signing_is_refused() -> None:
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        verify(sign("sagemaker", body=b"{}"), b"{ }")


def test_another_secret_is_refused() -> None:
    request = sign("sagemaker")
    signature = auth.read_signature(request)
    assert signature is not None
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        auth.verify(request, signature, hashlib.sha256(b"").hexdigest(), lambda _: "other")


def test_an_unknown_access_key_is_refused() -> None:
    request = sign("sagemaker")
    signature = auth.read_signature(request)
    assert signature is not None
    with pytest.raises(AwsError, match="InvalidAccessKeyId"):
        auth.verify(request, signature, "", lambda _: None)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the server's clock tell another time than it is."""
    monkeypatch.setattr(auth, "time", lambda: time.time() + seconds)


@pytest.mark.parametrize(("minutes", "is_accepted"), [(14, True), (16, False), (-14, True), (-16, False)])
def test_a_request_is_valid_for_fifteen_minutes(
    minutes: int, is_accepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = sign("sagemaker")
    pass_time(monkeypatch, minutes * 60)
    if is_accepted:
        verify(request)
        return
    with pytest.raises(AwsError, match="RequestTimeTooSkewed"):
        verify(request)


def presign(seconds: int) -> HttpRequest:
    """Return a request that botocore signed in its query."""
    request = AWSRequest("GET", f"http://{HOST}/bucket/key", params={"response-content-type": "text/plain"})
    S3SigV4QueryAuth(KEYS, "s3", "us-east-1", expires=seconds).add_auth(request)
    return received(request)


def test_a_presigned_request_is_accepted_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    request = presign(3600)
    signature = auth.read_signature(request)
    assert signature is not None
    auth.verify(request, signature, auth.UNSIGNED_PAYLOAD, secret)
    pass_time(monkeypatch, 3601)
    with pytest.raises(AwsError, match="Request has expired"):
        auth.verify(request, signature, auth.UNSIGNED_PAYLOAD, secret)


def test_a_presigned_request_cannot_be_made_to_last_longer() -> None:
    request = presign(3600)
    request.query = request.query.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200")
    signature = auth.read_signature(request)
    assert signature is not None
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        auth.verify(request, signature, auth.UNSIGNED_PAYLOAD, secret)


def test_a_request_without_a_signature_has_none() -> None:
    assert auth.read_signature(HttpRequest("GET", "/", "", {}, io.BytesIO(), {})) is None


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, Signature=0",
    ],
)
def test_an_incomplete_signature_is_refused(authorization: str) -> None:
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"authorization": authorization, "x-amz-date": date}
    with pytest.raises(AwsError, match="IncompleteSignature"):
        auth.read_signature(HttpRequest("GET", "/", "", headers, io.BytesIO(), {}))


def test_a_signature_that_does_not_cover_the_host_is_refused() -> None:
    request = sign("sagemaker")
    request.headers["authorization"] = request.headers["authorization"].replace("host;", "")
    with pytest.raises(AwsError, match="'Host' must be a 'SignedHeader'"):
        verify(request)
