"""Whether a value is what its shape allows, answered fast; `validation` then says what is wrong with it.

A shape becomes a function once. Most shapes allow everything of their type, and cost nothing afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

Predicate = Callable[[Any], bool]


@lru_cache(maxsize=1024)
def allows(operation: OperationModel) -> Predicate:
    """Return the function that tells whether an operation's parameters keep every limit of its shape."""
    shape = operation.input_shape
    return (shape and _compiled(shape, {})) or _anything


def _anything(_: Any) -> bool:
    return True


def _compiled(shape: Shape, known: dict[str, Predicate]) -> Predicate | None:
    """Return a shape's function, None if it allows everything; `known` ends the recursion of shapes in themselves."""
    if shape.name in known:
        return lambda value: known[shape.name](value)
    known[shape.name] = _anything
    predicate = _BY_TYPE.get(shape.type_name, _number)(shape, known)
    if predicate is not None:
        known[shape.name] = predicate
    return predicate


def _structure(shape: StructureShape, known: dict[str, Predicate]) -> Predicate | None:
    required = tuple(shape.required_members)
    compiled = ((name, _compiled(member, known)) for name, member in shape.members.items())
    members = {name: predicate for name, predicate in compiled if predicate is not None}

    def allowed(value: dict[str, Any]) -> bool:
        for name in required:
            if value.get(name) is None:
                return False
        for name, item in value.items():
            predicate = members.get(name)
            if predicate is not None and item is not None and not predicate(item):
                return False
        return True

    return allowed if required or members else None


def _list(shape: ListShape, known: dict[str, Predicate]) -> Predicate | None:
    member = _compiled(shape.member, known)
    low, high = _limits(shape)
    if member is None:
        return lambda value: low <= len(value) <= high and None not in value
    return lambda value: low <= len(value) <= high and None not in value and all(map(member, value))


def _map(shape: MapShape, known: dict[str, Predicate]) -> Predicate:
    key, item = _compiled(shape.key, known) or _anything, _compiled(shape.value, known) or _anything
    low, high = _limits(shape)

    def allowed(value: dict[str, Any]) -> bool:
        items = value.values()
        return low <= len(value) <= high and None not in items and all(map(key, value)) and all(map(item, items))

    return allowed


def _string(shape: Shape, _: dict[str, Predicate]) -> Predicate | None:
    limits = shape.metadata
    low, high = _limits(shape)
    if "enum" in limits:
        return frozenset(limits["enum"]).__contains__
    matches = pattern(limits["pattern"]) if "pattern" in limits else None
    if matches is not None:
        return lambda value: low <= len(value) <= high and matches(value) is not None
    return (lambda value: low <= len(value) <= high) if "min" in limits or "max" in limits else None


def _blob(shape: Shape, _: dict[str, Predicate]) -> Predicate | None:
    low, high = _limits(shape)
    return (lambda value: not isinstance(value, bytes) or low <= len(value) <= high) if shape.metadata else None


def _number(shape: Shape, _: dict[str, Predicate]) -> Predicate | None:
    low, high = _limits(shape)
    return (lambda value: low <= value <= high) if "min" in shape.metadata or "max" in shape.metadata else None


def _unlimited(_: Shape, __: dict[str, Predicate]) -> None:
    return None


def _limits(shape: Shape) -> tuple[float, float]:
    return shape.metadata.get("min", float("-inf")), shape.metadata.get("max", float("inf"))


@lru_cache(maxsize=2048)
def pattern(text: str) -> Callable[[str], re.Match[str] | None] | None:
    """Return the function that matches a whole text; None for Java's patterns that Python has not."""
    try:
        return re.compile(text).fullmatch
    except re.error:
        return None  # \p{..} classes: a wrong refusal would be worse than none


_BY_TYPE: dict[str, Callable[[Any, dict[str, Predicate]], Predicate | None]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "boolean": _unlimited,
    "timestamp": _unlimited,
}
