"""The parameters of a pipeline: their types, their defaults, and the values of an execution; pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

from sagelocal.errors import validation_error
from sagelocal.pipelines.references import text_of

Json = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")
# Python reads more than these as numbers: 1_000, nan, digits of other scripts.
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MEMBERS = {"Name", "Type", "DefaultValue", "EnumValues", "Description"}
# Type -> the JSON types of its default
_TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _number(text: str) -> float:
    if not _DECIMAL.fullmatch(text) or not isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def _whole(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


_READ: dict[str, Callable[[str], Any]] = {"String": str, "Integer": _whole, "Float": _number, "Boolean": _boolean}


def problem(parameter: Any) -> str:
    """Return what is wrong with a parameter's definition, "" if nothing is."""
    if not isinstance(parameter, dict):
        return "a parameter must be an object"
    name, kind = parameter.get("Name"), parameter.get("Type", "String")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"the parameter name {name!r} does not match {_NAME.pattern}"
    if unknown := set(parameter) - _MEMBERS:
        return f"parameter {name} has the unknown field {sorted(unknown)[0]!r}"
    if not isinstance(kind, str) or kind not in _TYPES:
        return f"parameter {name} has the unknown Type {kind!r}, must be one of [{', '.join(_TYPES)}]"
    default, among = parameter.get("DefaultValue"), parameter.get("EnumValues")
    if default is not None and not _fits(kind, default):
        return f"the DefaultValue {default!r} of parameter {name} is not of Type {kind}"
    if among is None:
        return ""
    if not isinstance(among, list) or not all(_fits(kind, each) for each in among):
        return f"the EnumValues of parameter {name} are no list of Type {kind}"
    if default is not None and default not in among:
        return f"the DefaultValue {default!r} of parameter {name} is not one of its EnumValues"
    return ""


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "Boolean"
    return isinstance(value, _TYPES[kind]) and (not isinstance(value, float) or isfinite(value))


def values(defined: Iterable[Json], given: Iterable[Json]) -> Json:
    """Return the values of an execution; ValidationException for those that are unknown, missing or of another type."""
    known = {parameter["Name"]: parameter for parameter in defined}
    found = {name: each["DefaultValue"] for name, each in known.items() if each.get("DefaultValue") is not None}
    for item in given:
        if item["Name"] not in known:
            raise validation_error(
                f"Unknown pipeline parameter [{item['Name']}]: the definition has no such parameter."
            )
        found[item["Name"]] = _read(known[item["Name"]], item["Value"])
    if missing := sorted(set(known) - set(found)):
        raise validation_error(f"Pipeline parameters without a default need a value: [{', '.join(missing)}].")
    return found


def _read(parameter: Json, text: str) -> Any:
    name, kind = parameter["Name"], parameter.get("Type", "String")
    try:
        value = _READ[kind](text)
    except (ValueError, KeyError) as error:
        raise validation_error(f"The value '{text}' of pipeline parameter [{name}] is not of type {kind}.") from error
    among = parameter.get("EnumValues")
    if among and value not in among:
        allowed = ", ".join(text_of(each) for each in among)
        raise validation_error(f"The value '{text}' of pipeline parameter [{name}] is not one of [{allowed}].")
    return value
