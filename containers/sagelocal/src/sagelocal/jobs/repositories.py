"""ECR's answer for the images that jobs can run: their repositories are the folders that sagelocal runs as images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError
from sagelocal.jobs.images import Image, digest, find_image, known_images
from sagelocal.jobs.managed import managed_images
from sagelocal.operations import FallThrough, Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend


@operation("ecr", "DescribeImages")
def describe_images(backend: Backend, request: Request) -> Response:
    """Answer for the repositories whose last path part is an image; any other repository is moto's.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    repository = request["repositoryName"]
    name = repository.rpartition("/")[2]
    if name not in known_images(backend.images) and name not in managed_images(backend.images):
        raise FallThrough
    account = request.get("registryId", backend.account)
    wanted = request.get("imageIds") or [{"imageTag": "latest"}]
    return {"imageDetails": [_detail(backend, account, repository, name, one) for one in wanted]}


def _detail(backend: Backend, account: str, repository: str, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    tag = wanted.get("imageTag", "latest")
    try:
        if "imageDigest" in wanted:  # a folder runs as it is now: nobody can ask for what it was
            raise _missing(account, repository, wanted)
        image = find_image(backend.images, f"{account}.dkr.ecr.{backend.region}.amazonaws.com/{repository}:{tag}")
    except AwsError:
        raise _missing(account, repository, wanted) from None
    return {
        "registryId": account,
        "repositoryName": repository,
        "imageDigest": digest(image),
        "imageTags": _tags(image, name, tag),
        "imagePushedAt": _changed(image.folder),
    }


def _tags(image: Image, name: str, tag: str) -> list[str]:
    return sorted({"latest", image.version}) if image.name == name else [tag]


def _changed(folder: Path) -> float:
    return max((folder / file).stat().st_mtime for file in ("pyproject.toml", "uv.lock"))


def _missing(account: str, repository: str, wanted: dict[str, Any]) -> AwsError:
    digest, tag = wanted.get("imageDigest", "null"), wanted.get("imageTag", "null")
    return AwsError(
        "ImageNotFoundException",
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
        f"with name '{repository}' in the registry with id '{account}'",
    )
