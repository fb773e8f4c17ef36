"""Job images without a container engine: an image is a folder with a uv project, run in its own locked environment."""

import contextlib
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uv

from sagelocal.errors import validation_error
from sagelocal.jobs.managed import FILE, ManagedImage, managed_images

_URI = re.compile(r"(?:[^/@]+/)+(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<rest>[:@].+)?")
_NOT_SOURCE = {"tests", "build", "dist", "__pycache__", "node_modules"}  # folders that an installed image does not hold
_READY = ".sagelocal-ready"  # in an environment that is whole
_LAST_LINES = 15


class ImageBuildError(Exception):
    """An image's environment cannot be built; the text is uv's last lines."""


@dataclass(frozen=True)
class Image:
    """The folder that stands for an image."""

    name: str
    folder: Path
    version: str


def find_image(images: Path, uri: str) -> Image:
    """Return the image that a URI such as `<account>.dkr.ecr.<region>.amazonaws.com/boatyard/tabular:0.1.0` names."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise validation_error(f"'{uri}' is no image URI of the form <registry>/<repository>:<tag>.")
    name, rest = match["name"], match["rest"] or ":latest"
    known, managed = known_images(images), managed_images(images)
    if name not in known and name in managed:
        return _stand_in(images, uri, known, managed[name], rest)
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise validation_error(
            f"The image '{uri}' does not exist: {images} has no folder '{name}'. Images there: {there}. "
            f"Images of AWS's that they stand for: {', '.join(sorted(managed)) or 'none'}."
        )
    image = Image(name, images / name, known[name])
    if rest not in (":latest", f":{image.version}"):
        raise validation_error(
            f"The image '{uri}' does not exist: {image.folder}/pyproject.toml is version {image.version}, "
            f"so its tags are '{image.version}' and 'latest'; sagelocal knows no digests."
        )
    return image


def _stand_in(images: Path, uri: str, known: dict[str, str], managed: ManagedImage, tag: str) -> Image:
    """Return the folder that runs in place of an image that AWS manages."""
    folder = images / managed.stands_in
    if tag.removeprefix(":") not in managed.tags:
        raise validation_error(
            f"The image '{uri}' does not exist here: {folder}/{FILE} stands for the tags {', '.join(managed.tags)}."
        )
    return Image(managed.stands_in, folder, known[managed.stands_in])


def known_images(images: Path) -> dict[str, str]:
    """Return name and version of every image folder: one that is a uv project with a lock of its own."""
    found = {}
    for lock in images.glob("*/uv.lock"):
        file = lock.with_name("pyproject.toml")
        if file.exists():
            project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
            found[file.parent.name] = str(project.get("version", "latest"))
    return found


def environment(image: Image, state: Path, on_build: Callable[[], None] = lambda: None) -> Path:
    """Return the environment of an image, built on its first use; `on_build` is called before a build.

    The environment's name is a hash of the lock and of the sources: a changed image is another environment, and running
    jobs keep theirs. ImageBuildError if uv refuses.
    """
    place = state / "images" / f"{image.name}-{fingerprint(image.folder)}"
    if (place / _READY).exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.lock").open("w") as lock:
        if not _try_lock(lock.fileno()):
            on_build()
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / _READY).exists():
            on_build()
            shutil.rmtree(place, ignore_errors=True)  # a build that was killed
            _sync(image, place, lock.fileno())
            (place / _READY).touch()
    return place


def digest(image: Image) -> str:
    """Return what tells an image's contents from all others, in the form of a registry's digest."""
    return f"sha256:{hashlib.sha256(fingerprint(image.folder).encode()).hexdigest()}"


def build(images: Path, state: Path, name: str) -> Path:
    """Build the environment of `<images>/<name>` and return it."""
    return environment(find_image(images, f"local/{name}:latest"), state)


def _sync(image: Image, place: Path, lock: int) -> None:
    command = [uv.find_uv_bin(), "sync", "--frozen", "--no-dev", "--no-editable", "--project", str(image.folder)]
    # uv would take a wheel of this project from its cache as long as pyproject.toml is the same, whatever the sources
    command += ["--reinstall-package", _project_name(image.folder)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [*command, "--no-progress"],
        env={
            **kept,
            # this server's own interpreter comes first, if the image's requires-python allows it
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "UV_PROJECT_ENVIRONMENT": str(place),
            "UV_COMPILE_BYTECODE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        },
        cwd=image.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # a Ctrl-C at the server's terminal does not leave half an environment
        pass_fds=[lock],  # if this server is killed, the lock is held as long as uv runs
        check=False,
    )
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines()[-_LAST_LINES:]
        raise ImageBuildError(f"uv could not build the image '{image.name}': " + "\n".join(lines))


def _project_name(folder: Path) -> str:
    name: str = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    return name


def _try_lock(file: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def fingerprint(folder: Path) -> str:
    """Hash what goes into the environment; the files are read again only if one of them has changed."""
    files = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in _sources(folder))
    return _hash(folder, files)


@functools.lru_cache(maxsize=256)
def _hash(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for name, _, _ in files:
        content = hashlib.sha256(Path(name).read_bytes()).hexdigest()
        digest.update(f"{Path(name).relative_to(folder)}\0{content}\n".encode())
    return digest.hexdigest()[:16]


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_SOURCE or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from _sources(path)
        elif path.suffix != ".pyc":
            yield path
