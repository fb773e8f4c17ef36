"""The faults that are armed, in memory: a server that starts anew has none."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.faults.fault import JOB_ACTIONS, Fault


@dataclass
class Armed:
    """A fault that waits for its time, and what became of it."""

    id: str
    fault: Fault
    seen: int = 0  # calls or jobs that it could have hit
    fired: int = 0  # those that it hit
    waiting: int = 0  # calls that it holds at this moment
    gone: threading.Event = field(default_factory=threading.Event)  # it was removed
    judged: set[str] = field(default_factory=set)  # attempts of jobs that it has hit or let by

    def due(self) -> bool:
        """Count one more that it could hit, and tell whether it does."""
        self.seen += 1
        hit = self.fault.is_due(self.seen, self.fired)
        self.fired += hit
        return hit

    def described(self) -> dict[str, Any]:
        """Return it as its JSON object."""
        return {
            "id": self.id,
            **self.fault.described(),
            "seen": self.seen,
            "fired": self.fired,
            "waiting": self.waiting,
        }


class Faults:
    """Keep the armed faults of one server."""

    def __init__(self, enabled: bool = False) -> None:
        self.enabled = enabled
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._armed: dict[str, Armed] = {}
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call somebody whenever a fault comes or goes."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @property
    def any(self) -> bool:
        """Tell whether a fault is armed."""
        return bool(self._armed)

    @property
    def any_of_jobs(self) -> bool:
        """Tell whether a fault of jobs is armed."""
        return any(armed.fault.action in JOB_ACTIONS for armed in list(self._armed.values()))

    def add(self, fault: Fault) -> dict[str, Any]:
        """Arm a fault; return it."""
        with self._lock:
            armed = Armed(f"fault-{next(self._numbers)}", fault)
            self._armed[armed.id] = armed
        self._tell()
        return armed.described()

    def remove(self, name: str) -> None:
        """Disarm a fault, and let go what it holds; ResourceNotFound if there is none."""
        with self._lock:
            armed = self._armed.pop(name, None)
        if armed is None:
            raise AwsError("ResourceNotFound", f"There is no fault {name}.", 404)
        armed.gone.set()
        self._tell()

    def clear(self) -> None:
        """Disarm all faults, and let go what they hold."""
        for name in list(self._armed):
            self.remove(name)

    def list(self) -> list[dict[str, Any]]:
        """Return the armed faults, oldest first."""
        with self._lock:
            return [armed.described() for armed in self._armed.values()]

    def of_call(self, service: str, operation: str, text: str) -> Armed | None:
        """Return the first fault that hits a call; each fault before it has counted the call."""
        with self._lock:
            for armed in self._armed.values():
                if armed.fault.hits_call(service, operation, text) and armed.due():
                    return armed
        return None

    def of_job(self, action: str, kind: str, name: str, attempt: int | str, elapsed: float = 0.0) -> Armed | None:
        """Return the first fault that does this to a job's attempt, which has run for `elapsed` seconds.

        Each fault judges each attempt once.
        """
        key = f"{kind}/{name}/{attempt}"
        with self._lock:
            for armed in self._armed.values():
                if not armed.fault.hits_job(action, kind, name) or elapsed < armed.fault.after or key in armed.judged:
                    continue
                armed.judged.add(key)
                if armed.due():
                    return armed
        return None

    @contextmanager
    def holding(self, armed: Armed) -> Iterator[None]:
        """Count a call that a fault holds."""
        with self._lock:
            armed.waiting += 1
        try:
            yield
        finally:
            with self._lock:
                armed.waiting -= 1
