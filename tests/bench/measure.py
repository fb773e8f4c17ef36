"""What a measurement is: a figure of ours beside a reference, and the bar between them."""

import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Better = Literal["lower", "higher"]
Sample = Callable[[], float]


class NotMeasuredError(Exception):
    """Say in one line why a measurement could not be made."""


@dataclass(frozen=True)
class Row:
    """Hold one measurement; it has either `bar_ratio` (ours / reference) or `bar_difference` (ours - reference)."""

    name: str
    ours: float
    reference: float
    unit: str
    better: Better
    bar_ratio: float | None = None
    bar_difference: float | None = None

    @property
    def figure(self) -> float:
        """Return what the bar limits."""
        return self.ours - self.reference if self.bar_ratio is None else self.ours / self.reference

    @property
    def bar(self) -> float:
        """Return the limit."""
        bar = self.bar_difference if self.bar_ratio is None else self.bar_ratio
        if bar is None:
            raise ValueError(f"{self.name} has no bar")
        return bar

    @property
    def is_met(self) -> bool:
        """Return whether the figure keeps the bar."""
        return self.figure <= self.bar if self.better == "lower" else self.figure >= self.bar

    def as_json(self) -> dict[str, Any]:
        """Return the members of build/bench.json."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def alternate(ours: Sample, reference: Sample, rounds: int) -> tuple[float, float]:
    """Return the medians of two samples, taken in turns so that both meet the same noise.

    All samples are printed to stderr: where they scatter wider than the bar, the verdict is chance.
    """
    pairs = [(ours(), reference()) for _ in range(rounds)]
    medians = []
    for name, values in zip(("ours", "reference"), zip(*pairs, strict=True), strict=True):
        print(f"  {name}: {' '.join(f'{value:.4g}' for value in sorted(values))}", file=sys.stderr, flush=True)
        medians.append(statistics.median(values))
    return medians[0], medians[1]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write build/bench.json as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    temporary.replace(path)


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text, each with its verdict."""
    cells = [("name", "ours", "reference", "unit", "figure", "bar", "verdict"), *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def _cells(row: Row) -> tuple[str, ...]:
    kind = "difference" if row.bar_ratio is None else "ratio"
    limit = "<=" if row.better == "lower" else ">="
    return (
        row.name,
        f"{row.ours:.4g}",
        f"{row.reference:.4g}",
        row.unit,
        f"{kind} {row.figure:.3g}",
        f"{limit} {row.bar:g}",
        "met" if row.is_met else "MISSED",
    )
