"""What a SIGTERM of a task's process means: a person does not want the task any more, or its machine goes away.

Airflow calls `on_kill` from the signal's handler in both cases. Within 5 s a process that a person killed is killed
for good; nothing kills the other one so soon, and what it started is still wanted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any

log = logging.getLogger(__name__)

ANSWER_WITHIN = 10.0  # seconds


class Interruption:
    """Ask Airflow what a SIGTERM means, and stop the job at once where nobody wants it.

    A thread that is there beforehand asks: the handler may have interrupted its own process in the middle of a question
    to Airflow, or of whatever a client of AWS does.
    """

    def __init__(self, wanted: Callable[[], bool], stop: Callable[[], Any]) -> None:
        self._wanted, self._stop = wanted, stop
        self._signals: SimpleQueue[bool] = SimpleQueue()  # its put() may interrupt itself
        self._answered = threading.Event()
        self._unwanted = False
        self.happened = False

    def __enter__(self) -> Interruption:
        threading.Thread(target=self._answer, name="interruption", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signals.put(False)

    def begin(self) -> None:
        """Begin to find out; called from a signal handler, any number of times."""
        self.happened = True
        self._signals.put(True)

    @property
    def unwanted(self) -> bool:
        """Wait for the answer; where Airflow cannot be asked, the job is left to the next try or to reconciliation."""
        return self._answered.wait(ANSWER_WITHIN) and self._unwanted

    def _answer(self) -> None:
        if not self._signals.get():
            return
        try:
            self._unwanted = not self._wanted()
            if self._unwanted:
                self._stop()
        except Exception:  # the thread must answer whatever happens: a job that may be wanted is left alone
            log.warning("cannot find out why this task's process was told to end", exc_info=True)
        finally:
            self._answered.set()
