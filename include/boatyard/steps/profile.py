"""What a training set looks like, asked in SQL, and the first checks that follow from it. No effects."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from boatyard.spec.columns import Column
from boatyard.steps.sql import quoted

FEW = 20  # values of a column that are listed one by one
PER_QUERY = 200  # columns; Athena takes queries of up to 262144 bytes
_SEPARATOR = "\x1f"  # between listed values: the one character that is for nothing else
_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)")


@dataclass(frozen=True)
class Figures:
    """Describe the values of one column; `least` and `most` are of the values, or of the lengths of texts."""

    column: Column
    rows: int
    present: int  # rows with a value
    least: float | None
    most: float | None
    distinct: int  # about
    values: tuple[str, ...] = ()  # all of them, where they are few


def figure_queries(columns: Sequence[Column], relation: str) -> Iterator[str]:
    """Yield queries of one row each: `rows`, and `present_0`, `least_0`, `most_0`, `distinct_0` for the first column.

    Columns are numbered as they come, through all the queries.
    """
    for start in range(0, len(columns), PER_QUERY):
        selected = ["count(*) AS rows"]
        for number, column in enumerate(columns[start : start + PER_QUERY], start):
            name = quoted(column.name)
            measured = f"length({name})" if column.feature_type == "String" else name
            selected += [
                f"count({name}) AS present_{number}",
                f"min({measured}) AS least_{number}",
                f"max({measured}) AS most_{number}",
                f"approx_distinct({name}) AS distinct_{number}",
            ]
        yield f"SELECT {', '.join(selected)}\nFROM {relation}"


def figures(columns: Sequence[Column], answers: Mapping[str, str | None]) -> tuple[Figures, ...]:
    """Return what the queries answered, all answers in one mapping."""
    return tuple(
        Figures(
            column=column,
            rows=int(answers["rows"] or 0),
            present=int(answers[f"present_{number}"] or 0),
            least=_number(answers[f"least_{number}"]),
            most=_number(answers[f"most_{number}"]),
            distinct=int(answers[f"distinct_{number}"] or 0),
        )
        for number, column in enumerate(columns)
    )


def has_few_values(found: Figures) -> bool:
    """Return whether a column looks like one of kinds: few values, each of which comes often."""
    return (
        found.column.feature_type != "Fractional" and 0 < found.distinct <= FEW and found.present >= 5 * found.distinct
    )


def values_query(columns: Sequence[Column], relation: str) -> str:
    """Return the query whose row has all values of each column, `values_0` and so on."""
    selected = [
        f"array_join(array_sort(array_agg(DISTINCT CAST({quoted(column.name)} AS varchar))), '{_SEPARATOR}') "
        f"AS values_{number}"
        for number, column in enumerate(columns)
    ]
    return f"SELECT {', '.join(selected)}\nFROM {relation}"


def values(answer: str | None) -> tuple[str, ...]:
    """Return the values of one column of that row; NULL is none of them."""
    return tuple(answer.split(_SEPARATOR)) if answer is not None else ()


def first_checks(found: Sequence[Figures], record_identifier: str) -> list[dict[str, dict[str, Any]]]:
    """Return checks that the data pass, in the form of `checks:`; bounds are what was seen, to be widened by hand."""
    rows = found[0].rows
    return [
        {"expect_table_row_count_to_be_between": {"min_value": max(1, rows // 2)}},
        {"expect_column_values_to_be_unique": {"column": record_identifier}},
        *_presence(found),
        *_bounds([one for one in found if one.column.feature_type != "String" and not one.values]),
        *_lengths([one for one in found if one.column.feature_type == "String" and not one.values]),
        *_kinds([one for one in found if one.values]),
    ]


def ranges(names: Sequence[str]) -> list[str]:
    """Return names with runs of numbers as one: `pixel_0`, `pixel_1`, `pixel_2` are `pixel_{0..2}`."""
    written = []
    for key, group in groupby(enumerate(names), key=lambda pair: _family(pair[1], pair[0])):
        members = [name for _, name in group]
        first, last = members[0], members[-1]
        if key is None or len(members) < 3:
            written += members
            continue
        before, number, after = _parts(first)
        written.append(f"{before}{{{number}..{_parts(last)[1]}}}{after}")
    return written


def _presence(found: Sequence[Figures]) -> Iterator[dict[str, dict[str, Any]]]:
    full = [one.column.name for one in found if one.present == one.rows]
    patterns = ["*"] if len(full) == len(found) else ranges(full)
    for pattern in patterns:
        yield {"expect_column_values_to_not_be_null": {"column": pattern}}
    for one in found:
        share = math.floor(100 * one.present / one.rows) / 100
        if one.present < one.rows and share > 0:
            yield {"expect_column_values_to_not_be_null": {"column": one.column.name, "mostly": share}}


def _bounds(found: Sequence[Figures]) -> Iterator[dict[str, dict[str, Any]]]:
    for pattern, members in _families(found):
        low = min((one.least for one in members if one.least is not None), default=None)
        high = max((one.most for one in members if one.most is not None), default=None)
        if low is not None and high is not None:
            bounds = {"min_value": _short(low), "max_value": _short(high)}
            yield {"expect_column_values_to_be_between": {"column": pattern, **bounds}}


def _lengths(found: Sequence[Figures]) -> Iterator[dict[str, dict[str, Any]]]:
    for pattern, members in _families(found):
        low = min((one.least for one in members if one.least is not None), default=None)
        high = max((one.most for one in members if one.most is not None), default=None)
        if low is not None and high is not None:
            bounds = {"min_value": int(low), "max_value": int(high)}
            yield {"expect_column_value_lengths_to_be_between": {"column": pattern, **bounds}}


def _kinds(found: Sequence[Figures]) -> Iterator[dict[str, dict[str, Any]]]:
    for one in found:
        numbers = one.column.feature_type == "Integral"
        listed: list[Any] = sorted(map(int, one.values)) if numbers else list(one.values)
        yield {"expect_column_values_to_be_in_set": {"column": one.column.name, "value_set": listed}}


def _families(found: Sequence[Figures]) -> Iterator[tuple[str, list[Figures]]]:
    """Yield columns that are numbered through together, the others alone."""
    by_name = {one.column.name: one for one in found}
    left = list(by_name)
    for pattern in ranges(left):
        count = 1 if pattern in by_name else _length_of(pattern)
        yield pattern, [by_name[name] for name in left[:count]]
        left = left[count:]


def _length_of(pattern: str) -> int:
    first, _, last = pattern[pattern.index("{") + 1 : pattern.index("}")].partition("..")
    return int(last) - int(first) + 1


def _family(name: str, place: int) -> tuple[str, str, int] | None:
    parts = _parts(name)
    # numbers with leading zeros are left as they are; one less per place keeps a run together
    return (parts[0], parts[2], int(parts[1]) - place) if parts[1] and str(int(parts[1])) == parts[1] else None


def _parts(name: str) -> tuple[str, str, str]:
    match = _NUMBERED.fullmatch(name)
    return (match[1], match[2], match[3]) if match else (name, "", "")


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _short(number: float) -> int | float:
    return int(number) if number == int(number) else number
