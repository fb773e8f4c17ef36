"""What was acknowledged, what may or may not have happened, and what turned out to be otherwise."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

LOST, HALF, ORPHANED, WRONG = "lost", "half", "orphaned", "wrong"
ABSENT = None  # the value of what is not there

Clients = Callable[..., Any]  # a factory of boto3 clients


class Findings:
    """Collect what went wrong and count what was done, from many threads."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.done: Counter[str] = Counter()  # acknowledged calls, by what they were
        self._lock = threading.Lock()

    def add(self, kind: str, text: str) -> None:
        """Keep a finding; the same one again is none."""
        with self._lock:
            if (kind, text) not in self.found:
                self.found.append((kind, text))

    def count(self, what: str) -> None:
        """Count an acknowledged call."""
        with self._lock:
            self.done[what] += 1

    def total(self, kind: str) -> int:
        """Return how many findings of a kind there are."""
        return sum(1 for found, _ in self.found if found == kind)


class Cell:
    """One value that only one actor writes: the acknowledged one, and those that came without an answer since."""

    def __init__(self, name: str, value: Any = ABSENT) -> None:
        self.name = name
        self.known = value
        self._doubtful: list[Any] = []

    def write(self, value: Any, call: Callable[[], Any]) -> None:
        """Make a call that writes a value; if it raises, the value may be there or not."""
        self._doubtful.append(value)
        call()
        self.known = value
        self._doubtful.clear()

    def check(self, value: Any, findings: Findings) -> None:
        """Compare with what is there now, and go on from it."""
        if value != self.known and value not in self._doubtful:
            findings.add(LOST, f"{self.name}: there is {value!r}; acknowledged {self.known!r}, sent {self._doubtful!r}")
        self.known = value
        self._doubtful.clear()


class Actor(Protocol):
    """Load of one kind. No two methods of one actor run at once, and nobody else touches what is its own."""

    def act(self) -> None:
        """Do one thing; the server may be killed meanwhile."""

    def check(self) -> None:
        """Compare everything with the ledger; the server runs."""

    def finish(self) -> None:
        """Bring to an end what is under way, and compare once more."""
