"""A model under evaluation: loaded and asked just as the endpoint loads and asks it."""

import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tabular.algorithm import MODEL_FILE
from tabular.evaluation.errors import EvaluationError
from tabular.evaluation.rows import HeldOut
from tabular.evaluation.tasks import Task
from tabular.serving import codecs
from tabular.serving.app import Handlers
from tabular.serving.handlers import load
from tabular.sources import ConfigurationError, source_folder

PROGRAM = "inference.py"
PROBABILITIES = "predict_proba_fn"  # optional in inference.py: (data, model) -> one column per class, sorted

_MOST_CELLS = 30_000_000  # that importance may read: features x features x rows
_MOST_ROWS = 1000
_FEWEST_ROWS = 50
_LONGEST = 60.0  # seconds that importance may take by the time of one answer


@dataclass(frozen=True)
class Answers:
    """What a model says to every row."""

    lines: list[str]  # as the endpoint answers them
    probabilities: np.ndarray | None  # one column per class
    importance: np.ndarray | None  # how much worse the task's score gets without each feature
    notes: tuple[str, ...]  # what there is not, and why


class Subject:
    """One model with its own inference.py. Import it into a process once: two of them share module names."""

    def __init__(self, archive: Path, code: Path | None, program: str = PROGRAM) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._handlers, self._module = _loaded(archive, code, program, Path(self._folder.name))
        self._model = getattr(self._handlers, "model", None)

    def answers(self, rows: HeldOut, task: Task) -> Answers:
        """Ask about every row."""
        lines: list[str] = []
        probabilities: list[np.ndarray] = []
        notes: list[str] = []
        began = time.monotonic()
        for chunk in rows.chunks():
            lines += self._ask(chunk)
            if (found := self._probabilities(chunk)) is not None:
                probabilities.append(found)
        if task.classifies and not probabilities and not task.answers_probabilities(lines):
            notes.append(f"no calibration: the model answers classes, and its {PROGRAM} has no {PROBABILITIES}")
        seconds_per_row = (time.monotonic() - began) / len(rows)
        importance = self._importance(rows, task, seconds_per_row, notes)
        return Answers(lines, np.vstack(probabilities) if probabilities else None, importance, tuple(notes))

    def _ask(self, lines: Sequence[str]) -> list[str]:
        body = "".join(f"{line}\n" for line in lines).encode()
        answer = self._handlers.answer(body, codecs.CSV, codecs.CSV)
        text = answer.body.decode()
        if answer.status != 200:
            raise EvaluationError(f"it cannot predict: {text}")
        answered = text.splitlines()
        if self._module is None and len(answered) == 1:
            answered = answered[0].split(",")  # as the built-in algorithm answers: all rows on one line
        if len(answered) != len(lines):
            raise EvaluationError(f"it cannot predict: it answered {len(answered)} lines to {len(lines)} rows")
        return answered

    def _probabilities(self, lines: Sequence[str]) -> np.ndarray | None:
        function: Callable[..., Any] | None = getattr(self._module, PROBABILITIES, None)
        if function is None:
            return None
        read: Callable[..., Any] = getattr(self._module, "input_fn", codecs.decode)
        try:
            return np.asarray(function(read("\n".join(lines), codecs.CSV), self._model), dtype=float)
        except Exception as error:
            raise EvaluationError(f"its {PROBABILITIES} failed: {type(error).__name__}: {error}") from error

    def _importance(self, rows: HeldOut, task: Task, seconds_per_row: float, notes: list[str]) -> np.ndarray | None:
        """Return how much the score drops when one feature's values are dealt to other rows, for each feature."""
        width = rows.width
        count = min(_MOST_ROWS, len(rows), _MOST_CELLS // max(1, width * width))
        if count < min(_FEWEST_ROWS, len(rows)) or seconds_per_row * count * width > _LONGEST:
            notes.append(f"no importance: asking again without each of {width} features would take too long")
            return None
        labels, cells = rows.sample(count)
        order = np.random.default_rng(0).permutation(len(cells))

        def score(lines: Sequence[str]) -> float:
            return task.score(labels, self._ask(lines))

        whole = score([",".join(row) for row in cells])
        without = [
            score([",".join((*row[:column], cells[other][column], *row[column + 1 :])) for row, other in pairs])
            for column in range(width)
            if (pairs := list(zip(cells, order, strict=True)))
        ]
        return whole - np.array(without)


def _loaded(archive: Path, code: Path | None, program: str, folder: Path) -> tuple[Handlers, Any]:
    """Return what answers, and the user's module; None where the built-in algorithm answers."""
    if not archive.is_file():
        raise EvaluationError(f"there is no {archive}")
    try:
        model = source_folder(str(archive), folder / "model")
    except ConfigurationError as error:
        reason, _, _ = str(error.__cause__ or error).partition(": - ")
        raise EvaluationError(f"{archive.name} is no archive of a model: {reason}") from error
    source = code or model / "code"
    try:
        if code is None and not source.exists() and (model / MODEL_FILE).is_file():
            from tabular.algorithm import serving

            return serving.load(model), None
        return load(source, program, model), sys.modules[Path(program).stem]
    except ConfigurationError as error:
        raise EvaluationError(str(error)) from error
    except Exception as error:
        traceback.print_exc()
        reason = (str(error).splitlines() or [""])[0]
        raise EvaluationError(f"it cannot be loaded: {type(error).__name__}: {reason}") from error
