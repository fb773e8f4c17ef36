"""What a fault is: whom it hits, when, and how; read from JSON and checked."""

from __future__ import annotations

import difflib
import math
import random
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from sagelocal.errors import validation_error

WHICH_CALL = ("service", "operation", "contains")
WHICH_JOB = ("kind", "name")
WHEN = ("skip", "times", "probability", "seed")
# action -> what may be said of it, besides when
CALL_ACTIONS: dict[str, tuple[str, ...]] = {
    "throttle": (*WHICH_CALL, "code", "message"),
    "fail": (*WHICH_CALL, "status", "code", "message"),
    "limit": (*WHICH_CALL, "message"),
    "delay": (*WHICH_CALL, "seconds"),
    "late": (*WHICH_CALL, "seconds"),
    "hang": (*WHICH_CALL, "seconds"),
    "lose": WHICH_CALL,
}
JOB_ACTIONS: dict[str, tuple[str, ...]] = {
    "interrupt": (*WHICH_JOB, "after", "seconds"),
    "kill": (*WHICH_JOB, "after"),
    "crash": (*WHICH_JOB, "after"),
    "capacity": (*WHICH_JOB, "seconds"),
}
ACTIONS = CALL_ACTIONS | JOB_ACTIONS
STATUSES = (500, 503)


@dataclass(frozen=True)
class Fault:
    """One fault. Patterns are shell patterns; None stands for no end."""

    action: str
    service: str = "*"  # as botocore names it, such as `sagemaker-runtime`
    operation: str = "*"
    contains: str = ""  # a text of the call's path, query or body; of S3's calls path and query only
    kind: str = "*"  # training_job, processing_job, transform_job or endpoint
    name: str = "*"
    skip: int = 0  # so many of those that it could hit are let by first
    times: int | None = 1  # it hits so often
    probability: float = 1.0
    seed: int = 0  # of the probability: the same seed hits the same calls
    seconds: float | None = None
    after: float = 0.0  # seconds that a job's container has run
    status: int = 500
    code: str = ""  # "": the service's own
    message: str = ""

    def hits_call(self, service: str, operation: str, text: str) -> bool:
        """Tell whether it is about such a call."""
        return (
            self.action in CALL_ACTIONS
            and fnmatchcase(service, self.service)
            and fnmatchcase(operation, self.operation)
            and self.contains in text
        )

    def hits_job(self, action: str, kind: str, name: str) -> bool:
        """Tell whether it does this to such a job."""
        return self.action == action and fnmatchcase(kind, self.kind) and fnmatchcase(name, self.name)

    def is_due(self, seen: int, fired: int) -> bool:
        """Tell whether it hits the `seen`th (from 1) that it could hit, having hit `fired` of them."""
        if seen <= self.skip or (self.times is not None and fired >= self.times):
            return False
        return self.probability >= 1 or random.Random(f"{self.seed}/{seen}").random() < self.probability

    def described(self) -> dict[str, Any]:
        """Return what can be said of this action."""
        told = asdict(self)
        return {name: told[name] for name in ("action", *ACTIONS[self.action], *WHEN)}


_TYPES: dict[str, tuple[type, ...]] = {
    "skip": (int,),
    "times": (int, type(None)),
    "probability": (int, float),
    "seed": (int,),
    "seconds": (int, float, type(None)),
    "after": (int, float),
    "status": (int,),
}


def read(document: Any) -> Fault:
    """Return the fault that a JSON object describes; ValidationException names what is wrong and what is right."""
    if not isinstance(document, dict):
        raise validation_error('A fault is a JSON object, such as {"action": "throttle"}.')
    action = document.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise validation_error(
            f"There is no action {action!r}{_nearest(str(action), ACTIONS)}. There are: {', '.join(ACTIONS)}."
        )
    allowed = ("action", *ACTIONS[action], *WHEN)
    for name, value in document.items():
        if name not in allowed:
            raise validation_error(f"{action} has no {name!r}{_nearest(name, allowed)}. It has: {', '.join(allowed)}.")
        _check(name, value)
    return Fault(**document)


def _check(name: str, value: Any) -> None:
    kinds = _TYPES.get(name, (str,))
    if not isinstance(value, kinds) or isinstance(value, bool):
        wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
        raise validation_error(f"{name} is {value!r}; it must be {wanted}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise validation_error(f"{name} is {value}; it must be a finite number.")
    if isinstance(value, int | float) and value < 0 and name != "seed":
        raise validation_error(f"{name} is {value}; it must not be negative.")
    if name == "status" and value not in STATUSES:
        raise validation_error(f"status is {value}; it must be {' or '.join(map(str, STATUSES))}.")


def _nearest(name: str, names: Any) -> str:
    found = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean {found[0]!r}" if found else ""
