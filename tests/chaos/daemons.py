"""The stack's processes, each started singly, and somebody who starts again at once what died, as systemd does."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_LOOK = 0.05  # seconds
_SWEEP = 2.0
_IDLE_WORKER = "<idle>"  # in the title of a LocalExecutor's process that has nothing to do


@dataclass
class Daemon:
    """One process of the stack, which leads a session of its own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    keep_children: bool = False
    stays_dead: bool = False  # nobody starts it again for now

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.folder,
                start_new_session=True,
            )
        self.started = time.time()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self, number: signal.Signals, *, children_live: bool) -> None:
        """Signal the main process; its children die with it, as in a container, unless they are to live on."""
        assert self.process is not None
        self.keep_children = children_live
        os.kill(self.process.pid, number)

    def end_children(self) -> None:
        assert self.process is not None
        for process in session(self.process.pid):
            end(process, signal.SIGKILL)


@dataclass
class Supervisor:
    """Start daemons, and start them again when they die."""

    daemons: dict[str, Daemon] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _forsaken: set[int] = field(default_factory=set)  # leaders of sessions whose children live on

    def watch(self) -> None:
        """Begin to start again what dies."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        swept = 0.0
        while not self._over.wait(_LOOK):
            for daemon in self.daemons.values():
                if daemon.process is not None and not daemon.running and not daemon.stays_dead:
                    self._start_again(daemon)
            if time.monotonic() > swept + _SWEEP:
                self._end_idle_workers()
                swept = time.monotonic()

    def _start_again(self, daemon: Daemon) -> None:
        assert daemon.process is not None
        daemon.deaths += 1
        if daemon.keep_children:
            self._forsaken.add(daemon.process.pid)
        else:
            daemon.end_children()
        daemon.keep_children = False
        daemon.start()

    def _end_idle_workers(self) -> None:
        # A dead scheduler's workers finish what they are at, then wait for ever for work that nobody can give them.
        for leader in list(self._forsaken):
            left = session(leader)
            for process in left:
                if _IDLE_WORKER in title(process):
                    end(process, signal.SIGKILL)
            if not left:
                self._forsaken.discard(leader)

    def stop(self) -> None:
        """End everything that was started, whatever became of it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        leaders = {daemon.process.pid for daemon in self.daemons.values() if daemon.process} | self._forsaken
        for leader in leaders:
            for process in session(leader):
                end(process, signal.SIGKILL)
        for daemon in self.daemons.values():
            if daemon.process is not None:
                daemon.process.wait(30)


def session(leader: int) -> list[psutil.Process]:
    """Return the living processes of the session that `leader` began."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue  # it ended meanwhile, or is another user's
    return found


def title(process: psutil.Process) -> str:
    """Return a process's title, "" if it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def end(process: psutil.Process, number: signal.Signals) -> bool:
    """Send a signal and tell whether there was anybody to get it."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True
