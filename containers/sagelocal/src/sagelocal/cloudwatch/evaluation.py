"""Which state an alarm is in. No effects.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


def evaluate(alarm: dict[str, Any], points: Sequence[float | None]) -> tuple[str, str] | None:
    """Return state and reason for the values of the last EvaluationPeriods, newest first; None: stay as it is.

    A period without data counts as TreatMissingData says. Of `missing`, the default, the periods with data decide.
    """
    compare, words = COMPARISONS[alarm["ComparisonOperator"]]
    known = [value for value in points if value is not None]
    treatment = alarm.get("TreatMissingData") or "missing"
    if not known and treatment in ("missing", "ignore"):
        if treatment == "ignore":
            return None
        return INSUFFICIENT_DATA, f"Insufficient Data: {_datapoints(len(points))} {_were(len(points))} unknown."
    threshold = alarm["Threshold"]
    breaching = sum(compare(value, threshold) for value in known)
    if treatment == "breaching":
        breaching += len(points) - len(known)
    wanted = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    listed = ", ".join(str(value) for value in known) or "no data"
    if breaching >= wanted:
        crossed = f"{breaching} out of the last {_datapoints(len(points))} [{listed}] {_were(breaching)} {words}"
        return ALARM, f"Threshold Crossed: {crossed} the threshold ({threshold})."
    calm = len(points) - breaching
    crossed = f"{calm} out of the last {_datapoints(len(points))} [{listed}] {_were(calm)} not {words}"
    return OK, f"Threshold Crossed: {crossed} the threshold ({threshold})."


def _datapoints(number: int) -> str:
    return f"{number} datapoint{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
