"""The part of JSONPath that batch transform takes.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

import re
from collections.abc import Callable
from typing import Any

Select = Callable[[Any], Any]

_NAMES = r"\[\s*'[^']*'(?:\s*,\s*'[^']*')*\s*\]"
_NUMBERS = r"\[\s*-?\d+(?:\s*,\s*-?\d+)*\s*\]"
_STEP = re.compile(
    rf"(?P<wildcard>\.\*|\[\*\])|\.?(?P<names>{_NAMES})|\.(?P<name>[^.\[\]*'\s]+)"
    rf"|(?P<numbers>{_NUMBERS})|\[\s*(?P<slice>-?\d*\s*:\s*-?\d*)\s*\]"
)


class JsonPathError(ValueError):
    """A path that is none, or that a record does not have."""


def compile_path(path: str) -> Select:
    """Return what selects the path's part of a record; JsonPathError if batch transform does not take the path."""
    if not path.startswith("$"):
        raise JsonPathError(f"the JSONPath {path!r} does not begin with '$'")
    steps = []
    place = 1
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            raise JsonPathError(f"batch transform does not take {path[place:]!r} in the JSONPath {path!r}")
        steps.append(match)
        place = match.end()
    return _chain(steps)


def _chain(steps: list[re.Match[str]]) -> Select:
    if not steps:
        return lambda value: value
    rest = _chain(steps[1:])
    kind = str(steps[0].lastgroup)
    if kind == "wildcard":
        return lambda value: [rest(item) for item in _items(value)]
    select = _SELECTORS[kind](steps[0][kind])
    return lambda value: rest(select(value))


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise JsonPathError("a record has no members where the JSONPath has '*'")


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise JsonPathError(f"a record has no member {name!r}")
    return value[name]


def _element(value: Any, number: int) -> Any:
    if not isinstance(value, list) or not -len(value) <= number < len(value):
        raise JsonPathError(f"a record has no element [{number}]")
    return value[number]


def _by_name(text: str) -> Select:
    return lambda value: _member(value, text)


def _by_names(text: str) -> Select:
    names = re.findall(r"'([^']*)'", text)
    if len(names) == 1:
        return _by_name(names[0])
    return lambda value: {name: _member(value, name) for name in names}


def _by_numbers(text: str) -> Select:
    numbers = [int(number) for number in re.findall(r"-?\d+", text)]
    if len(numbers) == 1:
        return lambda value: _element(value, numbers[0])
    return lambda value: [_element(value, number) for number in numbers]


def _by_slice(text: str) -> Select:
    first, last = (int(part) if part.strip() else None for part in text.split(":"))

    def select(value: Any) -> Any:
        if not isinstance(value, list):
            raise JsonPathError("a record is no array where the JSONPath has a slice")
        return value[first:last]

    return select


_SELECTORS: dict[str, Callable[[str], Select]] = {
    "names": _by_names,
    "name": _by_name,
    "numbers": _by_numbers,
    "slice": _by_slice,
}
