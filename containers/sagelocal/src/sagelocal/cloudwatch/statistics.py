"""What a metric was in a stretch of time, and the statistics of it. No effects."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MOST_VALUES = 150  # distinct values that are kept as they are; beyond that they are rounded to three digits
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


@dataclass
class Sample:
    """Hold what was measured: how often, and how often which value if that was told."""

    count: float
    total: float
    low: float
    high: float
    values: dict[float, float] = field(default_factory=dict)  # empty where only statistics were told

    @classmethod
    def of(cls, values: Iterable[tuple[float, float]]) -> Sample:
        """Return the sample of values and how often each was measured."""
        counted: dict[float, float] = {}
        for value, count in values:
            counted[value] = counted.get(value, 0.0) + count
        total = sum(value * count for value, count in counted.items())
        return cls(sum(counted.values()), total, min(counted), max(counted), counted)

    def add(self, value: float) -> None:
        """Count one more value, in place."""
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.values[value] = self.values.get(value, 0.0) + 1
        if len(self.values) > MOST_VALUES:
            self.values = _rounded(self.values)

    def with_(self, other: Sample) -> Sample:
        """Return both as one."""
        known = bool(self.values) and bool(other.values)
        values = dict(self.values) if known else {}
        for value, count in other.values.items() if known else ():
            values[value] = values.get(value, 0.0) + count
        return Sample(
            self.count + other.count,
            self.total + other.total,
            min(self.low, other.low),
            max(self.high, other.high),
            values if len(values) <= MOST_VALUES else _rounded(values),
        )


def _rounded(values: dict[float, float]) -> dict[float, float]:
    rounded: dict[float, float] = {}
    digits = 3 if len(values) <= 10 * MOST_VALUES else 2
    for value, count in values.items():
        near = float(f"{value:.{digits}g}")
        rounded[near] = rounded.get(near, 0.0) + count
    return rounded


def merged(samples: Iterable[Sample]) -> Sample | None:
    """Return all samples as one, None if there are none."""
    whole: Sample | None = None
    for sample in samples:
        whole = sample if whole is None else whole.with_(sample)
    return whole


STATISTICS: dict[str, Callable[[Sample], float]] = {
    "SampleCount": lambda sample: sample.count,
    "Average": lambda sample: sample.total / sample.count,
    "Sum": lambda sample: sample.total,
    "Minimum": lambda sample: sample.low,
    "Maximum": lambda sample: sample.high,
}


def is_statistic(name: str) -> bool:
    """Tell whether a statistic is one that can be computed: those of STATISTICS, and percentiles such as p99.9."""
    return name in STATISTICS or _PERCENTILE.fullmatch(name) is not None


def statistic(name: str, sample: Sample) -> float | None:
    """Return a statistic of a sample, None where it cannot be known: a percentile without the values."""
    if name in STATISTICS:
        return STATISTICS[name](sample)
    if sample.low == sample.high:
        return sample.low
    wanted = math.ceil(float(name[1:]) / 100 * sample.count)
    seen = 0.0
    for value in sorted(sample.values):
        seen += sample.values[value]
        if seen >= wanted:
            return value
    return None
