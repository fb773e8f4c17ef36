"""The gate's rules: absolute ones, and those that compare with the model in service."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boatyard.aws.errors import PermanentError
from boatyard.aws.release.gate import Comparison, Decision, compare, decide, metric_value

EVALUATION = {"metrics": {"accuracy": {"value": 0.81, "standard_deviation": "NaN"}, "rmse": 3, "auc": {"value": "NaN"}}}

numbers = st.floats(-1e9, 1e9, allow_nan=False)
margins = st.floats(0, 1e3, allow_nan=False)
directions = st.sampled_from(["higher", "lower"])
OTHER = {"higher": "lower", "lower": "higher"}


def rule(metric: str, **limits: float) -> dict[str, Any]:
    return {"Metric": metric, **limits}


def against(metric: str, direction: str, margin: float = 0.0, when_equal: str = "pass") -> dict[str, Any]:
    return {"Metric": metric, "Champion": {"Direction": direction, "Margin": margin, "WhenEqual": when_equal}}


def beside(value: float, champion: float) -> dict[str, Any]:
    return {"m": {"value": value}, "champion": {"m": {"value": champion}}}


def absolute(evaluation: dict[str, Any], *rules: dict[str, Any]) -> Decision:
    return decide(evaluation, rules, "")


def test_a_metric_below_its_bound_is_named_with_both_numbers() -> None:
    decision = absolute(EVALUATION, rule("metrics.accuracy", AtLeast=0.88))
    assert (decision.passed, decision.complaint) == (False, "accuracy 0.81 is below 0.88")


def test_every_rule_that_is_not_kept_is_named() -> None:
    decision = absolute(EVALUATION, rule("metrics.accuracy", AtLeast=0.88), rule("metrics.rmse", AtMost=2))
    assert decision.complaint == "accuracy 0.81 is below 0.88; rmse 3 is above 2"


def test_a_metric_on_its_bound_is_good_enough() -> None:
    decision = absolute(EVALUATION, rule("metrics.accuracy", AtLeast=0.81), rule("metrics.rmse", AtMost=3, AtLeast=3))
    assert decision.passed
    assert decision.values == {"metrics.accuracy": 0.81, "metrics.rmse": 3}


@pytest.mark.parametrize("limits", [{"AtLeast": 0.0}, {"AtMost": 1.0}])
def test_a_metric_that_is_no_number_keeps_no_rule(limits: dict[str, float]) -> None:
    assert "auc nan" in absolute(EVALUATION, rule("metrics.auc", **limits)).complaint


@pytest.mark.parametrize(("value", "shown"), [(0.87999, "0.8799"), (0.5, "0.5")])
def test_a_metric_that_just_misses_is_not_shown_as_the_bound(value: float, shown: str) -> None:
    assert absolute({"a": value}, rule("a", AtLeast=0.88)).complaint == f"a {shown} is below 0.88"


def test_a_metric_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PermanentError, match=r"no metric metrics\.recall: metrics has accuracy, auc, rmse"):
        metric_value(EVALUATION, "metrics.recall")


def test_a_metric_that_is_text_is_an_error() -> None:
    with pytest.raises(PermanentError, match="metric a of the evaluation is no number: 'good'"):
        metric_value({"a": "good"}, "a")


@pytest.mark.parametrize(
    ("value", "direction", "when_equal", "passed", "said"),
    [
        (0.92, "higher", "fail", True, "better by more than the margin 0.005"),
        (0.89, "higher", "pass", False, "worse by more than the margin 0.005"),
        (0.905, "higher", "pass", True, "equal within the margin 0.005, which passes by the spec"),
        (0.905, "higher", "fail", False, "equal within the margin 0.005, which fails by the spec"),
        (0.895, "higher", "pass", True, "equal within the margin"),
        (0.89, "lower", "fail", True, "better by more than the margin"),
        (0.92, "lower", "pass", False, "worse by more than the margin"),
    ],
)
def test_a_metric_is_held_against_the_champions(
    value: float, direction: str, when_equal: str, passed: bool, said: str
) -> None:
    decision = decide(beside(value, 0.9), [against("m", direction, 0.005, when_equal)], "arn")
    assert decision.passed is passed
    (verdict,) = decision.verdicts
    assert said in verdict.reason
    assert f"m {value:g} against the champion's 0.9" in verdict.reason
    assert decision.champion_values == {"m": 0.9}


def test_without_a_champion_a_comparison_passes_and_says_so() -> None:
    decision = decide({"m": 0.1, "champion": None}, [against("m", "higher", when_equal="fail")], "")
    assert decision.passed
    assert "there is no champion yet" in decision.verdicts[0].reason
    assert decision.champion_values == {}


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        ({"problem": "s3://b/model.tar.gz is gone"}, "s3://b/model.tar.gz is gone"),
        (None, "evaluate.py wrote no member 'champion' into evaluation.json"),
    ],
)
def test_a_champion_that_could_not_be_evaluated_closes_the_gate_with_reason_and_cure(
    champion: Any, reason: str
) -> None:
    decision = decide({"m": 1.0, "champion": champion}, [against("m", "higher")], "arn:champion")
    assert not decision.passed
    assert decision.complaint.startswith(
        f"champion arn:champion cannot be compared with: {reason}; put another version"
    )


def test_a_champion_that_could_not_be_evaluated_is_no_matter_where_no_rule_asks_for_it() -> None:
    assert decide({"m": 1.0, "champion": {"problem": "gone"}}, [rule("m", AtLeast=0.5)], "arn").passed


@pytest.mark.parametrize(("value", "champion"), [("NaN", 0.9), (0.9, "NaN")])
def test_numbers_that_are_none_are_not_compared(value: Any, champion: Any) -> None:
    decision = decide(beside(value, champion), [against("m", "higher", when_equal="pass")], "arn")
    assert not decision.passed
    assert "cannot be compared" in decision.complaint


@given(numbers, numbers, directions, margins)
def test_whoever_is_better_the_other_is_worse(value: float, champion: float, direction: str, margin: float) -> None:
    mirrored = {Comparison.BETTER: Comparison.WORSE, Comparison.WORSE: Comparison.BETTER}
    one, other = compare(value, champion, direction, margin), compare(champion, value, direction, margin)
    assert mirrored.get(one, one) is other
    assert compare(champion, value, OTHER[direction], margin) is one


@given(numbers, directions, margins)
def test_a_number_equals_itself(value: float, direction: str, margin: float) -> None:
    assert compare(value, value, direction, margin) is Comparison.EQUAL


@given(numbers, numbers, numbers, margins)
def test_a_better_metric_never_closes_an_open_gate(value: float, better: float, champion: float, margin: float) -> None:
    low, high = sorted((value, better))
    for when_equal in ("pass", "fail"):
        rules = [against("m", "higher", margin, when_equal)]
        if decide(beside(low, champion), rules, "arn").passed:
            assert decide(beside(high, champion), rules, "arn").passed


@given(numbers, numbers, directions, margins, margins)
def test_a_wider_margin_only_makes_numbers_equal(
    value: float, champion: float, direction: str, one: float, other: float
) -> None:
    narrow, wide = sorted((one, other))
    found = compare(value, champion, direction, wide)
    assert found is Comparison.EQUAL or found is compare(value, champion, direction, narrow)


@given(st.integers(-10_000, 10_000), st.integers(0, 500), directions)
def test_a_difference_of_exactly_the_margin_is_equal_as_the_numbers_are_written(
    champion: int, margin: int, direction: str
) -> None:
    # 0.905 - 0.9 is more than 0.005 in binary
    for sign in (1, -1):
        value = (champion + sign * margin) / 1000
        assert compare(value, champion / 1000, direction, margin / 1000) is Comparison.EQUAL


@given(numbers, numbers, directions, margins)
def test_when_equal_decides_of_equal_numbers_alone(
    value: float, champion: float, direction: str, margin: float
) -> None:
    answers = {
        word: decide(beside(value, champion), [against("m", direction, margin, word)], "arn").passed
        for word in ("pass", "fail")
    }
    equal = compare(value, champion, direction, margin) is Comparison.EQUAL
    assert answers["pass"] is not answers["fail"] if equal else answers["pass"] is answers["fail"]


@given(st.permutations([rule("a", AtLeast=1.0), rule("b", AtMost=1.0), against("a", "higher")]), numbers, numbers)
def test_the_order_of_rules_does_not_decide(rules: list[dict[str, Any]], a: float, b: float) -> None:
    evaluation = {"a": a, "b": b, "champion": {"a": 0.0}}
    assert decide(evaluation, rules, "arn").passed == (a >= 1.0 and b <= 1.0 and not math.isnan(a))
