"""A step's arguments against the request that they become: botocore's shapes, with references in between.

The wording is AWS's where it is known: "Model Validation failed: Value .. failed to satisfy enum value set: ..".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sagelocal.pipelines.definition import Definition, broken, creates
from sagelocal.pipelines.kinds import KINDS
from sagelocal.pipelines.references import GET, is_reference
from sagelocal.sagemaker.fields import check_fields
from sagelocal.wire import operation_model

Json = dict[str, Any]
TypeOf = Callable[[str], str | None]  # the text of a Get -> the type of the parameter that it names

_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
# Which parameters may stand where a value of a type is wanted.
_PARAMETERS = {
    "string": {"String"},
    "boolean": {"Boolean"},
    "integer": {"Integer"},
    "long": {"Integer"},
    "float": {"Integer", "Float"},
    "double": {"Integer", "Float"},
}


def check_arguments(definition: Definition) -> None:
    """Raise ValidationException for arguments that the operation of their step, or sagelocal, would not take."""
    types = {f"Parameters.{each['Name']}": each.get("Type", "String") for each in definition.parameters}
    for step in filter(creates, definition.steps):
        kind = KINDS[step.type]
        operation = operation_model("sagemaker", kind.operation)
        shape = operation and operation.input_shape
        if not isinstance(shape, StructureShape):
            raise LookupError(kind.operation)
        ours = {kind.resource.name_member, *kind.own}
        for found in _problems(shape, step.arguments, f"Steps.{step.name}.Arguments", types.get, ours):
            raise broken(found)
        if own := sorted(set(kind.own) & set(step.arguments)):
            raise broken(f"{own[0]} in step '{step.name}' is the pipeline's to fill in")
        check_fields(kind.operation, _literal(step.arguments))


def _literal(value: Any) -> Any:
    """Return a value without its references: what they will stand for is not known yet."""
    if is_reference(value):
        return None
    if isinstance(value, dict):
        return {name: _literal(item) for name, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value


def _problems(shape: Shape, value: Any, path: str, type_of: TypeOf, ours: set[str] | frozenset[str]) -> Iterator[str]:
    if value is None:
        return
    if is_reference(value):
        yield from _of_reference(shape, value, path, type_of)
    elif isinstance(shape, StructureShape):
        yield from _of_structure(shape, value, path, type_of, ours)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"Expecting start of Json Array at {path}"
            return
        for number, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}[{number}]", type_of, frozenset())
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"Expecting start of Json Object at {path}"
            return
        for name, item in value.items():
            yield from _problems(shape.value, item, f"{path}.{name}", type_of, frozenset())
    else:
        yield from _of_scalar(shape, value, path)


def _of_structure(
    shape: StructureShape, value: Any, path: str, type_of: TypeOf, ours: set[str] | frozenset[str]
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"Expecting start of Json Object at {path}"
        return
    for name, item in value.items():
        if name not in shape.members:
            yield f"Unknown field '{name}' at {path}"
        else:
            yield from _problems(shape.members[name], item, f"{path}.{name}", type_of, frozenset())
    for name in shape.required_members:
        if name not in ours and value.get(name) is None:
            yield f"Model Validation failed: Missing required field '{name}' at {path}"


def _of_reference(shape: Shape, value: Json, path: str, type_of: TypeOf) -> Iterator[str]:
    wanted = _PARAMETERS.get(shape.type_name)
    given = type_of(value[GET]) if GET in value else None
    if given is None:
        return
    if wanted is None or given not in wanted:
        yield f"Cannot assign property reference [{value[GET]}] of type {given} to {path} of type {shape.type_name}"


def _of_scalar(shape: Shape, value: Any, path: str) -> Iterator[str]:
    wanted = _JSON.get(shape.type_name, (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and object not in wanted):
        yield f"Cannot assign {value!r} to {path} of type {shape.type_name}"
        return
    among = shape.metadata.get("enum")
    if among and value not in among:
        yield (
            f"Model Validation failed: Value '{value}' for '{shape.name}' at {path} failed to satisfy enum value set: "
            f"[{', '.join(among)}]"
        )
