"""S3 over HTTP: from a request to the handler of its operation."""

from __future__ import annotations

import re

from sagelocal import auth
from sagelocal.backend import Backend
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse
from sagelocal.s3 import bucket_api, listing, multipart_api, object_api, presigned
from sagelocal.s3.call import HANDLERS, Call, read_query, split_path
from sagelocal.s3.multipart import Uploads
from sagelocal.s3.payload import Payload
from sagelocal.wire import request_id

__all__ = ["S3Api", "bucket_api", "listing", "multipart_api", "object_api"]  # imported for the handlers they register

# Query parameters that belong to an operation without choosing it; any other one does choose.
_PARAMETERS = re.compile(
    r"list-type|prefix|delimiter|marker|max-keys|continuation-token|start-after|fetch-owner|encoding-type"
    r"|key-marker|upload-id-marker|max-uploads|part-number-marker|max-parts|partNumber|bucket-region|max-buckets"
    r"|x-id|response-[a-z-]+|x-amz-[a-z0-9-]+|X-Amz-[A-Za-z0-9-]+|AWSAccessKeyId|Signature|Expires"
)
# Headers whose silent loss would store something else than was asked for.
_REFUSED_HEADERS = re.compile(
    r"x-amz-object-lock-.*|x-amz-grant-.*|x-amz-website-redirect-location|x-amz-write-offset-bytes"
    r"|x-amz-server-side-encryption-customer-.*|x-amz-copy-source-server-side-encryption-customer-.*"
)
_ACCEPTED_ACLS = frozenset({"private", "bucket-owner-full-control"})


class S3Api:
    """Answer S3's operations from the backend's objects."""

    def __init__(self, backend: Backend, secret: auth.Secret) -> None:
        self._backend = backend
        self._secret = secret
        self._uploads = Uploads(backend.objects)

    def answer(self, request: HttpRequest, signature: auth.Signature | None) -> HttpResponse:
        """Return the response to a request; the caller reads what is left of its body."""
        query = read_query(request.query)
        signing_key = self._authenticate(request, query, signature)
        self._check_headers(request)
        bucket, key = split_path(request.path)
        level = _level(bucket, key)
        name = _subresource(query, request.headers)
        if (request.method, level, name) not in HANDLERS:
            asked = f"{request.method} of {'an' if level == 'object' else 'a'} {level}"
            detail = f" with {name}" if name else ""
            message = f"sagelocal's S3 does not have {asked}{detail}."
            raise AwsError("NotImplemented", message, 501)
        payload = Payload(request, signature, signing_key)
        backend = self._backend
        call = Call(
            request, bucket, key, query, payload, backend.objects, self._uploads, backend.region, backend.account
        )
        response = HANDLERS[request.method, level, name][1](call)
        response.headers["x-amz-request-id"] = request_id()
        return response

    def _authenticate(self, request: HttpRequest, query: dict[str, str], signature: auth.Signature | None) -> bytes:
        if signature is None:
            if not presigned.is_presigned(query):
                raise AwsError("AccessDenied", "Access Denied: sagelocal serves signed requests only.", 403)
            presigned.verify(request, self._secret)
            return b""
        region = self._backend.region
        if signature.region != region:
            message = (
                f"The authorization header is malformed; the region '{signature.region}' is wrong; "
                f"expecting '{region}', which is what this sagelocal serves."
            )
            raise AwsError("AuthorizationHeaderMalformed", message, 400, Region=region)
        declared = request.headers.get("x-amz-content-sha256", auth.UNSIGNED_PAYLOAD)
        return auth.verify(request, signature, declared, self._secret)

    def _check_headers(self, request: HttpRequest) -> None:
        refused = [name for name in request.headers if _REFUSED_HEADERS.fullmatch(name)]
        if refused:
            raise AwsError("NotImplemented", f"sagelocal's S3 does not have {', '.join(refused)}.", 501)
        acl = request.headers.get("x-amz-acl", "private")
        if acl not in _ACCEPTED_ACLS:
            raise AwsError("NotImplemented", f"sagelocal's S3 does not have the ACL {acl}.", 501)
        if request.headers.get("x-amz-expected-bucket-owner", self._backend.account) != self._backend.account:
            raise AwsError("AccessDenied", "Access Denied: the bucket has another owner.", 403)


def operation_name(request: HttpRequest) -> str:
    """Return the name of the operation that a request calls, empty if there is none."""
    subresource = _subresource(read_query(request.query), request.headers)
    name, _ = HANDLERS.get((request.method, _level(*split_path(request.path)), subresource), ("", None))
    return name


def _level(bucket: str, key: str) -> str:
    return "object" if key else "bucket" if bucket else "service"


def _subresource(query: dict[str, str], headers: dict[str, str]) -> str:
    names = sorted(name for name in query if not _PARAMETERS.fullmatch(name))
    if "partNumber" in query and "uploadId" not in query:
        names.append("partNumber")
    if "x-amz-copy-source" in headers:
        names.append("copy")
    return " ".join(names)
