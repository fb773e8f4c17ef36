"""From a file's data to its frozen shape, every error told with its line and the nearest right name."""

import json
from collections.abc import Sequence
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from boatyard.spec import old_names
from boatyard.spec.fields import Part, described
from boatyard.spec.problems import Problem, nearest
from boatyard.spec.source import Path_, Source

Shape = TypeVar("Shape", bound=Part)

# Names that other tools have for our keys.
_OTHER_NAMES = {
    "image_uri": "image",
    "training_image": "image",
    "max_run": "max_runtime",
    "max_runtime_in_seconds": "max_runtime",
    "initial_instance_count": "instance_count",
    "schedule_interval": "schedule",
    "metric_definitions": "metrics",
    "endpoint_name": "endpoint",
    "feature_group": "group",
    "feature_group_name": "group",
    "model_package_group": "group",
    "model_package_group_name": "group",
    "feature_definitions": "features",
    "record_identifier_feature_name": "record_identifier",
    "event_time_feature_name": "event_time",
    "threshold": "gate",
    "minimum": "at_least",
    "min": "at_least",
    "maximum": "at_most",
    "max": "at_most",
}

# Keys that people look for here and that stand elsewhere.
_ELSEWHERE = {"name": "the folder's name is the name"}

_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "tuple_type": "a list",
    "list_type": "a list",
}


def shaped(shape: type[Shape], source: Source) -> Shape | None:
    """Return the file's data in its shape, or None with the errors added to the source's problems."""
    try:
        # Strict JSON tells a string from a number and still takes an array for a tuple.
        return shape.model_validate_json(json.dumps(source.data))
    except ValidationError as error:
        found = [_problem(shape, source, one) for one in error.errors() if not _follows(one, error.errors())]
        told = {problem.key for problem in source.problems}
        source.problems.extend(problem for problem in found if problem.key not in told)
        return None


def part_of(shape: type[Shape], source: Source, key: str) -> Shape | None:
    """Return one key's part of the data if it is right in itself; its errors are told by `shaped`."""
    try:
        return shape.model_validate_json(json.dumps(source.data.get(key)))
    except ValidationError:
        return None


def _follows(error: ErrorDetails, others: Sequence[ErrorDetails]) -> bool:
    """Return whether a list is only too short because its items are wrong."""
    place = error["loc"]
    inside = (other["loc"] for other in others if len(other["loc"]) > len(place))
    return error["type"] == "too_short" and any(other[: len(place)] == place for other in inside)


def _problem(shape: type[Part], source: Source, error: ErrorDetails) -> Problem:
    # pydantic's own marks, of a key and of a form among several, are in brackets
    path: Path_ = tuple(part for part in error["loc"] if not str(part).startswith("["))
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(shape, source, path)
    if kind == "missing":
        return source.problem(path, "is missing")
    got = described(error["input"])
    choices: Sequence[str] = context.get("choices", ())
    if kind == "spec":
        message = str(context["text"])
    elif kind == "literal_error":
        choices = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        message = f"expected {' or '.join(choices)}, got {got}"
    elif kind in _EXPECTED:
        message = f"expected {_EXPECTED[kind]}, got {got}"
    else:
        message = f"{error['msg'][:1].lower()}{error['msg'][1:]}, got {got}"
    suggestion: str | None = context.get("suggestion")
    if suggestion is None and isinstance(error["input"], str):
        suggestion = nearest(error["input"], choices)
    return source.problem(path, message, suggestion)


def _unknown_key(shape: type[Part], source: Source, path: Path_) -> Problem:
    key = str(path[-1])
    known = _keys(shape, path[:-1])
    if key in _ELSEWHERE and key not in known:
        return source.problem(path, f"unknown key: {_ELSEWHERE[key]}")
    other = _OTHER_NAMES.get(key)
    if other not in known and (told := old_names.explained(key, known, _keys(shape, ()))):
        return source.problem(path, *told)
    suggestion = other if other in known else nearest(key, known)
    listed = "" if suggestion else f"; there is {', '.join(sorted(known))}"
    return source.problem(path, f"unknown key{listed}", suggestion)


def _keys(shape: type[Part], path: Path_) -> list[str]:
    """Return the keys that a mapping at `path` may have."""
    current: type[BaseModel] | None = shape
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        field = _fields(current).get(part)
        current = _model_in(field.annotation) if field else None
    return list(_fields(current)) if current else []


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields by the names that they have in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)
