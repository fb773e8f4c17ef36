"""How long a job may wait and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Only these count the time that they are pending,
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
ACCELERATED = ("ml.p", "ml.g", "ml.trn")


@dataclass(frozen=True)
class Limit:
    """When something has to be over, and what the job's secondary status is then."""

    at: float  # epoch seconds
    exceeded: str  # "": none of its own

    def left(self, now: float) -> float:
        """Return the seconds until then, at least 0."""
        return max(0.0, self.at - now)


def running(document: dict[str, Any], now: float) -> Limit | None:
    """Return until when a container that starts now may run; earlier attempts count."""
    condition = document["describe"].get("StoppingCondition") or {}
    limits = []
    if "MaxRuntimeInSeconds" in condition:
        ran = document.get("life", {}).get("ran", 0.0)
        limits.append(Limit(now + max(0.0, condition["MaxRuntimeInSeconds"] - ran), "MaxRuntimeExceeded"))
    return _earliest([*limits, *_spot(document)])


def waiting(document: dict[str, Any]) -> Limit | None:
    """Return until when a job may wait for its instances."""
    describe = document["describe"]
    condition = describe.get("StoppingCondition") or {}
    limits = _spot(document)
    accelerated = (describe.get("ResourceConfig") or {}).get("InstanceType", "").startswith(ACCELERATED)
    if "MaxPendingTimeInSeconds" in condition and accelerated:
        limits.append(Limit(describe["CreationTime"] + condition["MaxPendingTimeInSeconds"], ""))
    return _earliest(limits)


def _spot(document: dict[str, Any]) -> list[Limit]:
    describe = document["describe"]
    seconds = (describe.get("StoppingCondition") or {}).get("MaxWaitTimeInSeconds")
    return [] if seconds is None else [Limit(describe["CreationTime"] + seconds, "MaxWaitTimeExceeded")]


def _earliest(limits: list[Limit]) -> Limit | None:
    return min(limits, key=lambda limit: limit.at, default=None)
