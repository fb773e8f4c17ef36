"""What is expected of a training set: Great Expectations' expectations by their own names and arguments.

Great Expectations takes seconds to import, so its expectations stand in a table, expectations.json, generated from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from boatyard.spec.feature_group import expand
from boatyard.spec.fields import Part, described, wrong
from boatyard.spec.problems import nearest

Severity = Literal["critical", "warning"]
SEVERITY = "severity"
SEVERITIES: tuple[Severity, ...] = ("critical", "warning")  # the first one is the default


def _one_expectation(item: object) -> object:
    if isinstance(item, dict) and SEVERITY in item:
        raise wrong("severity belongs among the expectation's arguments, such as {severity: warning}")
    if isinstance(item, dict) and len(item) != 1:
        raise wrong(f"expected one expectation in each item, got {', '.join(item) or 'none'}: put a '-' before each")
    return item


# One key, the expectation's name, and its arguments.
CheckItem = Annotated[dict[str, dict[str, Any]], BeforeValidator(_one_expectation)]
Checks = tuple[CheckItem, ...]


class Argument(Part):
    """What GX takes for an argument of an expectation."""

    types: tuple[str, ...]  # names of `TYPES`, "column" or "columns"
    items: tuple[str, ...] | None = None  # of a list's items
    choices: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False


class Table(Part):
    """What expectations GX has."""

    expectations: dict[str, dict[str, Argument]]  # those that it evaluates in SQL
    elsewhere: tuple[str, ...]  # those that it does not


@dataclass(frozen=True)
class Check:
    """One expectation, ranges of columns expanded."""

    expectation: str
    arguments: dict[str, Any]
    severity: Severity

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that it is about, none for the table as a whole."""
        return tuple(
            name
            for key, argument in expectations()[self.expectation].items()
            for name in _names(self.arguments.get(key), argument)
        )


@cache
def table() -> Table:
    """Return GX's expectations, those that it evaluates in SQL with their arguments."""
    return Table.model_validate_json(Path(__file__).with_name("expectations.json").read_bytes())


def expectations() -> dict[str, dict[str, Argument]]:
    """Return the arguments of each expectation that Athena can evaluate."""
    return table().expectations


def expanded(item: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> Iterator[Check]:
    """Yield a sound item of `checks:` as one check for each column that it names."""
    ((name, given),) = item.items()
    known = expectations()[name]
    arguments = {key: value for key, value in given.items() if value is not None and key != SEVERITY}
    severity: Severity = given.get(SEVERITY, SEVERITIES[0])
    for key, value in arguments.items():
        if known[key].types == ("columns",):
            arguments[key] = [one for pattern in value for one in matching(pattern, columns)]
    for column in matching(arguments["column"], columns) if "column" in arguments else [None]:
        yield Check(name, arguments | ({"column": column} if column else {}), severity)


def matching(pattern: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that `pixel_{0..63}` or `pixel_*` stands for, a plain name for itself."""
    try:
        names = expand(pattern)
    except PydanticCustomError:  # no rising range: no column is called like that
        names = [pattern]
    found = [column for name in names if "*" in name for column in columns if fnmatchcase(column, name)]
    return found if any("*" in name for name in names) else names


def wrong_value(value: object, argument: Argument) -> str | None:
    """Return what is wrong with an argument's value, `None` if nothing is."""
    if not any(TYPES[kind][1](value) for kind in argument.types):
        return f"expected {' or '.join(TYPES[kind][0] for kind in argument.types)}, got {described(value)}"
    if argument.choices and value not in argument.choices:
        return f"expected {' or '.join(argument.choices)}, got {described(value)}"
    low, high = argument.minimum, argument.maximum
    if low is not None and high is not None and isinstance(value, int | float) and not low <= value <= high:
        return f"expected a number from {low:g} to {high:g}, got {value}"
    item = Argument(types=argument.items) if argument.items else None
    found = (wrong_value(one, item) for one in value) if item and isinstance(value, list) else ()
    return next((message for message in found if message), None)


def nearest_expectation(name: str) -> str | None:
    """Return the expectation most like `name`."""
    return nearest(name, expectations())


def _names(value: object, argument: Argument) -> Sequence[str]:
    kind = argument.types[0]
    if value is None or kind not in ("column", "columns"):
        return ()
    return [str(value)] if kind == "column" else [str(one) for one in value] if isinstance(value, list) else ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_columns(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


# What a value is called and how it is told.
TYPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "column": ("the name of a column", lambda value: isinstance(value, str)),
    "columns": ("a list of one column or more", _is_columns),
    "integer": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "list": ("a list of one value or more", lambda value: isinstance(value, list) and bool(value)),
    "mapping": ("keys with values", lambda value: isinstance(value, dict)),
    "number": ("a number", _is_number),
    "string": ("a string", lambda value: isinstance(value, str)),
    "time": ("a date or time (ISO 8601)", _is_time),
}
