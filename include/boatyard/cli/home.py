"""Where the local stack keeps its state: one ignored folder of the project."""

import json
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any


class StackError(Exception):
    """Say in one line what is wrong with the local stack and how to mend it."""


@dataclass(frozen=True)
class Home:
    """Find everything of the local stack of one project folder."""

    project: Path

    @classmethod
    def here(cls) -> "Home":
        """Return the home of the project that the current folder lies in.

        The project is the nearest folder upwards that holds `dags/`. Raises StackError if there is none.
        """
        start = Path.cwd()
        for folder in (start, *start.parents):
            if (folder / "dags").is_dir():
                return cls(folder)
        raise StackError(f"no project here: neither {start} nor a folder above it holds a folder named dags")

    @property
    def state(self) -> Path:
        return self.project / ".boatyard"

    @property
    def processes(self) -> Path:
        return self.state / "run"

    @property
    def airflow(self) -> Path:
        return self.state / "airflow"

    @property
    def sagelocal(self) -> Path:
        return self.state / "sagelocal"

    @property
    def compose_env(self) -> Path:
        return self.state / "compose.env"

    @property
    def demo_result(self) -> Path:
        return self.project / "build" / "demo.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other `up` and `down` of this project waiting."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)  # environments, logs and the account's whole state are its owner's alone
        with (self.state / "stack.lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield

    def secret(self, name: str) -> str:
        """Return a secret of this stack, made on first use and kept in a file only its owner can read."""
        return self._kept("secrets.json", name, lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode())

    def setting(self, name: str, make: Callable[[], str]) -> str:
        """Return a setting of this stack, made by `make` on first use."""
        return self._kept("settings.json", name, make)

    def port(self, name: str, *, in_use_by_us: bool) -> int:
        """Return the stack's port of that name: the last one, or a free one if somebody else took it."""
        port = int(self.setting(name, lambda: str(free_port())))
        if in_use_by_us or _is_free(port):
            return port
        return int(self._replaced("settings.json", name, str(free_port())))

    def _kept(self, file: str, name: str, make: Callable[[], str]) -> str:
        known = self._read(file)
        return known[name] if name in known else self._replaced(file, name, make())

    def _replaced(self, file: str, name: str, value: str) -> str:
        write_private(self.state / file, self._read(file) | {name: value})
        return value

    def _read(self, file: str) -> dict[str, str]:
        path = self.state / file
        known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
        return known


def write_private(path: Path, value: Any) -> None:
    """Write JSON atomically, readable by its owner only."""
    write_private_text(path, json.dumps(value, indent=1))


def write_private_text(path: Path, text: str) -> None:
    """Write a text atomically, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
