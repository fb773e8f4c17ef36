"""Faults of jobs: what a running job that is hit by one loses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sagelocal.faults.fault import Fault
    from sagelocal.faults.faults import Faults


class Mortal(Protocol):
    """What can be killed, alone or with its machine."""

    def kill(self) -> None: ...

    def crash(self) -> None: ...


@dataclass(frozen=True)
class Target:
    """One attempt of a job, whose process runs."""

    kind: str
    name: str
    attempt: int | str
    spot: bool
    launched: float  # epoch seconds
    process: Mortal
    lose: Callable[[float], None]  # record that the instances are lost, and after how many seconds there are new ones

    def strike(self, faults: Faults) -> bool:
        """Let the first fault that is due do what it is there for; return whether there was one."""
        elapsed = time.time() - self.launched
        for action, act in _ACTIONS.items():
            if action == "interrupt" and not self.spot:
                continue
            armed = faults.of_job(action, self.kind, self.name, self.attempt, elapsed)
            if armed is not None:
                act(self, armed.fault)
                return True
        return False


def _interrupt(target: Target, fault: Fault) -> None:
    target.lose(fault.seconds or 0.0)  # before it happens: whoever finds the process dead must know why
    target.process.kill()


_ACTIONS: dict[str, Callable[[Target, Fault], None]] = {
    "interrupt": _interrupt,
    "kill": lambda target, _: target.process.kill(),
    "crash": lambda target, _: target.process.crash(),
}
