"""The answers to calls on what is not there."""

from __future__ import annotations

from email.utils import formatdate

from sagelocal.errors import AwsError
from sagelocal.s3.info import ObjectInfo


def no_such_bucket(bucket: str) -> AwsError:
    """Return the answer to a call on a bucket that is not there."""
    return AwsError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=bucket)


def no_such_upload(identifier: str) -> AwsError:
    """Return the answer to a call on an upload that is not, or no longer, there."""
    message = (
        "The specified upload does not exist. The upload ID may be invalid, "
        "or the upload may have been aborted or completed."
    )
    return AwsError("NoSuchUpload", message, 404, UploadId=identifier)


def no_such_key(key: str) -> AwsError:
    """Return the answer to a call on an object that is not there."""
    return AwsError("NoSuchKey", "The specified key does not exist.", 404, Key=key)


def no_such_version(key: str, version: str) -> AwsError:
    """Return the answer to a call on a version that is not there."""
    return AwsError("NoSuchVersion", "The specified version does not exist.", 404, Key=key, VersionId=version)


def hidden(marker: ObjectInfo) -> AwsError:
    """Return the answer to a call on an object that a delete marker hides."""
    error = no_such_key(marker.key)
    error.headers = _marker_headers(marker)
    return error


def is_marker(marker: ObjectInfo, method: str) -> AwsError:
    """Return the answer to a call on a delete marker itself, which can only be deleted."""
    message = "The specified method is not allowed against this resource."
    error = AwsError("MethodNotAllowed", message, 405, Method=method, ResourceType="DeleteMarker")
    modified = formatdate(marker.last_modified, usegmt=True)
    error.headers = {**_marker_headers(marker), "Allow": "DELETE", "Last-Modified": modified}
    return error


def _marker_headers(marker: ObjectInfo) -> dict[str, str]:
    return {"x-amz-delete-marker": "true", "x-amz-version-id": str(marker.version)}
