"""Long-running processes of the local stack: start once, know, stop, all by a held lock and a session."""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psutil

_LOCK_PATIENCE = 10.0  # seconds

# The child writes its own pid before it becomes the command, so nothing can die in between unrecorded.
_RECORD_PID = 'echo $$ >"$0" && exec "$@"'


@dataclass(frozen=True)
class Process:
    """Name a process of the stack; its files lie in `folder`.

    The process holds a lock on `<name>.lock` for as long as it or a fork of it lives, whatever became of the
    process that started it. It leads a session of its own, by which all its descendants are found.
    """

    folder: Path
    name: str

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def _lock(self) -> Path:
        return self.folder / f"{self.name}.lock"

    @property
    def _pid(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def _fingerprint(self) -> Path:
        return self.folder / f"{self.name}.fingerprint"

    def start(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> bool:
        """Start `command` detached unless it runs already with the same command and environment.

        Return whether it was started. A process that runs with another command or environment is stopped first, and so
        is what a process that died left behind.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        fingerprint = hashlib.sha256(
            json.dumps([list(command), dict(sorted(environment.items()))]).encode()
        ).hexdigest()
        if self.running():
            same = self._fingerprint.is_file() and self._fingerprint.read_text() == fingerprint
            if same and not self.headless():
                return False
            self.stop()
        with self._lock.open("w") as lock:
            self._take(lock)
            self._pid.unlink(missing_ok=True)
            self._fingerprint.write_text(fingerprint)
            with self.log.open("ab") as log:
                started = subprocess.Popen(
                    ["/bin/sh", "-c", _RECORD_PID, str(self._pid), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    cwd=cwd,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                )
        # It is to outlive us; while we live it must not stay a zombie when it ends.
        threading.Thread(target=started.wait, daemon=True).start()
        return True

    def running(self) -> bool:
        """Return whether the process, or a fork of it, lives."""
        if not self._lock.is_file():
            return False
        with self._lock.open("r+") as lock:
            try:
                # shared: looking at the same time as somebody else finds nobody
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def headless(self) -> bool:
        """Return whether the process itself died and only its forks live, such as a scheduler's workers."""
        written = self._pid.read_text() if self.running() and self._pid.is_file() else ""
        if not written:  # nothing runs, or it is just being started
            return False
        try:
            # zombies do no work; another process may have got the number, but does not lead a session by it
            leader = psutil.Process(int(written))
            return leader.status() == psutil.STATUS_ZOMBIE or os.getsid(leader.pid) != leader.pid
        except (psutil.NoSuchProcess, ProcessLookupError):
            return True

    def _take(self, lock: TextIO) -> None:
        """Lock the file; a fork on its way to another program, or a look at it, may hold it for a moment."""
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def stop(self, grace: float = 30.0) -> bool:
        """Ask the process to end, then after `grace` seconds kill whatever is left of its session.

        Return whether there was anything to stop.
        """
        if not self.running():
            return False
        leader = int(self._pid.read_text())
        if psutil.pid_exists(leader):
            os.kill(leader, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while (members := _session(leader)) and time.monotonic() < deadline:
            psutil.wait_procs(members, timeout=0.2)
            if not psutil.pid_exists(leader):
                _signal(members, signal.SIGTERM)
        _signal(_session(leader), signal.SIGKILL)
        psutil.wait_procs(_session(leader), timeout=5)
        return True


def _session(leader: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue  # it ended meanwhile, or is another user's
    return members


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue  # it ended meanwhile
