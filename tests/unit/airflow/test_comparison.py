from typing import Any

import pytest

from boatyard.airflow.comparison import compare_answers, compare_metrics, metric_value
from boatyard.aws.errors import PermanentError, ThresholdError, WrongAnswersError

EVALUATION = {"metrics": {"accuracy": {"value": 0.81, "standard_deviation": "NaN"}, "rmse": 3, "auc": {"value": "NaN"}}}


def rule(metric: str, **limits: float) -> dict[str, Any]:
    return {"Metric": metric, **limits}


def test_a_metric_below_its_threshold_is_named_with_both_numbers() -> None:
    with pytest.raises(ThresholdError, match=r"^accuracy 0\.81 is below 0\.88$"):
        compare_metrics(EVALUATION, [rule("metrics.accuracy", AtLeast=0.88)])


def test_every_rule_that_is_not_kept_is_named() -> None:
    with pytest.raises(ThresholdError, match=r"accuracy 0\.81 is below 0\.88; rmse 3 is above 2"):
        compare_metrics(EVALUATION, [rule("metrics.accuracy", AtLeast=0.88), rule("metrics.rmse", AtMost=2)])


def test_a_metric_on_its_threshold_is_good_enough() -> None:
    kept = [rule("metrics.accuracy", AtLeast=0.81), rule("metrics.rmse", AtMost=3, AtLeast=3)]
    assert compare_metrics(EVALUATION, kept) == {"metrics.accuracy": 0.81, "metrics.rmse": 3}


@pytest.mark.parametrize("limits", [{"AtLeast": 0.0}, {"AtMost": 1.0}])
def test_a_metric_that_is_no_number_keeps_no_rule(limits: dict[str, float]) -> None:
    with pytest.raises(ThresholdError, match="auc nan"):
        compare_metrics(EVALUATION, [rule("metrics.auc", **limits)])


@pytest.mark.parametrize(("value", "shown"), [(0.87999, "0.8799"), (0.5, "0.5")])
def test_a_metric_that_just_misses_is_not_shown_as_the_limit(value: float, shown: str) -> None:
    with pytest.raises(ThresholdError, match=rf"^a {shown} is below 0\.88$"):
        compare_metrics({"a": value}, [rule("a", AtLeast=0.88)])


def test_a_metric_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PermanentError, match=r"no metric metrics\.recall: metrics has accuracy, auc, rmse"):
        metric_value(EVALUATION, "metrics.recall")


def test_a_metric_that_is_text_is_an_error() -> None:
    with pytest.raises(PermanentError, match="metric a of the evaluation is no number: 'good'"):
        metric_value({"a": "good"}, "a")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(["7"], ["7"]), (["7.0"], ["7"]), (["0.3333333", "cat"], ["0.33333333", "cat"]), (["0.1,0.9"], ["0.1, 0.9"])],
)
def test_answers_that_mean_the_same_are_equal(answers: list[str], expected: list[str]) -> None:
    compare_answers(answers, expected)


def test_a_wrong_answer_is_shown_with_its_row() -> None:
    with pytest.raises(WrongAnswersError, match=r"1 of 3 rows .* first row 2: '4' instead of '9'"):
        compare_answers(["1", "4", "3"], ["1", "9", "3"])


def test_a_missing_answer_is_an_error() -> None:
    with pytest.raises(WrongAnswersError, match="1 lines to 2 rows"):
        compare_answers(["1"], ["1", "2"])


def test_half_an_answer_is_wrong() -> None:
    with pytest.raises(WrongAnswersError):
        compare_answers(["0.1"], ["0.1,0.9"])
