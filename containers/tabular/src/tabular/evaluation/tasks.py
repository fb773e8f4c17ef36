"""The kinds of task, each with how its answers are read, scored and measured."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from tabular.evaluation.errors import EvaluationError
from tabular.evaluation.metrics import binary_metrics, multiclass_metrics, regression_metrics

HALF = 0.5


class Task(ABC):
    """What a model is to do: one of SageMaker's problem types."""

    name: ClassVar[str]
    classifies: ClassVar[bool] = True
    score_name: ClassVar[str] = "accuracy"
    # which way is better, for the metrics that the report puts first
    headline: ClassVar[dict[str, str]]

    @property
    def group(self) -> str:
        """Return the member of evaluation.json that holds the metrics."""
        return f"{self.name}_metrics"

    def answers_probabilities(self, lines: Sequence[str]) -> bool:
        """Say whether the answers are probabilities rather than classes or numbers."""
        return False

    @abstractmethod
    def labels(self, cells: Sequence[str]) -> np.ndarray:
        """Return labels as they are compared."""

    @abstractmethod
    def predictions(self, lines: Sequence[str]) -> np.ndarray:
        """Return what the answers predict, to be compared with labels."""

    def probabilities(self, lines: Sequence[str], given: np.ndarray | None) -> np.ndarray | None:
        """Return one column of probability per class, from the answers or as given."""
        return given

    @abstractmethod
    def score(self, cells: Sequence[str], lines: Sequence[str]) -> float:
        """Return one number, higher is better."""

    @abstractmethod
    def metrics(self, labels: np.ndarray, predictions: np.ndarray, probabilities: np.ndarray | None) -> dict[str, Any]:
        """Return the metrics as SageMaker writes them."""


class Regression(Task):
    """A number for each row."""

    name = "regression"
    classifies = False
    score_name = "RMSE"
    headline: ClassVar[dict[str, str]] = {"rmse": "lower", "mae": "lower", "r2": "higher"}

    def labels(self, cells: Sequence[str]) -> np.ndarray:
        return _numbers(cells, "label")

    def predictions(self, lines: Sequence[str]) -> np.ndarray:
        return _numbers([line.partition(",")[0] for line in lines], "answer")

    def score(self, cells: Sequence[str], lines: Sequence[str]) -> float:
        return -float(np.sqrt(np.mean((self.labels(cells) - self.predictions(lines)) ** 2)))

    def metrics(self, labels: np.ndarray, predictions: np.ndarray, probabilities: np.ndarray | None) -> dict[str, Any]:
        return regression_metrics(labels, predictions)


class Multiclass(Task):
    """One class of several for each row; three columns or more are the classes' probabilities, in order from 0."""

    name = "multiclass_classification"
    headline: ClassVar[dict[str, str]] = {"accuracy": "higher", "weighted_f1": "higher", "weighted_precision": "higher"}

    def answers_probabilities(self, lines: Sequence[str]) -> bool:
        return lines[0].count(",") > 1

    def labels(self, cells: Sequence[str]) -> np.ndarray:
        return _classes(cells)

    def predictions(self, lines: Sequence[str]) -> np.ndarray:
        if self.answers_probabilities(lines):
            return np.array([str(place) for place in _table(lines).argmax(axis=1).tolist()])
        return _classes([line.partition(",")[0] for line in lines])

    def probabilities(self, lines: Sequence[str], given: np.ndarray | None) -> np.ndarray | None:
        return _table(lines) if given is None and self.answers_probabilities(lines) else given

    def score(self, cells: Sequence[str], lines: Sequence[str]) -> float:
        return float(np.mean(self.labels(cells) == self.predictions(lines)))

    def metrics(self, labels: np.ndarray, predictions: np.ndarray, probabilities: np.ndarray | None) -> dict[str, Any]:
        return multiclass_metrics(labels, predictions)


class Binary(Multiclass):
    """0 or 1 for each row, or the probability of 1."""

    name = "binary_classification"
    headline: ClassVar[dict[str, str]] = {"accuracy": "higher", "precision": "higher", "recall": "higher"}

    def answers_probabilities(self, lines: Sequence[str]) -> bool:
        return not set(map(_class, (line.partition(",")[0] for line in lines))) <= {"0", "1"}

    def labels(self, cells: Sequence[str]) -> np.ndarray:
        found = _classes(cells)
        others = sorted(set(found.tolist()) - {"0", "1"})
        if others:
            raise EvaluationError(f"a binary label is 0 or 1, not {', '.join(others[:5])}")
        return found

    def predictions(self, lines: Sequence[str]) -> np.ndarray:
        if self.answers_probabilities(lines):
            return np.where(self._of_one(lines) >= HALF, "1", "0")
        return _classes([line.partition(",")[0] for line in lines])

    def probabilities(self, lines: Sequence[str], given: np.ndarray | None) -> np.ndarray | None:
        if given is None and self.answers_probabilities(lines):
            of_one = self._of_one(lines)
            return np.column_stack([1 - of_one, of_one])
        if given is not None and (given.ndim == 1 or given.shape[1] == 1):
            return np.column_stack([1 - given.ravel(), given.ravel()])
        return given

    def metrics(self, labels: np.ndarray, predictions: np.ndarray, probabilities: np.ndarray | None) -> dict[str, Any]:
        return binary_metrics(labels == "1", predictions == "1", None if probabilities is None else probabilities[:, 1])

    def _of_one(self, lines: Sequence[str]) -> np.ndarray:
        found = _numbers([line.partition(",")[0] for line in lines], "answer")
        if np.any((found < 0) | (found > 1)):
            raise EvaluationError("a binary answer is 0, 1 or the probability of 1")
        return found


TASKS: dict[str, Callable[[], Task]] = {task.name: task for task in (Regression, Binary, Multiclass)}


def _class(cell: str) -> str:
    """Return one spelling per class: 3.0 and 3 are the same."""
    try:
        number = float(cell)
    except ValueError:
        return cell.strip()
    return str(int(number)) if number.is_integer() else cell.strip()


def _classes(cells: Sequence[str]) -> np.ndarray:
    spelt = {cell: _class(cell) for cell in set(cells)}
    return np.array([spelt[cell] for cell in cells])


def _numbers(cells: Sequence[str], what: str) -> np.ndarray:
    try:
        return np.array(cells, dtype=float)
    except ValueError as error:
        raise EvaluationError(
            f"{what} {error}".replace("could not convert string to float: ", "is no number: ")
        ) from None


def _table(lines: Sequence[str]) -> np.ndarray:
    return np.array([line.split(",") for line in lines], dtype=float)
