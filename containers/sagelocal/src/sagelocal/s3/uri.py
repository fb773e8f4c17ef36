"""S3 URIs."""

from sagelocal.errors import validation_error


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key, or key prefix, of an `s3://bucket/key` URI."""
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if (scheme, separator) != ("s3", "://") or not bucket:
        raise validation_error(f"The S3 URI is not valid: '{uri}'. An S3 URI has the form s3://bucket/key.")
    return bucket, key
