"""The gate of a spec: what its rules may say, and the nearest right word for what they may not."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import AgainstChampion, GateRule, load_model

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

GATE = "gate: [{metric: multiclass_classification_metrics.accuracy, at_least: 0.88}]"
ACCURACY = "multiclass_classification_metrics.accuracy"


def test_a_rule_has_bounds_a_comparison_or_both(project: "Project") -> None:
    rules = f"""gate:
  - {{metric: {ACCURACY}, at_least: 0.88, champion: {{direction: higher, margin: 0.005, when_equal: fail}}}}
  - {{metric: regression_metrics.rmse, champion: {{direction: lower, when_equal: pass}}}}
  - {{metric: custom_metrics.cost_per_error, at_most: 12}}
"""
    project.replace(project.model_file, GATE, rules)
    assert load_model(project.model).gate == (
        GateRule(
            metric=ACCURACY,
            at_least=0.88,
            champion=AgainstChampion(direction="higher", margin=0.005, when_equal="fail"),
        ),
        GateRule(
            metric="regression_metrics.rmse", champion=AgainstChampion(direction="lower", margin=0.0, when_equal="pass")
        ),
        GateRule(metric="custom_metrics.cost_per_error", at_most=12.0),
    )


ERRORS = [
    (
        GATE,
        "threshold: [{metric: accuracy, at_least: 0.88}]",
        ["1: gate: is missing", "13: threshold: unknown key (did you mean 'gate'?)"],
    ),
    (
        f"{ACCURACY},",
        "multiclass_classification_metrics.acuracy,",
        [
            (
                "13: gate[0].metric: multiclass_classification_metrics has no 'acuracy' "
                "(did you mean 'multiclass_classification_metrics.accuracy'?)"
            )
        ],
    ),
    (
        f"{ACCURACY},",
        "regresion_metrics.rmse,",
        ["13: gate[0].metric: there is no metric 'regresion_metrics.rmse' (did you mean 'regression_metrics.rmse'?)"],
    ),
    (
        f"{ACCURACY},",
        "rmse,",
        ["13: gate[0].metric: there is no metric 'rmse' (did you mean 'regression_metrics.rmse'?)"],
    ),
    (
        f"{ACCURACY},",
        "zzz,",
        [
            (
                "13: gate[0].metric: there is no metric 'zzz': a path into evaluation.json starts with "
                "regression_metrics, binary_classification_metrics, multiclass_classification_metrics, "
                "dataset, custom_metrics"
            )
        ],
    ),
    ("at_least: 0.88", "minimum: 0.88", ["13: gate[0].minimum: unknown key (did you mean 'at_least'?)"]),
    (
        "at_least: 0.88",
        "at_least: 0.9, at_most: 0.8",
        ["13: gate[0]: no number is at least 0.9 and at most 0.8"],
    ),
    (
        "at_least: 0.88",
        "champion: {direction: up, when_equal: pass}",
        ["13: gate[0].champion.direction: expected higher or lower, got 'up'"],
    ),
    (
        "at_least: 0.88",
        "champion: {direction: highr, when_equal: pass}",
        ["13: gate[0].champion.direction: expected higher or lower, got 'highr' (did you mean 'higher'?)"],
    ),
    (
        "at_least: 0.88",
        "champion: {direction: higher}",
        ["13: gate[0].champion.when_equal: is missing"],
    ),
    (
        "at_least: 0.88",
        "champion: {direction: higher, margn: 0.1, when_equal: pass}",
        ["13: gate[0].champion.margn: unknown key (did you mean 'margin'?)"],
    ),
    (
        "at_least: 0.88",
        "champion: {direction: higher, margin: -1, when_equal: pass}",
        ["13: gate[0].champion.margin: input should be greater than or equal to 0, got -1"],
    ),
    (
        "at_least: 0.88",
        "champion: {direction: higher, margin: 1e999, when_equal: pass}",
        ["13: gate[0].champion.margin: input should be a finite number, got inf"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), ERRORS, ids=[f"{new:.50}" for _, new, _ in ERRORS])
def test_an_error_in_a_rule_is_told_with_line_and_nearest_right_word(
    project: "Project", old: str, new: str, expected: list[str]
) -> None:
    project.replace(project.model_file, old, new)
    assert project.model_errors() == [f"digits/model.yaml:{line}" for line in expected]
