"""Whose turn it is: how many jobs run at once, and how a server that closes leaves them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AT_ONCE = max(4, os.cpu_count() or 1)  # jobs that run at the same time; others wait in Starting
CLOSE_PATIENCE = 10.0  # seconds that a closing server waits for a thread to reach a point it can be left at


class Closing(Exception):  # noqa: N818 - no error: the next server goes on from here
    """The server closes."""


class Turns:
    """Give the jobs' threads their turns, and know which of them are at work."""

    def __init__(self) -> None:
        self.change = threading.Condition()
        self.closed = False
        self._running = 0
        self._active = 0

    def wake(self) -> None:
        """Let everybody who waits look again."""
        with self.change:
            self.change.notify_all()

    def close(self) -> None:
        """Let no thread go on, and wait until none is at work."""
        with self.change:
            self.closed = True
            self.change.notify_all()
            self.change.wait_for(lambda: self._active == 0, CLOSE_PATIENCE)

    def check_open(self) -> None:
        """Raise `Closing` if the server closes."""
        if self.closed:
            raise Closing

    @contextmanager
    def active(self) -> Iterator[None]:
        """Be at work; a closing server waits for the end of it."""
        with self.change:
            self.check_open()
            self._active += 1
        try:
            yield
        finally:
            with self.change:
                self._active -= 1
                self.change.notify_all()

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Wait for something within one's work: the server may close meanwhile."""
        with self.change:
            self._active -= 1
            self.change.notify_all()
        try:
            yield
        finally:
            with self.change:
                self._active += 1
            self.check_open()  # also after an error: what is waited for may belong to another server by now

    def pause(self, until: Callable[[], bool], seconds: float | None) -> None:
        """Wait until something is true, which `wake` lets it look at, or so many seconds (None: without end)."""
        with self.idle(), self.change:
            self.change.wait_for(lambda: self.closed or until(), seconds)

    @property
    def is_free(self) -> bool:
        """Tell whether one more job may run."""
        return self._running < AT_ONCE

    @contextmanager
    def turn(self, give_up: Callable[[], bool], seconds: float | None) -> Iterator[None]:
        """Be one of the jobs that run, as soon as one more may, or it gives up, or so many seconds are over."""
        with self.change:
            self._active -= 1
            self.change.wait_for(lambda: self.is_free or self.closed or give_up(), seconds)
            self._active += 1
            self.check_open()
            self._running += 1
        try:
            yield
        finally:
            with self.change:
                self._running -= 1
                self.change.notify_all()
