"""The conditions of Condition steps: whether their shape is right, and whether they hold; pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-condition
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from sagelocal.pipelines.references import UnresolvedError

Json = dict[str, Any]
Resolve = Callable[[Any], Any]

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
# Which members a condition has, and of which JSON type; `object` is any.
_MEMBERS: dict[str, dict[str, type]] = {
    **{name: {"LeftValue": object, "RightValue": object} for name in _COMPARISONS},
    "In": {"QueryValue": object, "Values": list},
    "NotIn": {"QueryValue": object, "Values": list},
    "Not": {"Condition": dict},
    "Or": {"Conditions": list},
}


def problem(condition: Any) -> str:
    """Return what is wrong with a condition's shape, "" if nothing is."""
    if not isinstance(condition, dict):
        return "a condition must be an object"
    kind = condition.get("Type")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        return f"unknown condition Type {kind!r}, must be one of [{', '.join(_MEMBERS)}]"
    for member, wanted in _MEMBERS[kind].items():
        if member not in condition or not isinstance(condition[member], wanted):
            return f"condition {kind} needs {member}"
    if unknown := set(condition) - {"Type", *_MEMBERS[kind]}:
        return f"condition {kind} has the unknown field {sorted(unknown)[0]!r}"
    inner = condition["Conditions"] if kind == "Or" else [condition["Condition"]] if kind == "Not" else []
    return next((found for each in inner if (found := problem(each))), "")


def holds(condition: Json, resolve: Resolve) -> bool:
    """Tell whether a condition holds; UnresolvedError if its values cannot be had or compared."""
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"], resolve)
    if kind == "Or":
        return any(holds(each, resolve) for each in condition["Conditions"])
    if kind in ("In", "NotIn"):
        value, among = resolve(condition["QueryValue"]), [resolve(each) for each in condition["Values"]]
        return (kind == "In") is any(_compare("Equals", value, each) for each in among)
    return _compare(kind, resolve(condition["LeftValue"]), resolve(condition["RightValue"]))


def _compare(kind: str, left: Any, right: Any) -> bool:
    if _family(left) != _family(right) or _family(left) == "":
        raise UnresolvedError(f"{left!r} and {right!r} cannot be compared with {kind}")
    return bool(_COMPARISONS[kind](left, right))


def _family(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else ""
