"""URLs presigned with Signature Version 2, which boto3 still makes where no version is configured.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from sagelocal.auth import Secret, mismatch
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, is_number, query_pairs

_SIGNED_PARAMETERS = frozenset(
    {
        "acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber", "policy",
        "requestPayment", "response-cache-control", "response-content-disposition", "response-content-encoding",
        "response-content-language", "response-content-type", "response-expires", "restore", "tagging", "torrent",
        "uploadId", "uploads", "versionId", "versioning", "versions", "website",
    }
)  # fmt: skip


def is_presigned(query: dict[str, str]) -> bool:
    """Return whether a query carries a Version 2 signature."""
    return {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys()


def verify(request: HttpRequest, secret: Secret) -> None:
    """Raise unless the holder of the secret made this URL and it has not expired."""
    pairs = query_pairs(request.query)
    query = dict(pairs)
    key = secret(query["AWSAccessKeyId"])
    if key is None:
        raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    expires = query["Expires"]
    if not is_number(expires) or int(expires) < time.time():
        raise AwsError("AccessDenied", "Request has expired", 403)
    amazon = sorted((name, value.strip()) for name, value in request.headers.items() if name.startswith("x-amz-"))
    signed = sorted((name, value) for name, value in pairs if name in _SIGNED_PARAMETERS)
    parameters = "&".join(f"{name}={value}" if value else name for name, value in signed)
    to_sign = "\n".join(
        (
            request.method,
            request.headers.get("content-md5", ""),
            request.headers.get("content-type", ""),
            expires,
            "".join(f"{name}:{value}\n" for name, value in amazon) + request.path + (f"?{parameters}" * bool(signed)),
        )
    )
    digest = hmac.new(key.encode(), to_sign.encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest), query["Signature"].encode()):
        raise mismatch()
