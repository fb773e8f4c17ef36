"""What an engine is to jobs and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sagelocal.jobs.isolation import Sandbox
from sagelocal.jobs.process import Spec

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.jobs.container import Container

# Where packages come from is this machine's affair, not a job's: it gets these of the server's own variables.
PACKAGE_INDEXES = (
    "HTTPS_PROXY",
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_NO_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
)
PACKAGE_FILES = ("PIP_CERT", "PIP_FIND_LINKS", "SSL_CERT_DIR", "SSL_CERT_FILE", "UV_CACHE_DIR", "UV_FIND_LINKS")


class EngineError(RuntimeError):
    """The engine that the server was told to use is not there, or does not answer."""


@dataclass(frozen=True)
class Invocation:
    """What a container runs, in the words of `docker run`."""

    entrypoint: tuple[str, ...] = ()  # empty: the image's own
    arguments: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()  # a process of this machine that starts the container and sends it requests

    @classmethod
    def requested(cls, specification: Mapping[str, Any], default: tuple[str, ...] = ()) -> Invocation:
        """Return a request's own entry point and arguments, else the image's entry point with `default`.

        https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
        https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-run-image.html
        """
        entrypoint = tuple(specification.get("ContainerEntrypoint") or ())
        arguments = tuple(specification.get("ContainerArguments") or ())
        return cls(entrypoint, arguments if entrypoint or arguments else default)


TRAIN, SERVE = ("train",), ("serve",)  # what SageMaker runs images with


class Engine(Protocol):
    """Where images come from, and how a command is run in one.

    The spec that it makes says all the rest: whoever watches over the command starts, signals, finds and ends it by it.
    """

    @property
    def names_hosts(self) -> bool:
        """Say whether the instances of one job find each other by their names."""

    @property
    def host(self) -> str:
        """Return the name or address by which containers that serve call this machine."""

    @property
    def gateway(self) -> str | None:
        """Return the address at which the server has to listen for them, besides its own; None if there is none."""

    def start(self, backend: Backend) -> None:
        """Raise IsolationError or EngineError if it cannot run anything here; end what no run folder knows."""

    def require(self, backend: Backend, uri: str, invocation: Invocation) -> None:
        """Raise ValidationException if an image cannot be run so."""

    def image(self, backend: Backend, uri: str, tell: Callable[[str], None]) -> str:
        """Return what `spec` runs; `tell` is told what takes long. ImageBuildError if it is not to be had."""

    def sandbox(self, folder: Path, paths: list[str] | None) -> Sandbox:
        """Plan a file tree; PathError if one of the paths is no absolute one."""

    def reach(self, backend: Backend, *, serves: bool) -> str:
        """Return the URL at which a container reaches this server; `serves`: whether requests are sent to it."""

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
        """Return what to run; with a port, the container is to answer requests that are sent there."""
