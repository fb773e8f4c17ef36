"""Work that goes on for long, step by step: each has a thread, and any later server can take it over at any point."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_AGAIN = 0.1  # seconds between two steps

_log = logging.getLogger(__name__)


@dataclass
class Drivers:
    """Drive work by its names until it has ended, or this server does."""

    what: str  # they are, in a log
    step_of: Callable[[str], Callable[[], bool]]  # what brings one on, and returns False once it has ended
    give_up: Callable[[str, str], None]  # end one for a reason: it must not go on for ever
    is_over: Callable[[str], bool]
    _change: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False
    _threads: dict[str, threading.Thread] = field(default_factory=dict)

    def submit(self, name: str) -> None:
        """Go on with a piece of work that is stored; return at once."""
        thread = threading.Thread(target=self._drive, args=(name,), name=f"{self.what} {name}", daemon=True)
        with self._change:
            if self.closed or name in self._threads:
                return
            self._threads[name] = thread
        thread.start()

    def wake(self) -> None:
        """Bring everything a step on now."""
        with self._change:
            self._change.notify_all()

    def close(self) -> None:
        """Leave everything to the next server."""
        with self._change:
            self.closed = True
            self._change.notify_all()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _drive(self, name: str) -> None:
        step = self.step_of(name)
        try:
            while not self.closed and step():
                with self._change:
                    self._change.wait(LOOK_AGAIN)
        except Exception as error:  # noqa: BLE001 - whatever it is, the work ends with it
            _log.exception("%s %s", self.what, name)
            self.give_up(name, f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            with self._change:
                self._threads.pop(name, None)
        if not self.is_over(name):  # somebody asked for more while the thread was ending
            self.submit(name)
