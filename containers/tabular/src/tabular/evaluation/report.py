"""report.html: what the model gets right and wrong, and the champion beside it."""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

import numpy as np

from tabular.evaluation import page, pictures
from tabular.evaluation.evaluated import Evaluated
from tabular.evaluation.metrics import confusion_matrix
from tabular.evaluation.rows import HeldOut
from tabular.evaluation.svg import span
from tabular.evaluation.tasks import Task

MODEL, CHAMPION = "this model", "champion"
_LOWER_IS_BETTER = frozenset({"rmse", "mse", "mae", "false_positive_rate", "false_negative_rate"})
_MOST_CLASSES = 60  # that a confusion matrix can show

Section = tuple[str, Callable[[], str]]


class Report:
    """Put a report together, section by section: one that cannot be drawn says so in its place."""

    def __init__(
        self,
        model: str,
        task: Task,
        rows: HeldOut,
        names: list[str],
        candidate: Evaluated,
        champion: Evaluated | None,
        evaluation: dict[str, Any],
    ) -> None:
        self.problems: list[str] = []
        self._model, self._task, self._names, self._evaluation = model, task, names, evaluation
        self._labels = task.labels(rows.labels)
        self._both = {MODEL: candidate} | ({CHAMPION: champion} if champion is not None else {})

    @property
    def _compares(self) -> bool:
        return len(self._both) > 1

    def html(self) -> str:
        """Return the page; what could not be drawn is in `problems` afterwards."""
        title = f"Evaluation of {self._model}" if self._model else "Evaluation"
        cards = "\n".join(self._guarded(*section) for section in self._sections())
        return page.page(title, [self._head(title), f'<div class="cards">{cards}</div>'])

    def _sections(self) -> Iterator[Section]:
        if self._task.classifies:
            yield "What is confused with what", self._confusion
        else:
            yield "Answers and truth", self._answers
            yield "Residuals", self._residuals
        if self._task.classifies and self._compares:
            yield "Row by row", self._row_by_row
        yield "Calibration", self._calibration
        if self._compares and not self._task.classifies:
            yield "Row by row", self._row_by_row
        yield "What the model goes by", self._importance
        if self._task.classifies:
            yield "Class by class", self._by_class
        yield "All metrics", self._metrics

    def _guarded(self, title: str, draw: Callable[[], str]) -> str:
        try:
            return draw()
        except Exception as error:  # noqa: BLE001 - one picture less, said where it is missed; the figures stay
            traceback.print_exc()
            self.problems.append(f"{title}: {type(error).__name__}: {error}")
            return page.section(title, f"This could not be drawn: {type(error).__name__}: {error}")

    def _head(self, title: str) -> str:
        data = self._evaluation["dataset"]
        beside = self._evaluation["champion"]
        kind = self._task.name.replace("_", " ")
        lead = f"{kind.capitalize()} on {data['item_count']:,} rows that training never saw, {data['evaluation_time']}."
        parts = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)} {self._beside(beside)}</p>']
        if beside and "problem" in beside:
            parts.append(page.notice(f"The champion could not be evaluated: {beside['problem']}"))
        tiles = [self._tile(name) for name in self._task.headline]
        return "".join(parts) + f'<div class="tiles">{"".join(tiles)}</div>'

    def _beside(self, beside: Mapping[str, Any] | None) -> str:
        if beside is None:
            return "There is no champion yet: nothing was in service."
        name = beside.get("model_package_arn", "")
        return f"The champion is the model in service{f': <code>{escape(name)}</code>' if name else ''}."

    def _tile(self, name: str) -> str:
        value, other = self._value(MODEL, name), self._value(CHAMPION, name)
        if other is None:
            return page.tile(_words(name), _shown(value), "", "dim")
        better, css = self._verdict(name, value, other)
        return page.tile(_words(name), _shown(value), f"{better} · champion {_shown(other)}", css)

    def _verdict(self, name: str, value: float | None, other: float | None) -> tuple[str, str]:
        if value is None or other is None:
            return "", ""
        gained = value - other
        if gained == 0:
            return "=", "dim"
        good = (gained < 0) == (name in _LOWER_IS_BETTER)
        return _signed(gained), "good" if good else "bad"

    def _value(self, who: str, name: str) -> float | None:
        if who not in self._both:
            return None
        found = self._both[who].figures[self._task.group].get(name)
        return float(found["value"]) if isinstance(found, Mapping) and "value" in found else None

    def _key(self) -> str:
        entries = [(css, name) for css, name in zip(pictures.CSS, self._both, strict=False)]
        return page.key(*entries) if self._compares else ""

    def _confusion(self) -> str:
        lead = "A row is the true class, a column the answer; what lies on the diagonal is right."
        columns = []
        for name, one in self._both.items():
            classes, counts = confusion_matrix(self._labels, one.predictions)
            if len(classes) > _MOST_CLASSES:
                return page.section("What is confused with what", f"{len(classes)} classes are too many for a picture.")
            columns.append((name if self._compares else "", pictures.confusion(classes.tolist(), counts)))
        drawn = page.side_by_side(*columns)
        return page.section("What is confused with what", lead, drawn, wide=self._compares)

    def _answers(self) -> str:
        every = [self._labels, *(one.predictions for one in self._both.values())]
        scale = span(*every)
        drawn = [
            (name if self._compares else "", pictures.answers(css, self._labels, one.predictions, scale))
            for css, (name, one) in zip(pictures.CSS, self._both.items(), strict=False)
        ]
        lead = "A point is a row; on the diagonal the answer is right."
        return page.section("Answers and truth", lead, page.side_by_side(*drawn), wide=self._compares)

    def _residuals(self) -> str:
        drawn = pictures.residuals({name: one.predictions - self._labels for name, one in self._both.items()})
        lead = "How far answers are from the truth; right of 0 they are too high."
        return page.section("Residuals", lead, self._key(), drawn)

    def _row_by_row(self) -> str:
        mine, other = (self._both[name].predictions for name in (MODEL, CHAMPION))
        if self._task.classifies:
            mine, other = mine == self._labels, other == self._labels
            found = [
                ("both right", int(np.sum(mine & other)), "neutral"),
                ("only this model right", int(np.sum(mine & ~other)), "good"),
                ("only the champion right", int(np.sum(~mine & other)), "bad"),
                ("both wrong", int(np.sum(~mine & ~other)), "faint"),
            ]
        else:
            mine, other = np.abs(mine - self._labels), np.abs(other - self._labels)
            found = [
                ("this model closer", int(np.sum(mine < other)), "good"),
                ("equally close", int(np.sum(mine == other)), "neutral"),
                ("the champion closer", int(np.sum(mine > other)), "bad"),
            ]
        there = [part for part in found if part[1]]
        key = page.key(*((css, f"{name}: {count}") for name, count, css in found))
        return page.section("Row by row", "The same rows, asked of both.", key, pictures.shares(there), wide=True)

    def _calibration(self) -> str:
        if not self._task.classifies:
            drawn = pictures.means({name: (one.predictions, self._labels) for name, one in self._both.items()})
            lead = "Rows sorted by answer, in tenths: below the diagonal the model answers too high."
            return page.section("Calibration", lead, self._key(), drawn)
        sure = {name: found for name, one in self._both.items() if (found := self._sureness(one)) is not None}
        notes = self._notes("calibration")
        if MODEL not in sure:
            return page.section("Calibration", notes or "There are no probabilities to look at.")
        binary = self._task.name.startswith("binary")
        titles = ("probability of 1", "share that is 1") if binary else ("how sure the model is", "share that is right")
        lead = "A larger point is more rows; below the diagonal the model is too sure."
        return page.section("Calibration", f"{lead} {notes}".strip(), self._key(), pictures.reliability(sure, *titles))

    def _sureness(self, one: Evaluated) -> tuple[np.ndarray, np.ndarray] | None:
        if one.probabilities is None:
            return None
        if self._task.name.startswith("binary"):
            return one.probabilities[:, 1], (self._labels == "1").astype(float)
        return one.probabilities.max(axis=1), (one.predictions == self._labels).astype(float)

    def _importance(self) -> str:
        title, unit = "What the model goes by", self._task.score_name
        width = len(self._names)
        series = {
            name: one.answers.importance
            for name, one in self._both.items()
            if one.answers.importance is not None and len(one.answers.importance) == width
        }
        notes = self._notes("importance")
        if MODEL not in series:
            return page.section(title, notes or "Nothing is known of it.")
        lead = f"How much worse {unit} gets when one feature's values are dealt to other rows."
        return page.section(
            title, f"{lead} {notes}".strip(), self._key(), pictures.importance(self._names, series, unit)
        )

    def _notes(self, about: str) -> str:
        return " ".join(
            f"{name.capitalize()}: {note}."
            for name, one in self._both.items()
            for note in one.answers.notes
            if note.startswith(f"no {about}")
        )

    def _by_class(self) -> str:
        columns = {}
        for name, one in self._both.items():
            classes, counts = confusion_matrix(self._labels, one.predictions)
            for number, label in enumerate(classes.tolist()):
                hits, actual, answered = counts[number, number], counts[number].sum(), counts[:, number].sum()
                columns[name, label] = (int(actual), _part(hits, actual), _part(hits, answered))
        labels = list(dict.fromkeys(label for _, label in columns))
        head = ["class", "rows", "recall", "precision"]
        both = self._compares
        rows = []
        for label in labels:
            actual, recall, precision = columns.get((MODEL, label), (0, np.nan, np.nan))
            cells = [(label, ""), (f"{actual:,}", ""), (_shown(recall), ""), (_shown(precision), "")]
            if both:
                _, other, other_precision = columns.get((CHAMPION, label), (0, np.nan, np.nan))
                cells += [(_shown(other), "dim"), (_shown(other_precision), "dim")]
            rows.append(cells)
        head += ["champion's recall", "champion's precision"] if both else []
        lead = "Recall: how many rows of a class were found. Precision: how many answers of a class are right."
        return page.section("Class by class", lead, page.table(head, rows), wide=both)

    def _metrics(self) -> str:
        figures = self._both[MODEL].figures
        rows = []
        for group, metrics in figures.items():
            for name, found in metrics.items():
                if not isinstance(found, Mapping) or "value" not in found:
                    continue
                value = float(found["value"])
                cells = [(f"{group}.{name}" if group == "custom_metrics" else name, ""), (_shown(value), "")]
                if CHAMPION in self._both:
                    other = float(self._both[CHAMPION].figures[group][name]["value"])
                    known = group != "custom_metrics" and not name.endswith("_best_constant_classifier")
                    cells += [
                        (_shown(other), ""),
                        (_signed(value - other), self._verdict(name, value, other)[1] if known else ""),
                    ]
                rows.append(cells)
        head = ["metric", MODEL, *(["champion", "difference"] if CHAMPION in self._both else [])]
        return page.section("All metrics", "As in evaluation.json.", page.table(head, rows), wide=self._task.classifies)


def plain_report(problem: str, evaluation: Mapping[str, Any]) -> str:
    """Return a page that says why there is no report, with the figures as they are."""
    figures = f"<section><pre>{escape(json.dumps(evaluation, indent=2))}</pre></section>"
    return page.page(
        "Evaluation", ["<h1>Evaluation</h1>", page.notice(f"The report could not be drawn: {problem}"), figures]
    )


def _part(hits: int, of: int) -> float:
    return hits / of if of else np.nan


def _signed(value: float) -> str:
    return f"{value:+.4f}" if abs(value) < 10 else f"{value:+,.2f}"


def _words(name: str) -> str:
    return {"rmse": "RMSE", "mae": "MAE", "r2": "R²"}.get(name, name.replace("_", " "))


def _shown(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"
