"""How requests move from one configuration to the next."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.endpoints.rollout import Step, problem, rollout


def _blue_green(kind: str, wait: int = 60, **size: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size},
            "TerminationWaitInSeconds": 7,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }


def test_without_a_policy_all_requests_move_at_once() -> None:
    assert rollout(None, 1).steps == (Step(1.0, 0.0),)


def test_a_canary_of_one_instance_in_four_gets_a_quarter_first() -> None:
    found = rollout(_blue_green("CANARY", CanarySize={"Type": "INSTANCE_COUNT", "Value": 1}), 4)
    assert found.steps == (Step(0.25, 60), Step(1.0, 60))
    assert (found.alarms, found.linger, found.limit) == (("errors",), 7.0, math.inf)


def test_all_at_once_is_watched_before_it_counts() -> None:
    assert rollout(_blue_green("ALL_AT_ONCE", 30), 2).steps == (Step(1.0, 30),)


@given(st.integers(1, 100), st.integers(1, 50))
def test_a_linear_update_rises_in_equal_steps_to_everything(percent: int, instances: int) -> None:
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    steps = rollout(_blue_green("LINEAR", LinearStepSize=size), instances).steps
    shares = [step.share for step in steps]
    assert shares[-1] == 1.0
    assert shares == sorted(set(shares))
    assert len(steps) == math.ceil(100 / percent)


def test_a_rolling_update_moves_as_its_batches_would() -> None:
    batches = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
            "WaitIntervalInSeconds": 5,
            "MaximumExecutionTimeoutInSeconds": 600,
        }
    }
    found = rollout(batches, 2)
    assert (found.steps, found.limit) == ((Step(0.5, 5), Step(1.0, 5)), 600.0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "one of BlueGreenUpdatePolicy and RollingUpdatePolicy"),
        (_blue_green("CANARY"), "of type CANARY needs CanarySize"),
        (
            _blue_green("ALL_AT_ONCE", CanarySize={"Type": "INSTANCE_COUNT", "Value": 1}),
            "of type ALL_AT_ONCE takes no CanarySize",
        ),
        (_blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 60}), "at most 50 percent"),
        (_blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 50}), ""),
        (_blue_green("ALL_AT_ONCE"), ""),
    ],
)
def test_a_policy_that_makes_no_sense_is_told_in_words(config: dict[str, Any], message: str) -> None:
    assert (message in problem(config)) if message else problem(config) == ""
