"""What a process gets in place of a container: folders, environment, and paths that lead where they should."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs import images
from sagelocal.jobs.isolation import OPT_ML, Sandbox, choose
from sagelocal.jobs.process import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Container:
    """One process's own files and environment, all below `folder`."""

    backend: Backend
    folder: Path
    sandbox: Sandbox

    @classmethod
    def at(cls, backend: Backend, folder: Path, paths: list[str] | None = None) -> Container:
        """Plan a container; PathError if one of `paths`, the folders it needs, is no absolute path."""
        return cls(backend, folder, choose(backend.isolation).sandbox(folder, paths))

    def make(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        """Create its folders, and JSON files below /opt/ml."""
        for folder in (*self.sandbox.real.values(), self.folder / "home", self.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, content in files.items():
            file = self.locate(f"{OPT_ML}/{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(self._rewritten(content)))

    def locate(self, path: str) -> Path:
        """Return where a path inside of it lies on disk."""
        return self.sandbox.locate(path)

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
        return Spec(rewritten, environment, home, log, self.sandbox.mounts(), **limits)

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
