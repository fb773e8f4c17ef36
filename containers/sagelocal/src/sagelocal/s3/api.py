"""S3 over HTTP: from a request to the handler of its operation."""

from __future__ import annotations

import re

from sagelocal import auth
from sagelocal.backend import Backend
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse
from sagelocal.s3 import (
    attributes_api,
    bucket_api,
    bucket_settings,
    copy_api,
    listing,
    multipart_api,
    object_api,
    presigned,
    tagging_api,
    version_listing,
)
from sagelocal.s3.call import HANDLERS, Call, read_query, split_path
from sagelocal.s3.multipart import Uploads
from sagelocal.s3.payload import Payload
from sagelocal.wire import request_id

__all__ = [  # imported for the handlers they register
    "S3Api",
    "attributes_api",
    "bucket_api",
    "bucket_settings",
    "copy_api",
    "listing",
    "multipart_api",
    "object_api",
    "tagging_api",
    "version_listing",
]

# Query parameters that belong to an operation without choosing it; any other one does choose.
_PARAMETERS = re.compile(
    r"list-type|prefix|delimiter|marker|max-keys|continuation-token|start-after|fetch-owner|encoding-type"
    r"|versionId|version-id-marker|key-marker|upload-id-marker|max-uploads|part-number-marker|max-parts|partNumber"
    r"|bucket-region|max-buckets"
    r"|x-id|response-[a-z-]+|x-amz-[a-z0-9-]+|X-Amz-[A-Za-z0-9-]+|AWSAccessKeyId|Signature|Expires"
)
# Headers whose silent loss would store something else than was asked for.
_REFUSED_HEADERS = re.compile(
    r"x-amz-object-lock-.*|x-amz-bucket-object-lock-enabled|x-amz-grant-.*|x-amz-website-redirect-location|x-amz-write-offset-bytes"
    r"|x-amz-server-side-encryption-customer-.*|x-amz-copy-source-server-side-encryption-customer-.*"
)
_OF_A_VERSION = frozenset(
    {
        "GetObject", "HeadObject", "DeleteObject", "GetObjectAttributes", "GetObjectTagging", "PutObjectTagging",
        "DeleteObjectTagging",
    }
)  # fmt: skip
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
        name = _subresource(request, query)
        if (request.method, level, name) not in HANDLERS:
            asked = f"{request.method} of {'an' if level == 'object' else 'a'} {level}"
            detail = f" with {name}" if name else ""
            message = f"sagelocal's S3 does not have {asked}{detail}."
            raise AwsError("NotImplemented", message, 501)
        operation, handler = HANDLERS[request.method, level, name]
        if "versionId" in query and operation not in _OF_A_VERSION:
            raise AwsError("InvalidArgument", "This operation does not accept a version-id.", ArgumentName="versionId")
        payload = Payload(request, signature, signing_key)
        backend = self._backend
        call = Call(
            request, bucket, key, query, payload, backend.objects, self._uploads, backend.region, backend.account
        )
        response = handler(call)
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
    subresource = _subresource(request, read_query(request.query))
    name, _ = HANDLERS.get((request.method, _level(*split_path(request.path)), subresource), ("", None))
    return name


def _level(bucket: str, key: str) -> str:
    return "object" if key else "bucket" if bucket else "service"


def _subresource(request: HttpRequest, query: dict[str, str]) -> str:
    names = sorted(name for name in query if not _PARAMETERS.fullmatch(name))
    if "partNumber" in query and "uploadId" not in query and request.method not in ("GET", "HEAD"):
        names.append("partNumber")
    if "x-amz-copy-source" in request.headers:
        names.append("copy")
    return " ".join(names)
