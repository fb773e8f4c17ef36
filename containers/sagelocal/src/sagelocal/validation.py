"""Requests checked against botocore's shapes, with AWS's wording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from sagelocal.errors import AwsError
from sagelocal.predicates import allows, pattern

# The error by which a service answers a request that its model forbids.
_CODES = {
    "athena": "InvalidRequestException",
    "glue": "InvalidInputException",
    "logs": "InvalidParameterException",
    "sagemaker-runtime": "ValidationError",
    "sagemaker-featurestore-runtime": "ValidationError",
}

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "long": (int, float),
    "float": (int, float, str),
    "double": (int, float, str),
    "timestamp": (int, float, str),
}
_ANY = (dict, list, str, bool, int, float)
_JSON_NAMES = {
    dict: "START_OBJECT",
    list: "START_ARRAY",
    str: "STRING_VALUE",
    bool: "TRUE_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
}


def check_types(operation: OperationModel, document: Any) -> None:
    """Raise `SerializationException` if a JSON document has values of other types than the input shape's."""
    if operation.input_shape is None:
        return
    try:
        _check_type(operation.input_shape, document)
    except RecursionError as error:
        raise AwsError("SerializationException", "The request body is nested too deep.") from error


def _check_type(shape: Shape, value: Any) -> None:
    if value is None:
        return
    type_name = shape.type_name
    if type(value) not in _JSON_TYPES.get(type_name, _ANY):
        message = f"{_JSON_NAMES[type(value)]} can not be converted to {_article(type_name)}"
        raise AwsError("SerializationException", message)
    if type(value) is float and not isfinite(value):
        raise AwsError("SerializationException", "A number is too large.")
    if isinstance(shape, StructureShape):
        if not shape.is_document_type:
            _check_members(shape, value)
    elif isinstance(shape, ListShape):
        for item in value:
            _check_type(shape.member, item)
    elif isinstance(shape, MapShape):
        for item in value.values():
            _check_type(shape.value, item)


def _check_members(shape: StructureShape, value: dict[str, Any]) -> None:
    for name, member in shape.members.items():
        item = value.get(member.serialization.get("name", name))
        if item is not None and "location" not in member.serialization:
            _check_type(member, item)


def _article(type_name: str) -> str:
    return f"{'an' if type_name[0] in 'aeiou' else 'a'} {type_name.title()}"


def validate(operation: OperationModel, parameters: dict[str, Any]) -> None:
    """Raise AWS's validation error that names every value which its shape does not allow."""
    if operation.input_shape is None or allows(operation)(parameters):
        return
    found = list(_violations(operation.input_shape, parameters, ""))
    if not found:
        return
    plural = "s" if len(found) > 1 else ""
    message = f"{len(found)} validation error{plural} detected: {'; '.join(found)}"
    raise AwsError(_CODES.get(operation.service_model.service_name, "ValidationException"), message)


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, path)


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {constraint}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return str(value)


def _inside(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _check_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _violation(None, _inside(path, name), "not be null")
    for name, member in shape.members.items():
        item = value.get(name)
        if item is not None:
            yield from _violations(member, item, _inside(path, name))


def _check_list(shape: ListShape, value: list[Any], path: str) -> Iterator[str]:
    yield from _check_size(shape, value, path, "length", len(value))
    for index, item in enumerate(value, 1):
        yield from _held(shape.member, item, f"{path}.{index}.member")


def _held(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a value that a list or map holds, where nothing may be missing."""
    if value is None:
        yield _violation(None, path, "not be null")
    else:
        yield from _violations(shape, value, path)


def _check_map(shape: MapShape, value: dict[str, Any], path: str) -> Iterator[str]:
    yield from _check_size(shape, value, path, "length", len(value))
    if any(True for key in value for _ in _violations(shape.key, key, path)):
        yield _map_violation(value, path, "keys", shape.key)
    if shape.value.type_name != "string":
        for key, item in value.items():
            yield from _held(shape.value, item, f"{path}.{key}.member")
    elif any(True for item in value.values() for _ in _held(shape.value, item, path)):
        yield _map_violation(value, path, "value", shape.value)


def _map_violation(value: dict[str, Any], path: str, what: str, shape: Shape) -> str:
    broken = ", ".join(_constraints(shape))
    shown = _shown(value)
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Map {what} must satisfy constraint: [{broken}]"


def _constraints(shape: Shape) -> Iterator[str]:
    limits = shape.metadata
    if "max" in limits:
        yield f"Member must have length less than or equal to {limits['max']}"
    if "min" in limits:
        yield f"Member must have length greater than or equal to {limits['min']}"
    if "pattern" in limits:
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if "enum" in limits:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"


def _check_string(shape: Shape, value: str, path: str) -> Iterator[str]:
    limits = shape.metadata
    if not limits:
        return
    yield from _check_size(shape, value, path, "length", len(value))
    if "enum" in limits and value not in limits["enum"]:
        yield _violation(value, path, f"satisfy enum value set: [{', '.join(limits['enum'])}]")
    # a text that is far too long is not matched: its length is error enough, and matching could take for ever
    if "pattern" in limits and len(value) <= limits.get("max", len(value)):
        matches = pattern(limits["pattern"])
        if matches is not None and not matches(value):
            yield _violation(value, path, f"satisfy regular expression pattern: {limits['pattern']}")


def _check_number(shape: Shape, value: float, path: str) -> Iterator[str]:
    yield from _check_size(shape, value, path, "value", value)


def _check_blob(shape: Shape, value: bytes, path: str) -> Iterator[str]:
    if isinstance(value, bytes):
        yield from _check_size(shape, "java.nio.HeapByteBuffer", path, "length", len(value))


def _check_size(shape: Shape, value: Any, path: str, what: str, size: float) -> Iterator[str]:
    limits = shape.metadata
    if "max" in limits and size > limits["max"]:
        yield _violation(value, path, f"have {what} less than or equal to {limits['max']}")
    if "min" in limits and size < limits["min"]:
        yield _violation(value, path, f"have {what} greater than or equal to {limits['min']}")


_CHECKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _check_structure,
    "list": _check_list,
    "map": _check_map,
    "string": _check_string,
    "blob": _check_blob,
    "integer": _check_number,
    "long": _check_number,
    "float": _check_number,
    "double": _check_number,
}
