"""What a process gets in place of a container: folders, environment, and paths that lead where they should."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs import images
from sagelocal.jobs.isolation import OPT_ML, Closed, Sandbox, View, choose
from sagelocal.jobs.optml import ONE_HOST, Cluster, Host
from sagelocal.jobs.process import Spec
from sagelocal.jobs.sources import Found, copy_all, link_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sagelocal.backend import Backend

# Where packages come from is this machine's affair, not a job's: it gets these of the server's own variables.
PACKAGE_SOURCES = (
    "HTTPS_PROXY",
    "PIP_CERT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_NO_INDEX",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "UV_CACHE_DIR",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
)
HOSTS = Path("/etc/hosts")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Container:
    """One process's own files and environment, all below `folder`."""

    backend: Backend
    folder: Path
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
        return cls(backend, folder, choose(backend.isolation).sandbox(folder, paths), cluster, host)

    def make(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        """Create its folders, and JSON files below /opt/ml."""
        for folder in self._own():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, content in files.items():
            file = self.locate(f"{OPT_ML}/{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(self._rewritten(content)))

    def _own(self) -> tuple[Path, ...]:
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
        """Let the names of the job's instances lead to their addresses; without mounts they lead nowhere."""
        if self.sandbox.isolation.mode != "namespace" or not HOSTS.exists():
            return
        own = "".join(f"{address}\t{name}\n" for name, address in addresses.items())
        file = self.folder / "hosts"
        file.write_text(own + HOSTS.read_text())
        self.views.append(View(str(HOSTS), file, read_only=True))

    def show(self, path: str, source: Path, *, read_only: bool) -> None:
        """Let a folder of this machine appear at a path inside; without mounts, a read-only one is a copy."""
        place = self.locate(path)
        if self.sandbox.isolation.mode == "namespace":
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
        if self.sandbox.isolation.mode == "namespace":
            self.views.append(View(path, self.locate(path), read_only=True))

    def spec(
        self,
        image: Path,
        command: list[str],
        variables: Mapping[str, str],
        platform: Mapping[str, str],
        log: Path,
        **limits: Any,
    ) -> Spec:
        """Return what to run; `variables` are the user's, `platform` those that SageMaker sets."""
        home = self.folder / "home"
        backend = self.backend
        environment = {
            "PATH": f"{image / 'bin'}:{SYSTEM_PATH}",
            "HOME": str(home),
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_CACHE_HOME": str(backend.folder / "cache"),  # jobs share it: what one installed, the next has
            **{name: os.environ[name] for name in PACKAGE_SOURCES if os.environ.get(name)},
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",  # the log shows a line when it is printed
            "AWS_ENDPOINT_URL": backend.endpoint_url,
            "AWS_REGION": backend.region,
            "AWS_DEFAULT_REGION": backend.region,
            "AWS_ACCESS_KEY_ID": backend.access_key,
            "AWS_SECRET_ACCESS_KEY": backend.secret_key,
            **{name: self.sandbox.rewrite(value) for name, value in variables.items()},
            **platform,
            **self.sandbox.environment(),
        }
        rewritten = [self.sandbox.rewrite(part) for part in command]
        return Spec(rewritten, environment, home, log, self.sandbox.plan(self.views, self._closed(log)), **limits)

    def _closed(self, log: Path) -> Closed:
        """Return what keeps a job from altering the stores, the server's own files and other jobs' folders."""
        but = (*self._own(), log.parent, self.backend.folder / "cache", self.backend.folder / "images")
        for folder in but:
            folder.mkdir(parents=True, exist_ok=True)
        packages = os.environ.get("UV_CACHE_DIR")
        return Closed(self.backend.folder, but, (Path(packages),) if packages else ())

    def image(self, uri: str, on_build: Callable[[], None]) -> Path:
        """Return the environment of an image, built if it must be."""
        return images.environment(images.find_image(self.backend.images, uri), self.backend.folder, on_build)

    def _rewritten(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.sandbox.rewrite(value)
        if isinstance(value, dict):
            return {name: self._rewritten(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._rewritten(member) for member in value]
        return value
