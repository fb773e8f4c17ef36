"""No container engine: an image is a locked environment, a container a process of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs import images, isolation
from sagelocal.jobs.engines.engine import PACKAGE_FILES, PACKAGE_INDEXES, SERVE, TRAIN, Invocation
from sagelocal.jobs.isolation import Closed, Sandbox
from sagelocal.jobs.process import Spec

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.jobs.container import Container

BUILDING = "Building the image's environment; it is kept for later jobs"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class ProcessEngine:
    """Run each command in the image's environment."""

    isolation: str  # auto, namespace or relocate

    host, gateway = "localhost", None  # a process is on this machine

    @property
    def names_hosts(self) -> bool:
        """Say whether the instances of one job find each other by their names: that needs mounts."""
        return isolation.choose(self.isolation).mode == "namespace"

    def start(self, _: Backend) -> None:
        """Raise IsolationError if the wanted isolation is not to be had."""
        isolation.choose(self.isolation)

    def require(self, backend: Backend, uri: str, invocation: Invocation) -> None:
        """Raise ValidationException if no folder stands for the image, or nothing says what to run in it."""
        images.find_image(backend.images, uri)
        _command(invocation)

    def image(self, backend: Backend, uri: str, tell: Callable[[str], None]) -> str:
        """Return the environment of an image, built if it must be."""
        image = images.find_image(backend.images, uri)
        return str(images.environment(image, backend.folder, lambda: tell(BUILDING)))

    def sandbox(self, folder: Path, paths: list[str] | None) -> Sandbox:
        """Plan a file tree."""
        return isolation.choose(self.isolation).sandbox(folder, paths)

    def reach(self, backend: Backend, *, serves: bool) -> str:
        """Return this server's URL, which is the same for every process."""
        return backend.endpoint_url

    def spec(
        self,
        container: Container,
        image: str,
        invocation: Invocation,
        variables: Mapping[str, str],
        log: Path,
        *,
        port: int | None,
        **limits: Any,
    ) -> Spec:
        """Return the process."""
        home = container.folder / "home"
        for folder in (home, container.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = {
            "PATH": f"{image}/bin:{SYSTEM_PATH}",
            "HOME": str(home),
            "TMPDIR": str(container.folder / "tmp"),
            # jobs share it: what one installed, the next has
            "XDG_CACHE_HOME": str(container.backend.folder / "cache"),
            **{name: os.environ[name] for name in (*PACKAGE_INDEXES, *PACKAGE_FILES) if os.environ.get(name)},
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",  # the log shows a line when it is printed
            **variables,
            **(_place(str(port)) if port else {}),
        }
        command = [container.sandbox.rewrite(part) for part in _command(invocation)]
        if invocation.asked_by:
            limits["notes"]["serve"] = {"command": command, "environment": _place("{port}")}
            command = list(invocation.asked_by)
        plan = container.sandbox.plan(container.views, _closed(container, log))
        return Spec(command, environment, home, log, plan, **limits)


def _command(invocation: Invocation) -> list[str]:
    if not invocation.entrypoint and invocation.arguments not in (TRAIN, SERVE):
        raise validation_error("ContainerEntrypoint is required: images have no entry point of their own here.")
    return [*invocation.entrypoint, *invocation.arguments]


def _place(port: str) -> dict[str, str]:
    """No container is around it: what would listen to everybody listens to this machine only."""
    return {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": port}


def _closed(container: Container, log: Path) -> Closed:
    """Return what keeps a job from altering the stores, the server's own files and other jobs' folders."""
    state = container.backend.folder
    but = (*container.writable, log.parent, state / "cache", state / "images")
    for folder in but:
        folder.mkdir(parents=True, exist_ok=True)
    packages = os.environ.get("UV_CACHE_DIR")
    return Closed(state, but, (Path(packages),) if packages else ())
