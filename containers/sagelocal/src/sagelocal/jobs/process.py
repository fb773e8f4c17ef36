"""The server's side of a supervised process: start it, find it again after a restart, wait for it, stop it."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from sagelocal.jobs.contained import Containers

SUPERVISE = Path(__file__).with_name("supervise.py")
CLIENTS_END = 30.0  # seconds that an engine's client has after its supervisor was killed
MARK = "SAGELOCAL_RUN"  # in the environment of every process of a run: finds what a killed supervisor left


_WRITTEN = ("command", "isolation", "grace", "time_limit", "notes", "engine", "run")  # members of Spec, as they are


class State(Enum):
    """What a run folder tells of its process."""

    NEW = "never started"
    RUNNING = "running"
    ENDED = "ended"
    DIED = "its supervisor was killed"


@dataclass(frozen=True)
class Spec:
    """What to run."""

    command: list[str]
    environment: dict[str, str]
    folder: Path  # where it starts
    log: Path
    isolation: dict[str, Any] | None  # the mounts, or None
    grace: float  # seconds from SIGTERM to SIGKILL
    time_limit: float | None = None  # seconds
    notes: dict[str, Any] = field(default_factory=dict)  # kept beside the rest, for whoever finds the run again
    engine: dict[str, Any] | None = None  # for `contained.Containers`; None: no container engine has a part in it
    run: str = field(default_factory=lambda: uuid.uuid4().hex)  # tells it from all others


@dataclass(frozen=True)
class Outcome:
    """How a process ended."""

    returncode: int | None  # None: never run, or nobody saw its end
    reason: str  # "exited", "stopped" (by us), "time_limit" or "died" (killed together with its supervisor)
    message: str
    started: float
    ended: float
    host: str = ""  # of a job of several instances

    @property
    def exit_code(self) -> int | None:
        """The exit code as a container has it: 128 + N for a process that signal N ended."""
        return 128 - self.returncode if self.returncode is not None and self.returncode < 0 else self.returncode


class SupervisedProcess:
    """One process under a supervisor of its own, known by its run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def state(self) -> State:
        """Say whether it runs; the lock that the supervisor holds cannot be wrong about it, as a process id could."""
        if not (self.folder / "lock").exists():
            return State.NEW
        if not self._lock(fcntl.LOCK_SH | fcntl.LOCK_NB):
            return State.RUNNING
        if (self.folder / "exit.json").exists():
            return State.ENDED
        return State.DIED if (self.folder / "started.json").exists() else State.NEW

    def launch(self, spec: Spec) -> None:
        """Start it; once this returns it runs, whatever becomes of this server."""
        self.prepare(spec)
        self.start()

    def prepare(self, spec: Spec) -> None:
        """Write down what `start` runs."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        text = {
            **{name: getattr(spec, name) for name in _WRITTEN},
            "environment": {**spec.environment, MARK: spec.run},
            "folder": str(spec.folder),
            "log": str(spec.log),
        }
        _write_private(self.folder / "spec.json", json.dumps(text))
        control = self.folder / "control"
        if not control.exists():
            os.mkfifo(control, 0o600)

    def start(self) -> None:
        """Start what was prepared; once this returns it runs, whatever becomes of this server."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with (self.folder / "supervisor.err").open("ab") as errors:
                subprocess.run(  # it leaves for the background at once
                    [sys.executable, "-I", "-S", str(SUPERVISE), str(self.folder), str(lock)],
                    env={},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    pass_fds=[lock],
                    start_new_session=True,
                    check=True,
                )
        finally:
            os.close(lock)

    def wait(self) -> Outcome:
        """Wait until it has ended, and nothing of it is left."""
        self._lock(fcntl.LOCK_SH)
        return self.outcome()

    def outcome(self) -> Outcome:
        """Return how it ended; if its supervisor was killed, kill what is left of it first."""
        try:
            return Outcome(**json.loads((self.folder / "exit.json").read_text()))
        except (FileNotFoundError, ValueError):  # ValueError: the machine lost power while it was written
            self._remove_rest()
        errors = (self.folder / "supervisor.err").read_text(errors="replace").strip()
        message = errors.splitlines()[-1] if errors else "the process that watched over it was killed"
        times = [path.stat().st_mtime for path in (self.folder / "spec.json", self.folder / "lock")]
        return Outcome(None, "died", message, min(times), max(times))

    def _remove_rest(self) -> None:
        spec = self.spec()
        mark = f"{MARK}={spec['run']}"
        if spec.get("engine"):  # its client may still make a container, and ends with it
            end = time.monotonic() + CLIENTS_END
            while (clients := _marked(mark)) and time.monotonic() < end:
                _signal(clients, signal.SIGTERM)
                Containers(spec).remove()
            Containers(spec).remove()
        kill_marked(mark)

    def stop(self) -> None:
        """Ask it to end: SIGTERM now, SIGKILL after its grace; return at once."""
        self._tell("stop")

    def kill(self) -> None:
        """Kill the command, as the system does when memory runs out; return at once."""
        self._tell("kill")

    def crash(self) -> None:
        """Kill it together with its supervisor, as the end of its machine does; return at once."""
        started = self.folder / "started.json"
        while self.state() is State.RUNNING:
            if started.exists():
                os.kill(json.loads(started.read_text())["pid"], signal.SIGKILL)
                return
            time.sleep(0.002)  # it has just been launched

    def _tell(self, what: str) -> None:
        _write_private(self.folder / what, "")
        try:
            control = os.open(self.folder / "control", os.O_WRONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return  # not launched
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return  # nobody listens: it has ended, or it will look for the file when it starts to listen
        with os.fdopen(control, "wb", buffering=0) as stream:
            stream.write(b"!")

    def spec(self) -> dict[str, Any]:
        """Return what was launched."""
        text: dict[str, Any] = json.loads((self.folder / "spec.json").read_text())
        return text

    def _lock(self, how: int) -> bool:
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, how)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True


def kill_marked(mark: str) -> None:
    """Kill every process whose environment holds `mark`, until there is none."""
    while pids := _marked(mark):
        _signal(pids, signal.SIGKILL)


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _marked(mark: str) -> list[int]:
    if Path("/proc/self/environ").exists():
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _environ_has(path, mark)]
    listing = subprocess.run(
        ["ps", "-A", "-E", "-ww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    return [int(line.split()[0]) for line in listing.stdout.splitlines() if mark in line]


def _environ_has(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes().split(b"\0")
    except (PermissionError, FileNotFoundError, ProcessLookupError):
        return False  # another user's, or ended meanwhile; a zombie's environment is empty


def _write_private(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
    new.replace(path)
