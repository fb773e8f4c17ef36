"""Where an engine's images come from: it has them, a folder's Dockerfile makes them, or a registry has them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError, validation_error
from sagelocal.jobs import images
from sagelocal.jobs.engines.client import call
from sagelocal.jobs.engines.engine import PACKAGE_INDEXES
from sagelocal.jobs.images import Image, ImageBuildError

if TYPE_CHECKING:
    from sagelocal.backend import Backend

BUILDING = "Building the image from its Dockerfile; it is kept for later jobs"
PULLING = "Downloading the training image"
LAST_LINES = 15
_one_at_a_time = threading.Lock()  # engines build and pull the same image twice if they are asked twice


class MissingImageError(ImageBuildError):
    """An image is nowhere."""


def folder_of(folders: Path, uri: str) -> Image | None:
    """Return the folder with a Dockerfile that a URI names, by the rules of images without an engine.

    A folder without a pyproject.toml has the tag `latest` alone.
    """
    try:
        found = images.find_image(folders, uri)
    except AwsError:
        name, _, tag = uri.rpartition("/")[2].partition(":")
        found = Image(name, folders / name, "latest")
        if tag not in ("", found.version) or (found.folder / "pyproject.toml").exists():
            return None
    return found if (found.folder / "Dockerfile").is_file() else None


def require(client: str, backend: Backend, uri: str) -> None:
    """Raise ValidationException if a text can be no image's URI, or an image of this account's registry is not there.

    That registry is what the engine has and what the folders make. What other registries have, the job finds out.
    """
    if uri.startswith("-") or any(character.isspace() for character in uri):
        raise validation_error(f"'{uri}' is no image URI of the form <registry>/<repository>:<tag>.")
    registry, _, rest = uri.partition("/")
    if registry != f"{backend.account}.dkr.ecr.{backend.region}.amazonaws.com":
        return
    if not folder_of(backend.images, uri) and not _id(client, uri):
        repository = rest.partition("@")[0].partition(":")[0]
        # https://github.com/aws/amazon-sagemaker-examples/issues/2534
        raise validation_error(
            f"Cannot find repository: {repository} in registry ID: {backend.account} Please check if your ECR "
            f"repository exists. The image '{uri}' does not exist: {client} does not have it, and {backend.images} has "
            "no folder with a Dockerfile for it."
        )


def image_id(client: str, backend: Backend, uri: str, tell: Callable[[str], None]) -> str:
    """Return the id of an image, which runs the same image also when the name means another one later.

    ImageBuildError if it cannot be built, MissingImageError if it is nowhere.
    """
    if found := _id(client, uri):
        return found
    if folder := folder_of(backend.images, uri):
        tag = f"localhost/sagelocal/{folder.name}:{images.fingerprint(folder.folder)}"
        return _id(client, tag) or _built(client, folder, tag, tell)
    require(client, backend, uri)
    return _pulled(client, uri, tell)


def _built(client: str, image: Image, tag: str, tell: Callable[[str], None]) -> str:
    """Build an image with this machine's package indexes; they reach what the Dockerfile declares with ARG."""
    tell(BUILDING)
    indexes = {name: os.environ[name] for name in PACKAGE_INDEXES if os.environ.get(name)}
    arguments = [part for name in indexes for part in ("--build-arg", name)]
    with _one_at_a_time:
        if found := _id(client, tag):
            return found
        # an index may be on this machine
        done = call(
            client, "build", "--network", "host", "--tag", tag, *arguments, str(image.folder), variables=indexes
        )
    built = _id(client, tag) if done.returncode == 0 else None
    if built is None:
        lines = "\n".join(done.stdout.strip().splitlines()[-LAST_LINES:])
        raise ImageBuildError(f"{client} could not build the image '{image.name}' from its Dockerfile: {lines}")
    return built


def _pulled(client: str, uri: str, tell: Callable[[str], None]) -> str:
    tell(PULLING)
    with _one_at_a_time:
        done = call(client, "pull", "--quiet", uri)
    pulled = _id(client, uri) if done.returncode == 0 else None
    if pulled is None:
        said = (done.stdout.strip().splitlines() or ["no answer"])[-1]
        raise MissingImageError(
            "Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect. "
            f"{uri}: {said}"
        )
    return pulled


def _id(client: str, name: str) -> str | None:
    shown = call(client, "image", "inspect", "--format", "{{.Id}}", name)
    return shown.stdout.strip() or None if shown.returncode == 0 else None
