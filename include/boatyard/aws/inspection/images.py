"""Images in ECR: whether one is there to be pulled."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from boatyard.aws.errors import error_code
from boatyard.aws.inspection.asking import asking

_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[^:@]+)(?::(?P<tag>[\w.-]+)|@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class ImageUri:
    """An image's URI, taken apart."""

    account: str
    region: str
    repository: str
    reference: dict[str, str]  # as ECR's ImageIdentifier


def parse(uri: str) -> ImageUri | None:
    """Return an ECR image's URI in its parts, None if it is no ECR URI."""
    match = _URI.fullmatch(uri)
    if match is None:
        return None
    digest = match["digest"]
    reference = {"imageDigest": digest} if digest else {"imageTag": match["tag"] or "latest"}
    return ImageUri(match["account"], match["region"], match["repository"], reference)


def missing(ecr: Any, image: ImageUri) -> str | None:
    """Return what ECR has to say of an image that is not there, None if it is.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    absent: Callable[[str], bool] = {"RepositoryNotFoundException", "ImageNotFoundException"}.__contains__
    with asking(ecr):
        try:
            ecr.describe_images(
                registryId=image.account, repositoryName=image.repository, imageIds=[dict(image.reference)]
            )
        except ecr.exceptions.ClientError as error:
            if absent(error_code(error)):
                return str(error.response["Error"]["Message"])
            raise
    return None
