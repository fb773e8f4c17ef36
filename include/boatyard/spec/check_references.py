"""What `checks:` names must be there: expectations, their arguments, columns of the training set."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from boatyard.spec.checks import (
    SEVERITIES,
    SEVERITY,
    TYPES,
    Argument,
    expanded,
    expectations,
    matching,
    table,
    wrong_value,
)
from boatyard.spec.columns import Column
from boatyard.spec.fields import described
from boatyard.spec.problems import nearest
from boatyard.spec.source import Path_, Source

# What an expectation asks of its column's type; a wrong one is an error of Athena's, in the middle of a run.
_NUMBERS = (
    "expect_column_max_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_column_median_to_be_between",
    "expect_column_min_to_be_between",
    "expect_column_quantile_values_to_be_between",
    "expect_column_stdev_to_be_between",
    "expect_column_sum_to_be_between",
    "expect_column_value_z_scores_to_be_less_than",
    "expect_column_values_to_be_between",
    "expect_column_values_to_not_be_outliers",
    "expect_multicolumn_sum_to_equal",
)
_TEXTS = tuple(
    f"expect_column_{rest}"
    for rest in (
        "value_lengths_to_be_between",
        "value_lengths_to_equal",
        "values_to_match_like_pattern",
        "values_to_match_like_pattern_list",
        "values_to_match_regex",
        "values_to_match_regex_list",
        "values_to_not_match_like_pattern",
        "values_to_not_match_like_pattern_list",
        "values_to_not_match_regex",
        "values_to_not_match_regex_list",
    )
)
_IN_CONDITION = re.compile(r"""col\(["']([^"']*)["']\)""")
_WANTED = dict.fromkeys(_NUMBERS, ("Integral", "Fractional")) | dict.fromkeys(_TEXTS, ("String",))
_OF_VALUES = {"Integral": "number", "Fractional": "number", "String": "string"}  # what a value set of a column holds


def check_references(source: Source, checks: object, columns: Sequence[Column] | None) -> None:
    """Report what is wrong with `checks:`; `columns` is None where the training set itself is not understood."""
    seen: dict[str, int] = {}
    for number, item in enumerate(checks if isinstance(checks, list) else ()):
        if isinstance(item, dict) and len(item) == 1:  # the shape of others is told already
            _item(source, ("checks", number), item, columns, seen)


def _item(
    source: Source, at: Path_, item: dict[str, Any], columns: Sequence[Column] | None, seen: dict[str, int]
) -> None:
    (name,) = item
    here = (*at, name)
    if name in table().elsewhere:
        source.report(here, "Great Expectations evaluates it in pandas or Spark only, not in Athena")
    elif name not in expectations():
        source.report(here, "Great Expectations has no expectation of that name", nearest(name, expectations()))
    elif isinstance(item[name], dict) and _arguments(source, here, item[name], expectations()[name], columns):
        _once(source, here, item, columns, seen)


def _arguments(
    source: Source,
    at: Path_,
    given: Mapping[str, Any],
    known: Mapping[str, Argument],
    columns: Sequence[Column] | None,
) -> bool:
    """Report what is wrong with an expectation's arguments and return whether nothing is."""
    before = len(source.problems)
    taken = {**known, SEVERITY: Argument(types=("string",), choices=SEVERITIES)}
    for key, value in given.items():
        argument = taken.get(key)
        if argument is None:
            suggestion = nearest(key, taken)
            listed = "" if suggestion else f"; there is {', '.join(sorted(taken))}"
            source.report((*at, key), f"unknown argument{listed}", suggestion)
        elif value is not None and (message := wrong_value(value, argument)):
            choices = argument.choices or ()
            source.report((*at, key), message, nearest(value, choices) if isinstance(value, str) else None)
    for key, argument in known.items():
        if argument.required and given.get(key) is None:
            source.report(at, f"needs the argument {key!r}")
    _bounds(source, at, given, known)
    if columns is not None and len(source.problems) == before:
        _columns(source, at, given, known, columns)
    return len(source.problems) == before


def _bounds(source: Source, at: Path_, given: Mapping[str, Any], known: Mapping[str, Argument]) -> None:
    if "min_value" not in known or "max_value" not in known or "partition_object" in known:
        return
    least, most = given.get("min_value"), given.get("max_value")
    if least is None and most is None:
        source.report(at, "needs min_value or max_value")
    elif _both_numbers(least, most) and least > most:  # type: ignore[operator]  # both are numbers: just asked
        source.report((*at, "max_value"), f"nothing lies between {least} and {most}")


def _both_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _columns(
    source: Source, at: Path_, given: Mapping[str, Any], known: Mapping[str, Argument], columns: Sequence[Column]
) -> None:
    types = {column.name: column.feature_type for column in columns}
    _condition(source, at, given, types)
    for key, argument in known.items():
        for place, pattern in _patterns((*at, key), given.get(key), argument):
            names = matching(pattern, list(types))
            missing = [name for name in names if name not in types]
            if not names:
                source.report(place, f"no column of the training set is called like {pattern!r}")
            elif missing:
                source.report(place, f"the training set has no column {missing[0]!r}", nearest(missing[0], types))
            else:
                _types(source, place, str(at[-1]), given, {name: types[name] for name in names})


def _condition(source: Source, at: Path_, given: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """Report columns of a row condition, which names them as `col("digit")`, that are not there."""
    for name in _IN_CONDITION.findall(str(given.get("row_condition") or "")):
        if name not in types:
            source.report((*at, "row_condition"), f"the training set has no column {name!r}", nearest(name, types))


def _patterns(at: Path_, value: Any, argument: Argument) -> list[tuple[Path_, str]]:
    if value is None or argument.types[0] not in ("column", "columns"):
        return []
    return (
        [(at, value)] if argument.types[0] == "column" else [((*at, number), one) for number, one in enumerate(value)]
    )


def _types(source: Source, at: Path_, expectation: str, given: Mapping[str, Any], types: Mapping[str, str]) -> None:
    wanted = _WANTED.get(expectation)
    for name, found in types.items():
        if wanted and found not in wanted:
            source.report(at, f"needs a column that is {' or '.join(wanted)}, but {name!r} is {found}")
            return
        word, fits = TYPES[_OF_VALUES[found]]
        wrong = [value for value in given.get("value_set", ()) if value is not None and not fits(value)]
        if wrong:
            source.report(
                (*at[:-1], "value_set"), f"column {name!r} is {found}: expected {word}, got {described(wrong[0])}"
            )
            return
        if wanted == _WANTED[_NUMBERS[0]] and (times := _times(given)):
            source.report((*at[:-1], times), f"column {name!r} is {found}: expected a number, got {given[times]!r}")
            return


def _times(given: Mapping[str, Any]) -> str | None:
    return next((key for key in ("min_value", "max_value") if isinstance(given.get(key), str)), None)


def _once(
    source: Source, at: Path_, item: Mapping[str, Any], columns: Sequence[Column] | None, seen: dict[str, int]
) -> None:
    """Report a check that stands there already: GX would count it once."""
    for check in expanded(item, [column.name for column in columns or ()]):
        key = json.dumps([check.expectation, check.arguments], sort_keys=True)
        if key in seen:
            where = f" of {check.columns[0]!r}" if check.columns else ""
            source.report(at, f"the same check{where} stands on line {seen[key]}")
            return
        seen[key] = source.line(at)
