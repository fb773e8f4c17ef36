"""Containers of Docker or podman, started by their command line."""

from __future__ import annotations

import csv
import io
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.contained import LABEL
from sagelocal.jobs.engines import client, pulling
from sagelocal.jobs.engines.client import ask, call, environment, is_own, is_rootless
from sagelocal.jobs.engines.engine import PACKAGE_INDEXES, EngineError, Invocation
from sagelocal.jobs.isolation import Isolation, Sandbox
from sagelocal.jobs.process import Spec, State, SupervisedProcess
from sagelocal.jobs.transfer import TransferError

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.jobs.container import Container

PORT = 8080  # https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
STATE_LABEL, OF_LABEL = "sagelocal.state", "sagelocal.of"  # the state folder; the container's own folder in it
# how a machine is called from containers whose network is not its own
FOREIGN_HOST = "host.docker.internal"
RUNS = ("jobs/*/*/*/run", "endpoints/*/*/*/run-*")  # run folders in a state folder
# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
REFUSAL = (
    "CannotStartContainerError. Please make sure the container can be run with 'docker run <image> {arguments}'. It is "
    "possible that the Dockerfile's entrypoint is not properly defined, or missing permissions."
)


@dataclass(frozen=True)
class ContainerEngine:
    """Run each command in a container of the image."""

    command: str  # docker, podman or the path of a command that understands the same

    names_hosts = True  # all share this machine's network, and have their own /etc/hosts

    def start(self, backend: Backend) -> None:
        """Raise EngineError if the engine does not answer; remove containers of this folder that no run knows."""
        ask(self.command)
        # listed before the runs are: one that is launched meanwhile is not among them
        there = _containers(self.command, backend.folder)
        known = {
            process.spec()["run"]
            for pattern in RUNS
            for process in map(SupervisedProcess, backend.folder.glob(pattern))
            if process.state() is State.RUNNING
        }
        for name, run in there.items():
            if run not in known:
                call(self.command, "kill", name)  # refused if it has ended, which is as well
                call(self.command, "rm", "--force", "--volumes", name)

    def require(self, backend: Backend, uri: str, _: Invocation) -> None:
        """Raise ValidationException if an image of this account does not exist; others, the job has to pull."""
        pulling.require(self.command, backend, uri)

    def image(self, backend: Backend, uri: str, tell: Callable[[str], None]) -> str:
        """Return the image's id, built or pulled if it must be."""
        return pulling.image_id(self.command, backend, uri, tell)

    def sandbox(self, folder: Path, paths: list[str] | None) -> Sandbox:
        """Plan a file tree, of which each part is mounted at its path."""
        return Isolation("engine").sandbox(folder, paths)

    @property
    def host(self) -> str:
        """Return how this machine is called from a container that has a network of its own."""
        return self.gateway or FOREIGN_HOST

    @property
    def gateway(self) -> str | None:
        """Return this machine's address in that network, if it has one."""
        return client.gateway(self.command)

    def reach(self, backend: Backend, *, serves: bool) -> str:
        """Return this server's URL: containers that serve have a network of their own, for all listen on one port."""
        return f"http://{self.host}:{backend.endpoint_url.rpartition(':')[2]}" if serves else backend.endpoint_url

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
        """Return the engine's command line that starts the container and stays with it."""
        for folder in container.sandbox.real.values():
            _open_to_everybody(folder)
        indexes = {name: os.environ[name] for name in PACKAGE_INDEXES if os.environ.get(name)}
        run = uuid.uuid4().hex
        name = f"sagelocal-{run}"
        labels = _labels(container, run)
        shown_port = "{port}" if invocation.asked_by else port
        flags, inherited = _environment(container.folder, {**indexes, **variables})
        command = [
            *(self.command, "run", "--log-driver", "none"),
            *(("--rm",) if invocation.asked_by else ("--name", name)),
            *labels,
            *(("--publish", f"127.0.0.1:{shown_port}:{PORT}") if shown_port else ("--network", "host")),
            *flags,
            *_mounts(container),
            *(("--entrypoint", invocation.entrypoint[0]) if invocation.entrypoint else ()),
            image,
            *invocation.entrypoint[1:],
            *invocation.arguments,
        ]
        engine = {
            "client": [self.command],
            "name": None if invocation.asked_by else name,
            "refusal": REFUSAL.format(arguments=" ".join(invocation.arguments[:1])),
            "own": self._own(container, image, labels),
        }
        if invocation.asked_by:
            limits["notes"]["serve"] = {"command": command, "environment": {}}
            command = list(invocation.asked_by)
        surroundings = {**inherited, **environment()}
        return Spec(command, surroundings, container.folder, log, None, engine=engine, run=run, **limits)

    def _own(self, container: Container, image: str, labels: list[str]) -> list[str] | None:
        """Return what makes this user the owner of what root of a container wrote; root needs nothing."""
        if os.geteuid() == 0:
            return None
        me = "0:0" if is_rootless(self.command) else f"{os.getuid()}:{os.getgid()}"
        places = {str(folder): f"/sagelocal/{number}" for number, folder in enumerate(container.sandbox.real.values())}
        mounts = [part for source, target in places.items() for part in _mount(source, target, read_only=False)]
        run = [self.command, "run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "chown"]
        return [*run, *labels, *mounts, image, "-R", me, *places.values()]


def _containers(command: str, state: Path) -> dict[str, str]:
    """Return the ids of a state folder's containers, and the runs that they belong to."""
    listed = call(command, "ps", "--all", "--quiet", "--filter", f"label={STATE_LABEL}={state}")
    if listed.returncode:
        raise EngineError(f"--engine {command}: it does not list its containers: {listed.stdout}")
    form = f'{{{{index .Config.Labels "{LABEL}"}}}}'
    shown = {each: call(command, "container", "inspect", "--format", form, each) for each in listed.stdout.split()}
    return {each: done.stdout.strip() for each, done in shown.items() if done.returncode == 0}


def _labels(container: Container, run: str) -> list[str]:
    state = container.backend.folder
    labels = {LABEL: run, STATE_LABEL: state, OF_LABEL: container.folder.relative_to(state)}
    return [part for name, value in labels.items() for part in ("--label", f"{name}={value}")]


def _mounts(container: Container) -> Iterator[str]:
    for path, folder in container.sandbox.real.items():
        yield from _mount(str(folder), path, read_only=False)
    for view in container.views:
        yield from _mount(str(view.source), view.path, read_only=view.read_only)


def _mount(source: str, target: str, *, read_only: bool) -> tuple[str, str]:
    text = io.StringIO()
    fields = ["type=bind", f"source={source}", f"target={target}", *(["readonly"] if read_only else [])]
    csv.writer(text, lineterminator="").writerow(fields)
    return "--mount", text.getvalue()


def _environment(folder: Path, variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the flags that hand variables to a container, and those that its client hands on from its own.

    No value stands on a command line. Files of variables cannot hold every value, and each engine reads them in its
    own way; so they are for the variables only that the client would take for its own.
    """
    inherited = {name: value for name, value in variables.items() if not is_own(name)}
    lines = []
    for name, value in variables.items():
        if name not in inherited:
            if "\n" in value or value[:1] in ("'", '"'):
                raise TransferError(f"The variable {name} cannot have a value of several lines or in quotes.")
            lines.append(f"{name}={value}\n")
    file = folder / "variables"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.writelines(lines)
    return [*("--env-file", str(file)), *(part for name in inherited for part in ("--env", name))], inherited


def _open_to_everybody(folder: Path) -> None:
    """Let every user of a container read and write a tree: nobody else gets to it, for it lies in a closed folder."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o777 if path.is_dir() else 0o666))
