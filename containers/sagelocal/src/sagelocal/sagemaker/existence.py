"""What a request points at in S3 must be there: checked when AWS checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.errors import AwsError, validation_error
from sagelocal.s3.uri import split_uri

if TYPE_CHECKING:
    from sagelocal.backend import Backend


def require_objects(backend: Backend, uri: str, role: str) -> None:
    """Raise AWS's error unless there is an object under the S3 prefix."""
    bucket, prefix = split_uri(uri)
    if backend.objects.has_bucket(bucket) and next(backend.objects.list(bucket, prefix), None) is not None:
        return
    raise validation_error(
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists '
        f"in the selected region ({backend.region}), that objects exist under that S3 prefix, and that the role "
        f'"{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )


def require_bucket(backend: Backend, uri: str, member: str) -> None:
    """Raise an error unless the bucket of an output's S3 URI exists: better now than after hours of work."""
    bucket, _ = split_uri(uri)
    if not backend.objects.has_bucket(bucket):
        raise validation_error(f'The bucket "{bucket}" of {member} "{uri}" does not exist.')


def require_model_data(backend: Backend, uri: str) -> None:
    """Raise AWS's error unless the model artifact exists."""
    bucket, key = split_uri(uri)
    try:
        backend.objects.get(bucket, key)
    except AwsError as error:
        raise validation_error(f"Could not find model data at {uri}.") from error
