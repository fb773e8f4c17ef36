"""A JSON body that is, as it stands, what a call's shape makes of it: then it needs no parser and no validation.

Most are. msgspec reads them by the shape and checks types, limits and enumerations as it reads; patterns are asked of
all distinct values of a member at a time. None says nothing: the parser and `validation` then find out what is wrong,
if anything is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, Literal, Required, TypedDict

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from sagelocal.predicates import pattern

Parameters = dict[str, Any]
Ask = Callable[[list[Any]], bool]

# What takes a member of the request from elsewhere than the document's member of that name.
_MOVED = frozenset({"location", "payload", "streaming", "jsonvalue"})
_NOTHING = Annotated[int, msgspec.Meta(ge=1, le=0)]  # the type that no value has
_ANY_LINE = ".*"
_NEWLINES = (b"\\n", b"\\u")  # only so can a text in JSON hold one


@lru_cache(maxsize=1024)
def plain(operation: OperationModel) -> Callable[[bytes], Parameters | None]:
    """Return the function that reads a body as the parsed and valid parameters of an operation, None if it cannot."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape) or any(m.serialization.keys() & _MOVED for m in shape.members.values()):
        return lambda _: None
    decode = msgspec.json.Decoder(_type(shape, frozenset())).decode
    matches = _matches(shape, frozenset())

    def read(body: bytes) -> Parameters | None:
        try:
            parameters: Parameters = decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if b"\\" in body and any(newline in body for newline in _NEWLINES):
            return None
        return parameters if matches is None or matches([parameters]) else None

    return read


def _type(shape: Shape, outer: frozenset[str]) -> Any:
    """Return the type of a shape's plain values."""
    if shape.name in outer:  # a shape inside itself
        return _NOTHING
    return _TYPES.get(shape.type_name, _no_type)(shape, outer | {shape.name})


def _no_type(_: Any, __: frozenset[str]) -> Any:
    return _NOTHING


def _structure_type(shape: StructureShape, outer: frozenset[str]) -> Any:
    if shape.is_document_type or shape.is_tagged_union:
        return _NOTHING
    members = {
        name: _type(member, outer) if member.serialization.get("name", name) == name else _NOTHING
        for name, member in shape.members.items()
    }
    required = frozenset(shape.required_members)
    fields = {name: Required[its] if name in required else its for name, its in members.items()}
    return TypedDict(shape.name, fields, total=False)  # type: ignore[operator]  # made at run time


def _list_type(shape: ListShape, outer: frozenset[str]) -> Any:
    of = list.__class_getitem__(_type(shape.member, outer))
    return _limited(of, shape, "length")


def _map_type(shape: MapShape, outer: frozenset[str]) -> Any:
    of = dict.__class_getitem__((_type(shape.key, outer), _type(shape.value, outer)))
    return _limited(of, shape, "length")


def _string_type(shape: Shape, _: frozenset[str]) -> Any:
    return Literal[tuple(shape.metadata["enum"])] if "enum" in shape.metadata else _limited(str, shape, "length")


def _integer_type(shape: Shape, _: frozenset[str]) -> Any:
    return _limited(int, shape, "value")


_METAS = {"length": ("min_length", "max_length"), "value": ("ge", "le")}


def _limited(of: Any, shape: Shape, what: str) -> Any:
    limits = {
        name: shape.metadata[limit]
        for name, limit in zip(_METAS[what], ("min", "max"), strict=True)
        if limit in shape.metadata
    }
    return Annotated[of, msgspec.Meta(**limits)] if limits else of


_TYPES: dict[str, Callable[[Any, frozenset[str]], Any]] = {
    "structure": _structure_type,
    "list": _list_type,
    "map": _map_type,
    "string": _string_type,
    "boolean": lambda _, __: bool,
    "integer": _integer_type,
    "long": _integer_type,
}


def _matches(shape: Shape, outer: frozenset[str]) -> Ask | None:
    """Return the function that tells whether all patterns in values of a shape match, None if it has none."""
    if shape.name in outer or shape.type_name not in _PATTERNS:
        return None
    return _PATTERNS[shape.type_name](shape, outer | {shape.name})


def _in_structures(shape: StructureShape, outer: frozenset[str]) -> Ask | None:
    members = {name: matches for name, member in shape.members.items() if (matches := _matches(member, outer))}

    def ask(values: list[Any]) -> bool:
        columns = ((matches, [value[name] for value in values if name in value]) for name, matches in members.items())
        return all(matches(column) for matches, column in columns)

    return ask if members else None


def _in_lists(shape: ListShape, outer: frozenset[str]) -> Ask | None:
    member = _matches(shape.member, outer)
    return member and (lambda values: member(list(chain.from_iterable(values))))


def _in_maps(shape: MapShape, outer: frozenset[str]) -> Ask | None:
    key, item = _matches(shape.key, outer), _matches(shape.value, outer)

    def ask(values: list[Any]) -> bool:
        return (key is None or key(list(chain.from_iterable(values)))) and (
            item is None or item(list(chain.from_iterable(value.values() for value in values)))
        )

    return ask if key or item else None


def _in_strings(shape: Shape, _: frozenset[str]) -> Ask | None:
    text = shape.metadata.get("pattern", _ANY_LINE)
    matches = pattern(text) if text != _ANY_LINE and "enum" not in shape.metadata else None
    return matches and (lambda values: all(map(matches, set(values))))


_PATTERNS: dict[str, Callable[[Any, frozenset[str]], Ask | None]] = {
    "structure": _in_structures,
    "list": _in_lists,
    "map": _in_maps,
    "string": _in_strings,
}
