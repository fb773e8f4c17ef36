"""What a container has of its own on disk, and what it is told: the same whichever engine runs it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.engines.engine import Engine, Invocation
from sagelocal.jobs.isolation import OPT_ML, Sandbox, View
from sagelocal.jobs.optml import ONE_HOST, Cluster, Host
from sagelocal.jobs.sources import Found, copy_all, link_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sagelocal.backend import Backend
    from sagelocal.jobs.process import Spec

HOSTS = Path("/etc/hosts")


@dataclass(frozen=True)
class Container:
    """One container's own files and environment, all below `folder`."""

    backend: Backend
    folder: Path
    engine: Engine
    sandbox: Sandbox
    cluster: Cluster = ONE_HOST
    host: Host = ONE_HOST[0]
    views: list[View] = field(default_factory=list)

    @classmethod
    def at(
        cls,
        backend: Backend,
        folder: Path,
        paths: list[str] | None = None,
        host: Host = ONE_HOST[0],
        cluster: Cluster = ONE_HOST,
    ) -> Container:
        """Plan a container; PathError if one of `paths`, the folders it needs, is no absolute path."""
        engine = engine_of(backend)
        return cls(backend, folder, engine, engine.sandbox(folder, paths), cluster, host)

    def make(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        """Create its folders, and JSON files below /opt/ml."""
        for folder in self.writable:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, content in files.items():
            file = self.locate(f"{OPT_ML}/{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(self._rewritten(content)))

    @property
    def writable(self) -> tuple[Path, ...]:
        """Return the folders that the job can write to."""
        return *self.sandbox.real.values(), *(self.folder / name for name in ("home", "tmp", "work"))

    @property
    def work(self) -> Path:
        """Return the folder of a job's program that is sagelocal's, not the user's."""
        return self.folder / "work"

    def hold(self, found: Iterable[Found], name: str) -> Path:
        """Return a folder with objects that the job can read and not write to: the stored bytes themselves."""
        folder = self.sandbox.fixed / "objects" / name
        (link_all if self.sandbox.isolation.is_closed else copy_all)(found, folder)
        return folder

    def locate(self, path: str) -> Path:
        """Return where a path inside of it lies on disk."""
        return self.sandbox.locate(path)

    def name_hosts(self, addresses: Mapping[str, str]) -> None:
        """Let the names of the job's instances lead to their addresses, where that can be."""
        if not self.engine.names_hosts or not HOSTS.exists():
            return
        own = "".join(f"{address}\t{name}\n" for name, address in addresses.items())
        file = self.folder / "hosts"
        file.write_text(own + HOSTS.read_text())
        file.chmod(0o644)
        self.views.append(View(str(HOSTS), file, read_only=True))

    def show(self, path: str, source: Path, *, read_only: bool) -> None:
        """Let a folder of this machine appear at a path inside; without mounts, a read-only one is a copy."""
        place = self.locate(path)
        if self.sandbox.has_mounts:
            place.mkdir(parents=True, exist_ok=True)
            self.views.append(View(path, source, read_only))
        elif not read_only:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(source)
            self.views.append(View(path, source, read_only))
        else:
            shutil.copytree(source, place, dirs_exist_ok=True)
            for file in place.rglob("*"):
                if file.is_file() and not file.is_symlink():
                    file.chmod(0o444)

    def fix(self, path: str) -> None:
        """Let what lies at a path inside be read-only for the program, by mounts: without them it stays writable."""
        if self.sandbox.has_mounts:
            self.views.append(View(path, self.locate(path), read_only=True))

    def image(self, uri: str, tell: Callable[[str], None]) -> str:
        """Return what `spec` runs for an image, made ready if it must be; `tell` is told what takes long."""
        return self.engine.image(self.backend, uri, tell)

    def spec(
        self,
        image: str,
        invocation: Invocation,
        variables: Mapping[str, str],
        platform: Mapping[str, str],
        log: Path,
        *,
        port: int | None = None,
        **limits: Any,
    ) -> Spec:
        """Return what to run; `variables` are the user's, `platform` those that SageMaker sets."""
        backend = self.backend
        serves = port is not None or bool(invocation.asked_by)
        given = {
            "AWS_ENDPOINT_URL": self.engine.reach(backend, serves=serves),
            "AWS_REGION": backend.region,
            "AWS_DEFAULT_REGION": backend.region,
            "AWS_ACCESS_KEY_ID": backend.access_key,
            "AWS_SECRET_ACCESS_KEY": backend.secret_key,
            **{name: self.sandbox.rewrite(value) for name, value in variables.items()},
            **platform,
            **self.sandbox.environment(),
        }
        return self.engine.spec(self, image, invocation, given, log, port=port, **limits)

    def _rewritten(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.sandbox.rewrite(value)
        if isinstance(value, dict):
            return {name: self._rewritten(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._rewritten(member) for member in value]
        return value
