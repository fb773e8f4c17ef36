"""Several processes that serve one port, each with a model of its own."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None
_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Workers:
    """Fork processes that run one function, and end them together.

    A worker that died is not replaced: the platform replaces a container, and half of one answers only some pings.
    """

    def __init__(self, serve: Callable[[], int]) -> None:
        self._serve = serve
        self._running: set[int] = set()
        self._stopping = False

    def run(self, count: int) -> int:
        """Run `count` workers until one ends or a signal comes; return the first exit code that is not 0."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOPPING}
        for _ in range(count):
            if not self._stopping:
                self._running.add(self._fork(before))
        code = 0
        while self._running:
            pid, status = os.wait()
            self._running.discard(pid)
            code = code or os.waitstatus_to_exitcode(status)
            self._stop()
        return code if code >= 0 else 128 - code

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._stop()

    def _stop(self) -> None:
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)

    def _fork(self, handlers: dict[signal.Signals, Handler]) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)  # no signal meets a worker that still has our handlers
        pid = os.fork()
        if pid == 0:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
            self._be_worker()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        return pid

    def _be_worker(self) -> None:
        code = 1
        try:
            code = self._serve()
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
