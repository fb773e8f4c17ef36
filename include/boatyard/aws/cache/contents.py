"""What lies in S3 and in a registry, as short digests of the contents."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import error_code
from boatyard.aws.inspection.images import parse
from boatyard.aws.s3.storage import split_uri

log = logging.getLogger(__name__)

LENGTH = 32  # hexadecimal digits: 128 bits
_MOVING_TAG = "latest"
# ECR does not tell everybody about AWS's own images, and no other registry is asked.
_UNTOLD = frozenset({"RepositoryNotFoundException", "ImageNotFoundException", "AccessDeniedException"})


class UnknownContentsError(Exception):
    """Something whose contents cannot be told, so that nobody knows whether it is the same."""


def digest(value: Any) -> str:
    """Return the digest of a JSON value."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:LENGTH]


@dataclass(frozen=True)
class Stored:
    """What lies below an S3 prefix."""

    digest: str
    objects: int


def stored(s3: Any, prefix: str) -> Stored:
    """Return the digest of all objects whose keys begin with an S3 URI: what of a key follows it, ETag and size.

    The place itself is no part of it: equal files are equal wherever they lie.
    """
    found = sorted(_objects(s3, prefix))
    return Stored(digest(found), len(found))


def image(ecr: Any, uri: str) -> str:
    """Return what tells an image from all others: its digest; its tag where its registry does not tell that.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    parsed = parse(uri)
    if parsed is None:
        raise UnknownContentsError(f"{uri} is no image of ECR's")
    if "imageDigest" in parsed.reference:
        return parsed.reference["imageDigest"]
    request = {
        "registryId": parsed.account,
        "repositoryName": parsed.repository,
        "imageIds": [dict(parsed.reference)],
    }
    try:
        (found,) = call(ecr, "describe_images", request)["imageDetails"]
    except ecr.exceptions.ClientError as error:
        if error_code(error) not in _UNTOLD:
            raise
        log.debug("the digest of %s is not told: %s", uri, error)
        found = {}
    if "imageDigest" in found:
        return str(found["imageDigest"])
    if parsed.reference["imageTag"] == _MOVING_TAG:
        raise UnknownContentsError(f"what {uri} means may change, and ECR does not tell its digest")
    return uri


def _objects(s3: Any, prefix: str) -> Iterator[tuple[str, str, int]]:
    bucket, key = split_uri(prefix)
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": key}
    while True:
        try:
            page = call(s3, "list_objects_v2", request)
        except s3.exceptions.ClientError as error:
            if error_code(error) != "AccessDenied":
                raise
            raise UnknownContentsError(f"what lies below {prefix} may not be listed (s3:ListBucket)") from None
        for found in page.get("Contents", []):
            yield found["Key"].removeprefix(key), found["ETag"], found["Size"]
        if not page.get("IsTruncated"):
            return
        request = {**request, "ContinuationToken": page["NextContinuationToken"]}
