"""What came of a check, and how a person is told. No effects, no Great Expectations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from boatyard.spec.checks import Check

SHOWN = 10  # failed checks in one line
EXAMPLES = 5  # unexpected values in a row of the table
_HEAD = ("result", "severity", "column", "expectation", "unexpected", "observed")


@dataclass(frozen=True)
class Table:
    """A table of Athena."""

    database: str
    name: str
    rows: int


@dataclass(frozen=True)
class Outcome:
    """One check with its figures."""

    check: Check
    item: int  # the number of the item of `checks:` that it comes from
    success: bool
    error: str | None = None  # why it could not be evaluated
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    observed: str = ""

    @property
    def column(self) -> str:
        """Return the columns that the check is about, as a person names them."""
        names = self.check.columns
        if len(names) > 3:
            return f"{names[0]} ... {names[-1]} ({len(names)})"
        return ", ".join(names) or "the table"

    @property
    def name(self) -> str:
        """Return the check in few words."""
        return f"{self.column} {self.check.expectation}"

    @property
    def critical(self) -> bool:
        """Return whether a run must stop where this check fails."""
        return self.check.severity == "critical"

    @property
    def why(self) -> str:
        """Return the figures behind a failure."""
        if self.error:
            return f"could not be evaluated: {self.error}"
        if self.unexpected_count is not None:
            return f"{self.unexpected_count} unexpected{_percent(self.unexpected_percent)}"
        return f"observed {self.observed}" if self.observed else ""


def failed_names(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the failed checks in few words, critical ones first."""
    return [outcome.name for outcome in sorted(_failed(outcomes), key=lambda one: not one.critical)]


def failure(outcomes: Iterable[Outcome]) -> str:
    """Return one line that names the failed critical checks, `""` if there are none."""
    critical = [outcome for outcome in _failed(outcomes) if outcome.critical]
    if not critical:
        return ""
    shown = "; ".join(f"{one.name} ({one.why})" if one.why else one.name for one in critical[:SHOWN])
    more = f"; and {len(critical) - SHOWN} more" if len(critical) > SHOWN else ""
    return f"{_counted(len(critical), 'check')} failed: {shown}{more}"


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the outcomes as the lines of a table; passed checks of one item share a line."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for _, group in groupby(outcomes, key=lambda outcome: outcome.item):
        members = list(group)
        passed = [outcome for outcome in members if outcome.success]
        rows += [_row(outcome) for outcome in members if not outcome.success]
        rows += [_row(outcome) for outcome in passed] if len(passed) < 3 else [_together(passed)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def observed(result: dict[str, Any]) -> str:
    """Return what a result of GX says of the data, in few words."""
    if result.get("partial_unexpected_list"):
        values = list(dict.fromkeys(map(_shown, result["partial_unexpected_list"])))
        return "such as " + ", ".join(values[:EXAMPLES])
    value = result.get("observed_value")
    return "" if value is None else _shown(value)


def _failed(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not outcome.success]


def _row(outcome: Outcome) -> tuple[str, ...]:
    count = outcome.unexpected_count
    unexpected = "" if count is None else f"{count}{_percent(outcome.unexpected_percent)}"
    return (
        "passed" if outcome.success else "error" if outcome.error else "FAILED",
        outcome.check.severity,
        outcome.column,
        outcome.check.expectation,
        unexpected,
        outcome.error or outcome.observed,
    )


def _together(passed: Sequence[Outcome]) -> tuple[str, ...]:
    first, last = passed[0], passed[-1]
    columns = f"{first.column} ... {last.column} ({len(passed)})"
    count = sum(outcome.unexpected_count or 0 for outcome in passed)
    unexpected = "" if first.unexpected_count is None else str(count)
    return ("passed", first.check.severity, columns, first.check.expectation, unexpected, "")


def _percent(percent: float | None) -> str:
    return "" if percent is None else f" ({percent:.3g} %)"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
