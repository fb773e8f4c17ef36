"""What references stand for, which conditions hold, when a step is tried again, how long a result is kept."""

from __future__ import annotations

from typing import Any

import pytest

from sagelocal.pipelines import caching, conditions, retries
from sagelocal.pipelines.references import Scope, UnresolvedError, gets, step_of

STEPS: dict[str, Any] = {
    "p": {
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "a.b", "S3Output": {"S3Uri": "s3://lake/a"}}]},
        "PropertyFiles": {"score": "s3://lake/score.json"},
    },
    "t": {"TrainingJobSummaries": [{"TrainingJobName": "best"}], "HyperParameters": {"x": "1"}},
}
FILES = {"s3://lake/score.json": {"mse": [{"value": 1.5}], "a b": {"ok": True}}}
SCOPE = Scope({"Rows": 3, "Rate": 0.5, "Loud": True, "Who": "boat"}, {"PipelineName": "p"}, STEPS, FILES.__getitem__)


def _file(path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.p.PropertyFiles.score"}, "Path": path}}


@pytest.mark.parametrize(
    ("value", "stands_for"),
    [
        ({"Get": "Parameters.Rows"}, 3),
        ({"Get": "Execution.PipelineName"}, "p"),
        ({"Get": "Steps.p.ProcessingOutputConfig.Outputs['a.b'].S3Output.S3Uri"}, "s3://lake/a"),
        ({"Get": "Steps.t.TrainingJobSummaries[0].TrainingJobName"}, "best"),
        ({"Get": "Steps.t.HyperParameters['x']"}, "1"),
        (
            {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.Who"}, 1, True, 0.5]}},
            "s3://boat/1/true/0.5",
        ),
        ({"Std:Join": {"Values": [{"Std:Join": {"On": "-", "Values": ["a", "b"]}}, "c"]}}, "a-bc"),
        (_file("mse[0].value"), 1.5),
        (_file("$['a b'].ok"), True),
        (
            {"Environment": {"Get": "Parameters.Rows", "other": "x"}},
            {"Environment": {"Get": "Parameters.Rows", "other": "x"}},
        ),
        ([{"a": {"Get": "Parameters.Loud"}}, None], [{"a": True}, None]),
    ],
)
def test_a_reference_stands_for(value: Any, stands_for: Any) -> None:
    assert SCOPE.resolve(value) == stands_for


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Get": "Parameters.None"}, "there is no 'None'"),
        ({"Get": "Steps.q.x"}, "there is no 'q'"),
        ({"Get": "Steps.t.TrainingJobSummaries[7]"}, "there is no 7"),
        ({"Get": "Steps.p.ProcessingOutputConfig.Outputs['c']"}, "nothing named 'c'"),
        ({"Get": "Steps.t.Hyper Parameters"}, "is no path"),
        ({"Std:Join": {"Values": [{"Get": "Steps.t"}]}}, "no text and no number"),
        (_file("rmse"), "rmse of s3://lake/score.json is not there"),
    ],
)
def test_a_reference_to_nothing_says_what_is_not_there(value: Any, said: str) -> None:
    with pytest.raises(UnresolvedError, match=said):
        SCOPE.resolve(value)


def test_the_steps_that_a_value_needs_are_found_wherever_they_are_named() -> None:
    found = gets(
        {"a": [_file("x"), {"Std:Join": {"Values": ["-", {"Get": "Steps.t[0]"}]}}], "b": {"Get": "Parameters.R"}}
    )
    assert [step_of(text) for text in found] == ["p", "t", None]


def _test(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (_test("Equals", {"Get": "Parameters.Rows"}, 3.0), True),
        (_test("NotEquals", "a", "b"), True),
        (_test("GreaterThan", 3, 3), False),
        (_test("GreaterThanOrEqualTo", 3, 3), True),
        (_test("LessThan", "a", "b"), True),
        (_test("LessThanOrEqualTo", 4, {"Get": "Parameters.Rate"}), False),
        ({"Type": "In", "QueryValue": {"Get": "Parameters.Who"}, "Values": ["ship", "boat"]}, True),
        ({"Type": "NotIn", "QueryValue": "boat", "Values": ["ship", "boat"]}, False),
        ({"Type": "Not", "Condition": _test("Equals", True, {"Get": "Parameters.Loud"})}, False),
        ({"Type": "Or", "Conditions": [_test("Equals", 1, 2), _test("Equals", 2, 2)]}, True),
    ],
)
def test_a_condition_holds(condition: dict[str, Any], holds: bool) -> None:
    assert conditions.problem(condition) == ""
    assert conditions.holds(condition, SCOPE.resolve) is holds


@pytest.mark.parametrize(("left", "right"), [(1, "1"), (True, 1), ([1], [1])])
def test_values_of_two_kinds_are_not_compared(left: Any, right: Any) -> None:
    with pytest.raises(UnresolvedError, match="cannot be compared with Equals"):
        conditions.holds(_test("Equals", left, right), SCOPE.resolve)


POLICIES = [
    {"ExceptionType": "Step.THROTTLING", "IntervalSeconds": 5, "BackoffRate": 3.0, "MaxAttempts": 2},
    {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 60, "BackoffRate": 1.0, "ExpireAfterMin": 2},
]


@pytest.mark.parametrize(
    ("cause", "attempt", "age", "pause"),
    [
        ("ThrottlingException", 1, 0, 5.0),
        ("ThrottlingException", 2, 0, 15.0),
        ("ThrottlingException", 3, 0, None),
        ("InternalServerError: lost", 1, 60, 60.0),
        ("InternalServerError: lost", 2, 61, None),
        ("AlgorithmError: no wind", 1, 0, None),
    ],
)
def test_a_step_waits_longer_each_time_until_its_policy_gives_up(
    cause: str, attempt: int, age: float, pause: float | None
) -> None:
    assert [retries.problem(policy) for policy in POLICIES] == ["", ""]
    assert retries.pause(POLICIES, cause, attempt, age) == pause


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("P30D", 2_592_000),
        ("p4DT12H", 388_800),
        ("T12H", 43_200),
        ("PT1M30S", 90),
        ("P", None),
        ("PT", None),
        ("1H", None),
    ],
)
def test_a_duration_is_so_many_seconds(duration: str, seconds: float | None) -> None:
    assert caching.seconds(duration) == seconds
