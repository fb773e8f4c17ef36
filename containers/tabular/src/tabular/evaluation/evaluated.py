"""What a model's answers to the held-out rows are worth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tabular.evaluation.metrics import written
from tabular.evaluation.rows import HeldOut
from tabular.evaluation.subject import Answers
from tabular.evaluation.tasks import Task

Metrics = Callable[[np.ndarray, np.ndarray], Mapping[str, float]]


@dataclass(frozen=True)
class Evaluated:
    """One model's answers and what they are worth."""

    answers: Answers
    predictions: np.ndarray
    probabilities: np.ndarray | None
    figures: dict[str, Any]  # as in evaluation.json


def evaluated(task: Task, rows: HeldOut, answers: Answers, metrics: Metrics | None) -> Evaluated:
    """Compare a model's answers with the labels; `metrics` gives further numbers by name."""
    labels, predictions = task.labels(rows.labels), task.predictions(answers.lines)
    probabilities = task.probabilities(answers.lines, answers.probabilities)
    figures: dict[str, Any] = {task.group: task.metrics(labels, predictions, probabilities)}
    if metrics is not None:
        figures["custom_metrics"] = written(metrics(labels, predictions))
    return Evaluated(answers, predictions, probabilities, figures)
