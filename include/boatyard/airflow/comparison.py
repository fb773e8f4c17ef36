"""Is the model good enough, and does the endpoint answer as the model did? No effects, no Airflow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from boatyard.aws.errors import PermanentError, ThresholdError, WrongAnswersError

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


def metric_value(evaluation: Mapping[str, Any], path: str) -> float:
    """Return the metric at a dotted `path` of an evaluation; of a mapping, its member `value`."""
    found: Any = evaluation
    for number, key in enumerate(path.split(".")):
        if not isinstance(found, Mapping) or key not in found:
            where = ".".join(path.split(".")[:number]) or "the evaluation"
            there = ", ".join(sorted(map(str, found))) if isinstance(found, Mapping) else "no members"
            raise PermanentError(f"the evaluation has no metric {path}: {where} has {there}")
        found = found[key]
    value = found.get("value") if isinstance(found, Mapping) else found
    # SageMaker writes "NaN" as text
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PermanentError(f"metric {path} of the evaluation is no number: {value!r}")
    try:
        return float(value)
    except ValueError:
        raise PermanentError(f"metric {path} of the evaluation is no number: {value!r}") from None


def compare_metrics(evaluation: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return each rule's metric, or raise `ThresholdError` that names every rule that is not kept."""
    metrics = {rule["Metric"]: metric_value(evaluation, rule["Metric"]) for rule in rules}
    missed = [complaint for rule in rules for complaint in _complaints(rule, metrics[rule["Metric"]])]
    if missed:
        raise ThresholdError("; ".join(missed))
    return metrics


def _complaints(rule: Mapping[str, Any], value: float) -> list[str]:
    name = rule["Metric"].rsplit(".", 1)[-1]
    at_least, at_most = rule.get("AtLeast"), rule.get("AtMost")
    complaints = []
    # written so that NaN keeps no rule
    if at_least is not None and not value >= at_least:
        complaints.append(f"{name} {_shown(value, at_least, math.floor)} is below {at_least:g}")
    if at_most is not None and not value <= at_most:
        complaints.append(f"{name} {_shown(value, at_most, math.ceil)} is above {at_most:g}")
    return complaints


def _shown(value: float, limit: float, rounded: Any) -> str:
    """Return `value` with four digits, rounded away from `limit`: 0.87999 is not shown as the 0.88 it misses."""
    if not math.isfinite(value):
        return f"{value}"
    digits = 4
    return f"{rounded(value * 10**digits) / 10**digits:g}"


def compare_answers(answers: Sequence[str], expected: Sequence[str]) -> None:
    """Raise `WrongAnswersError` unless an endpoint's lines equal the evaluation's, numbers within rounding."""
    if len(answers) != len(expected):
        raise WrongAnswersError(f"the endpoint answered {len(answers)} lines to {len(expected)} rows")
    wrong = [number for number, pair in enumerate(zip(answers, expected, strict=True), 1) if not _equal(*pair)]
    if wrong:
        first = wrong[0]
        raise WrongAnswersError(
            f"the endpoint answers {len(wrong)} of {len(expected)} rows otherwise than the evaluation did; "
            f"first row {first}: {answers[first - 1]!r} instead of {expected[first - 1]!r}"
        )


def _equal(answer: str, expected: str) -> bool:
    cells, wanted = answer.split(","), expected.split(",")
    return len(cells) == len(wanted) and all(map(_equal_cell, cells, wanted))


def _equal_cell(cell: str, wanted: str) -> bool:
    try:
        return math.isclose(float(cell), float(wanted), rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    except ValueError:
        return cell.strip() == wanted.strip()
