"""Whether a JSON document is, as it stands, what a call's shape makes of it: then it needs no parser.

Most calls are. A shape becomes a function once; it is asked of all values of a member at a time, so that the loops run
in C. Its no says nothing: the parser and `validation` then find out what is wrong, if anything is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from sagelocal.predicates import pattern

Ask = Callable[[list[Any]], bool]

# What takes a member of the request from elsewhere than the document's member of that name.
_MOVED = frozenset({"location", "payload", "streaming", "jsonvalue"})


@lru_cache(maxsize=1024)
def plain(operation: OperationModel) -> Callable[[Any], bool]:
    """Return the function that tells whether a document can stand for an operation's parsed and valid parameters."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape) or any(m.serialization.keys() & _MOVED for m in shape.members.values()):
        return lambda _: False
    ask = _compiled(shape, frozenset())
    return lambda document: ask([document])


def _never(_: list[Any]) -> bool:
    return False


def _compiled(shape: Shape, outer: frozenset[str]) -> Ask:
    if shape.name in outer:  # a shape inside itself
        return _never
    return _BY_TYPE.get(shape.type_name, _other)(shape, outer | {shape.name})


def _other(_: Shape, __: frozenset[str]) -> Ask:
    return _never


def _structure(shape: StructureShape, outer: frozenset[str]) -> Ask:
    if shape.is_document_type or shape.is_tagged_union:
        return _never
    members = {
        name: _compiled(member, outer) if member.serialization.get("name", name) == name else _never
        for name, member in shape.members.items()
    }
    required = frozenset(shape.required_members)

    def ask(values: list[Any]) -> bool:
        if set(map(type, values)) != {dict}:
            return False
        given: set[str] = set().union(*values)
        if not required <= given <= members.keys():
            return False
        for name in given:
            column = [value[name] for value in values if name in value]
            if (name in required and len(column) != len(values)) or not members[name](column):
                return False
        return True

    return ask


def _list(shape: ListShape, outer: frozenset[str]) -> Ask:
    member = _compiled(shape.member, outer)
    has_length = _limited(shape, len)

    def ask(values: list[Any]) -> bool:
        if set(map(type, values)) != {list} or not has_length(values):
            return False
        items = list(chain.from_iterable(values))
        return not items or member(items)

    return ask


def _map(shape: MapShape, outer: frozenset[str]) -> Ask:
    key, item = _compiled(shape.key, outer), _compiled(shape.value, outer)
    has_size = _limited(shape, len)

    def ask(values: list[Any]) -> bool:
        if set(map(type, values)) != {dict} or not has_size(values):
            return False
        keys = list(chain.from_iterable(values))
        return not keys or (key(keys) and item(list(chain.from_iterable(value.values() for value in values))))

    return ask


def _string(shape: Shape, _: frozenset[str]) -> Ask:
    limits = shape.metadata
    has_length = _limited(shape, len)
    allowed = frozenset(limits["enum"]) if "enum" in limits else None
    matches = pattern(limits["pattern"]) if "pattern" in limits else None
    is_any_line = limits.get("pattern") == ".*"

    def ask(values: list[Any]) -> bool:
        if set(map(type, values)) != {str} or not has_length(values):
            return False
        if is_any_line:
            return "\n" not in "".join(values)
        if allowed is not None:
            return allowed.issuperset(values)
        return matches is None or all(map(matches, set(values)))

    return ask


def _boolean(_: Shape, __: frozenset[str]) -> Ask:
    return lambda values: set(map(type, values)) == {bool}


def _integer(shape: Shape, _: frozenset[str]) -> Ask:
    has_value = _limited(shape, int)
    return lambda values: set(map(type, values)) == {int} and has_value(values)


def _limited(shape: Shape, measure: Callable[[Any], int]) -> Ask:
    """Return the function that tells whether all values keep their shape's limits."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")

    def ask(values: list[Any]) -> bool:
        return (low is None or min(map(measure, values)) >= low) and (high is None or max(map(measure, values)) <= high)

    return ask


_BY_TYPE: dict[str, Callable[[Any, frozenset[str]], Ask]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
}
