"""Objects of S3."""

from typing import Any


def read(s3: Any, uri: str) -> bytes:
    """Return what an object holds."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
