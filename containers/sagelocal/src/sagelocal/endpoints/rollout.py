"""How the requests move from one configuration of an endpoint to the next. No effects.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """A share of the requests for the new configuration, and how long it is watched before the next step."""

    share: float  # 0 to 1
    seconds: float


@dataclass(frozen=True)
class Rollout:
    """Hold the steps, the alarms that end them, and how long the old configuration stays afterwards."""

    steps: tuple[Step, ...]
    alarms: tuple[str, ...] = ()
    linger: float = 0.0  # seconds
    limit: float = math.inf  # seconds for all steps


def rollout(config: Mapping[str, Any] | None, instances: int) -> Rollout:
    """Return what a DeploymentConfig asks for; without one all requests move at once, unwatched.

    `instances` is the number of the new configuration's instances. A rolling update moves the requests as its batches
    would; both configurations have all their workers meanwhile.
    """
    config = config or {}
    alarms = tuple(alarm["AlarmName"] for alarm in (config.get("AutoRollbackConfiguration") or {}).get("Alarms") or ())
    if rolling := config.get("RollingUpdatePolicy"):
        size, wait = _share(rolling["MaximumBatchSize"], instances), float(rolling["WaitIntervalInSeconds"])
        return Rollout(_linear(size, wait), alarms, 0.0, _limit(rolling))
    policy = config.get("BlueGreenUpdatePolicy")
    if not policy:
        return Rollout((Step(1.0, 0.0),), alarms)
    routing = policy["TrafficRoutingConfiguration"]
    steps = _STEPS[routing["Type"]](routing, instances, float(routing["WaitIntervalInSeconds"]))
    return Rollout(steps, alarms, float(policy.get("TerminationWaitInSeconds") or 0), _limit(policy))


def _at_once(_: Mapping[str, Any], __: int, wait: float) -> tuple[Step, ...]:
    return (Step(1.0, wait),)


def _canary(routing: Mapping[str, Any], instances: int, wait: float) -> tuple[Step, ...]:
    return (Step(_share(routing["CanarySize"], instances), wait), Step(1.0, wait))


def _by_steps(routing: Mapping[str, Any], instances: int, wait: float) -> tuple[Step, ...]:
    return _linear(_share(routing["LinearStepSize"], instances), wait)


_STEPS = {"ALL_AT_ONCE": _at_once, "CANARY": _canary, "LINEAR": _by_steps}


def _linear(size: float, wait: float) -> tuple[Step, ...]:
    count = math.ceil(round(1 / size, 9))
    return tuple(Step(min(1.0, size * number), wait) for number in range(1, count + 1))


def _share(size: Mapping[str, Any], instances: int) -> float:
    value = float(size["Value"])
    return min(1.0, value / 100 if size["Type"] == "CAPACITY_PERCENT" else value / max(1, instances))


def _limit(policy: Mapping[str, Any]) -> float:
    return float(policy.get("MaximumExecutionTimeoutInSeconds") or math.inf)


# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
_NEEDED_SIZE = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
_LARGEST_SHARE = 50  # percent, of a canary or a linear step


def problem(config: Mapping[str, Any]) -> str:
    """Return what is wrong with a DeploymentConfig that its shape allows, "" if nothing is."""
    policy, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if bool(policy) == bool(rolling):
        return "DeploymentConfig needs one of BlueGreenUpdatePolicy and RollingUpdatePolicy."
    if rolling:
        return ""
    routing = (policy or {})["TrafficRoutingConfiguration"]
    needed = _NEEDED_SIZE.get(routing["Type"])
    if needed and needed not in routing:
        return f"TrafficRoutingConfiguration of type {routing['Type']} needs {needed}."
    for name in _NEEDED_SIZE.values():
        if name in routing and name != needed:
            return f"TrafficRoutingConfiguration of type {routing['Type']} takes no {name}."
    size = routing.get(needed) if needed else None
    if size and size["Type"] == "CAPACITY_PERCENT" and size["Value"] > _LARGEST_SHARE:
        return f"{needed} must be at most {_LARGEST_SHARE} percent of the capacity."
    return ""
