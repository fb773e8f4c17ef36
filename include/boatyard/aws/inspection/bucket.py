"""The bucket: whether it is there, where it lies, and whether the caller may write to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from boatyard.aws.errors import aws_failures, error_code
from boatyard.aws.inspection.asking import asking, words

_MISSING = frozenset({"404", "NoSuchBucket", "NotFound"})
_FORBIDDEN = frozenset({"403", "AccessDenied", "Forbidden"})


class MissingBucketError(Exception):
    """There is no such bucket."""


class ForbiddenBucketError(Exception):
    """The bucket is another account's, or the caller may not use it."""


@dataclass(frozen=True)
class Probe:
    """What became of an object that was written and deleted again; empty texts where all went well."""

    key: str
    not_written: str = ""
    not_deleted: str = ""


def region_of(s3: Any, bucket: str) -> str:
    """Return the region of a bucket, "" where S3 does not say; raise if there is none or it is forbidden."""
    with asking(s3):
        try:
            answer = s3.head_bucket(Bucket=bucket)
        except s3.exceptions.ClientError as error:
            if error_code(error) in _MISSING:
                raise MissingBucketError from None
            if error_code(error) in _FORBIDDEN:
                raise ForbiddenBucketError from None
            if error_code(error) == "301":  # it lies in another region, which the answer names
                return _header(error.response)
            raise
    return str(answer.get("BucketRegion") or _header(answer))


def try_writing(s3: Any, bucket: str) -> Probe:
    """Write an empty object below `boatyard-doctor/` and delete it again."""
    key = f"boatyard-doctor/{os.urandom(8).hex()}"
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    except aws_failures() as error:
        return Probe(key, not_written=words(error))
    try:
        s3.delete_object(Bucket=bucket, Key=key)
    except aws_failures() as error:
        return Probe(key, not_deleted=words(error))
    return Probe(key)


def _header(answer: Any) -> str:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region", ""))
