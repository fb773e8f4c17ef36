"""What becomes of jobs and endpoints, told to whoever listens, once for each state that is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

ENDPOINT = "endpoint"
ROLLED_BACK = "RolledBack"  # SageMaker shows InService then, with the configuration from before


@dataclass(frozen=True)
class StateChange:
    """A state in which a job or an endpoint was seen."""

    kind: str  # of JOBS, or ENDPOINT
    name: str
    state: str  # as SageMaker spells it; RolledBack of an endpoint that does not serve what was wanted
    words: str  # what it means, such as "reached its time limit"
    reason: str = ""  # SageMaker's FailureReason
    ended: bool = False  # nothing will change any more by itself
    wanted: str = ""  # the configuration that an endpoint is to serve


Listener = Callable[[StateChange], None]

_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Let `listener` hear every change that is seen in here; a state that is seen again is no change."""
    seen: set[tuple[str, str, str]] = set()

    def once(change: StateChange) -> None:
        key = (change.kind, change.name, change.state)
        if key not in seen:
            seen.add(key)
            listener(change)

    token = _LISTENERS.set((*_LISTENERS.get(), once))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


def tell(change: StateChange) -> None:
    """Tell the listeners."""
    for listener in _LISTENERS.get():
        listener(change)
