"""Jinja makes text of every value; the API wants numbers and booleans where it says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

BOOLEANS = {"true": True, "false": False}


def _boolean(text: str) -> bool:
    try:
        return BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


READERS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": _boolean,
}


def typed(client: Any, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return `request` with text turned into what `operation` (as the client spells it) takes there.

    Text that is no such value stays as it is: botocore's own complaint names the member.
    """
    name = client.meta.method_to_api_mapping[operation]
    shape = client.meta.service_model.operation_model(name).input_shape
    return {} if shape is None else {key: _typed(shape.members.get(key), value) for key, value in request.items()}


def _typed(shape: Any, value: Any) -> Any:
    if shape is None or value is None:
        return value
    match shape.type_name, value:
        case "structure", dict():
            return {key: _typed(shape.members.get(key), item) for key, item in value.items()}
        case "map", dict():
            return {key: _typed(shape.value, item) for key, item in value.items()}
        case "list", list() | tuple():
            return [_typed(shape.member, item) for item in value]
        case kind, str() if kind in READERS:
            return _read(kind, value)
        case _:
            return value


def _read(kind: str, text: str) -> Any:
    try:
        return READERS[kind](text)
    except ValueError:
        return text
