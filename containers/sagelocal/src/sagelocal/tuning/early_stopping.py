"""Stop a training job that does clearly worse than the others did: SageMaker's median rule.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html: the objective after each
epoch is compared with the median, over the earlier training jobs, of their running averages up to the same epoch.
An epoch is one value of the metric in the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, median

from sagelocal.jobs.logfiles import lines_from
from sagelocal.jobs.metrics import values_of


def hopeless(current: Sequence[float], others: Iterable[Sequence[float]], maximize: bool) -> bool:
    """Say whether a training job's last value is worse than the median of the others' averages up to its epoch."""
    epoch = len(current)
    averages = [fmean(values[:epoch]) for values in others if len(values) >= epoch > 0]
    if not averages:
        return False
    bar = median(averages)
    return current[-1] < bar if maximize else current[-1] > bar


class Curve:
    """The values that a training job's log has shown of one metric; reads only what is new."""

    def __init__(self, regex: str) -> None:
        self._pattern = re.compile(regex)
        self._read = 0
        self.values: list[float] = []
        self.whole = False  # whether the log was read after its end

    def update(self, log: Path) -> None:
        """Read on in the log."""
        for line in lines_from(log, self._read):
            self._read = line.end
            self.values += values_of(self._pattern, line.text)
