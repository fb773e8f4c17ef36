"""The metrics that a job prints.

https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sagelocal.cloudwatch.metrics import Datum, Metric
from sagelocal.cloudwatch.statistics import Sample
from sagelocal.errors import validation_error

if TYPE_CHECKING:
    from sagelocal.cloudwatch.metrics import MetricStore

NAMESPACE = "/aws/sagemaker/TrainingJobs"
DIMENSION = "TrainingJobName"


@dataclass(frozen=True)
class Printed:
    """A value that a line of the log shows of a metric."""

    metric: str
    milliseconds: int  # epoch
    value: float


def check_definitions(definitions: Iterable[Mapping[str, str]]) -> None:
    """Raise ValidationException for a regex that cannot be read."""
    for definition in definitions:
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise validation_error(
                f"Invalid regular expression {definition['Regex']!r} of metric {definition['Name']!r}: {error}."
            ) from error


def printed(definitions: Iterable[Mapping[str, str]], lines: Iterable[tuple[int, str]]) -> Iterator[Printed]:
    """Yield what the regexes of metric definitions find in a log of (epoch milliseconds, text).

    The value is a regex's first group and must be a number.
    """
    patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
    for milliseconds, line in lines if patterns else ():
        for name, pattern in patterns:
            for value in values_of(pattern, line):
                yield Printed(name, milliseconds, value)


def final_metrics(definitions: Iterable[Mapping[str, str]], values: Iterable[Printed]) -> list[dict[str, Any]]:
    """Return FinalMetricDataList: the last value of each metric, in the order of their definitions."""
    last = {value.metric: value for value in values}
    return [
        {"MetricName": value.metric, "Value": value.value, "Timestamp": value.milliseconds / 1000}
        for definition in definitions
        if (value := last.get(definition["Name"])) is not None
    ]


class Curve:
    """What CloudWatch gets of a job's metrics: the values of each second, as one sample."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._counts: dict[tuple[str, int], Counter[float]] = defaultdict(Counter)  # of the values in each second

    def passing(self, values: Iterable[Printed]) -> Iterator[Printed]:
        """Take values in as they pass by."""
        for value in values:
            self._counts[value.metric, value.milliseconds // 1000][value.value] += 1
            yield value

    def publish(self, store: MetricStore) -> None:
        """Write them in one step; a server that died after that and comes here again writes nothing."""
        data = [
            Datum(Metric.of(NAMESPACE, name, {DIMENSION: self._job}), second, Sample.of(counts.items()))
            for (name, second), counts in self._counts.items()
        ]
        if data and not store.samples(data[0].metric, data[0].second, data[0].second + 1):
            store.write(data)


def values_of(pattern: re.Pattern[str], line: str) -> list[float]:
    """Return the numbers that a metric's regex finds in a line."""
    return [value for match in pattern.finditer(line) if (value := _number(match)) is not None]


def _number(match: re.Match[str]) -> float | None:
    try:
        number = float(match[1])
    except (IndexError, TypeError, ValueError):  # no group, a group that took no part, or no number
        return None
    return number if math.isfinite(number) else None  # JSON has no others
