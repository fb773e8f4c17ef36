"""Event patterns: which events a rule wants.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from sagelocal.errors import AwsError

Test = Callable[[Any], bool]

OR = "$or"
_COMPARISONS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}


def read_pattern(text: str) -> dict[str, Any]:
    """Return a pattern; InvalidEventPatternException says what is wrong with its text."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise invalid(f"it is not JSON: {error}") from None
    if not isinstance(pattern, dict) or not pattern:
        raise invalid("Filter is not an object")
    _check(pattern)
    return pattern


def invalid(reason: str) -> AwsError:
    """Return AWS's answer to a pattern that is none."""
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Tell whether an event is what a pattern wants."""
    if isinstance(event, list):  # objects in a list: one of them
        return any(matches(pattern, item) for item in event)
    found = event if isinstance(event, dict) else {}
    return all(_field(key, wanted, found) for key, wanted in pattern.items())


def _field(key: str, wanted: Any, event: dict[str, Any]) -> bool:
    if key == OR:
        return any(matches(alternative, event) for alternative in wanted)
    if isinstance(wanted, dict):
        return matches(wanted, event.get(key))
    values = event.get(key, _ABSENT)
    return any(_is(one, values) for one in wanted)


class _Absent:
    """What a field holds that is not there."""


_ABSENT = _Absent()


def _is(wanted: Any, values: Any) -> bool:
    """Tell whether a field, or one item of it, is what one entry of a pattern's list wants."""
    if isinstance(wanted, dict) and "exists" in wanted:
        return bool(wanted["exists"]) == (not isinstance(values, _Absent | dict))
    if isinstance(values, _Absent | dict):
        return False
    items = values if isinstance(values, list) else [values]
    if not isinstance(wanted, dict):
        return any(_same(wanted, item) for item in items)
    ((name, argument),) = wanted.items()
    test = OPERATORS[name](argument)
    return any(test(item) for item in items)


def _same(wanted: Any, value: Any) -> bool:
    # 300 and 300.0 are not the same: numbers are compared as they are written
    return type(wanted) is type(value) and bool(wanted == value)


def _text(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _fold(argument: Any) -> tuple[str, Callable[[str], str]]:
    """Return what a text is compared with, and how it is read: {"equals-ignore-case": text} may stand for a text."""
    if isinstance(argument, dict):
        return argument["equals-ignore-case"].lower(), str.lower
    if not isinstance(argument, str):
        raise TypeError(argument)
    return argument, str


def _prefix(argument: Any) -> Test:
    start, read = _fold(argument)
    return _text(lambda value: read(value).startswith(start))


def _suffix(argument: Any) -> Test:
    end, read = _fold(argument)
    return _text(lambda value: read(value).endswith(end))


def _ignoring_case(argument: Any) -> Test:
    wanted = [text.lower() for text in _listed(argument)]
    return _text(lambda value: value.lower() in wanted)


def _wildcard(argument: Any) -> Test:
    parts = re.findall(r"\\.|\*|[^\\*]+", argument)
    expression = "".join(".*" if part == "*" else re.escape(re.sub(r"\\(.)", r"\1", part)) for part in parts)
    compiled = re.compile(expression, re.DOTALL)
    return _text(lambda value: compiled.fullmatch(value) is not None)


def _numeric(argument: Any) -> Test:
    pairs = [(_COMPARISONS[sign], float(bound)) for sign, bound in zip(argument[::2], argument[1::2], strict=True)]
    if not pairs:
        raise ValueError(argument)

    def test(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and all(compare(value, bound) for compare, bound in pairs)

    return test


def _cidr(argument: Any) -> Test:
    network = ipaddress.ip_network(argument, strict=False)

    def test(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _text(test)


def _anything_but(argument: Any) -> Test:
    if isinstance(argument, dict):
        ((name, inner),) = argument.items()
        tests = [OPERATORS[name](one) for one in _listed(inner)]
        return lambda value: not any(test(value) for test in tests)
    unwanted = _listed(argument)
    return lambda value: not any(_same(one, value) for one in unwanted)


OPERATORS: dict[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
_IN_ANYTHING_BUT = ("prefix", "suffix", "equals-ignore-case", "wildcard")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check(pattern: Mapping[str, Any]) -> None:
    for key, wanted in pattern.items():
        if key == OR:
            _check_alternatives(wanted)
        elif isinstance(wanted, dict) and wanted:
            _check(wanted)
        elif isinstance(wanted, list) and wanted:
            for one in wanted:
                _check_entry(key, one)
        else:
            raise invalid(f'"{key}" must be an object or an array')


def _check_alternatives(alternatives: Any) -> None:
    if not isinstance(alternatives, list) or len(alternatives) < 2:
        raise invalid(f'"{OR}" must be an array of at least two objects')
    for alternative in alternatives:
        if not isinstance(alternative, dict) or not alternative:
            raise invalid(f'"{OR}" must be an array of at least two objects')
        _check(alternative)


def _check_entry(key: str, entry: Any) -> None:
    if isinstance(entry, list):
        raise invalid(f'"{key}": an array within an array')
    if not isinstance(entry, dict):
        return
    if len(entry) != 1:
        raise invalid(f'"{key}": Only one key allowed in match expression')
    ((name, argument),) = entry.items()
    if name == "exists":
        if not isinstance(argument, bool):
            raise invalid("exists match pattern must be either true or false.")
        return
    if name not in OPERATORS:
        raise invalid(f"Unrecognized match type {name}")
    if name == "anything-but" and isinstance(argument, dict) and [*argument] not in [[one] for one in _IN_ANYTHING_BUT]:
        raise invalid("Unsupported anything-but pattern: only one of prefix, suffix, equals-ignore-case, wildcard")
    try:
        OPERATORS[name](argument)("")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise invalid(f"{name} match pattern is not well formed: {json.dumps(argument)}") from None
