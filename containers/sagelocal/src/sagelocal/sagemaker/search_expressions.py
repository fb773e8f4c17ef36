"""What a SearchExpression says of a record.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SearchExpression.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sagelocal.errors import validation_error

Record = Mapping[str, Any]
Test = Callable[[Record], bool]
Compare = Callable[[Any, Any], bool]

MOST = 50  # conditions of one expression
METRICS, TAGS = "Metrics", "Tags"  # whose names are properties: Metrics.loss, Tags.team

_ORDER: dict[str, Compare] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_TEXT: dict[str, Compare] = {"Contains": operator.contains, "In": lambda value, wanted: value in wanted.split(",")}
_READ: dict[str, Callable[[str], Any]] = {
    "number": float,
    "timestamp": lambda text: _epoch(datetime.fromisoformat(text)),
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
    "text": str,
}
_KINDS = {
    **dict.fromkeys(("integer", "long", "float", "double"), "number"),
    "timestamp": "timestamp",
    "boolean": "boolean",
}  # any other type is text


class Properties:
    """The properties of one kind of resource, by their names with dots."""

    def __init__(self, resource: str, shape: StructureShape) -> None:
        self._resource = resource
        self._shape = shape

    def kind(self, name: str) -> str:
        """Return number, timestamp, boolean or text; ValidationException if there is no such property."""
        first, _, rest = name.partition(".")
        if rest and first == METRICS and "FinalMetricDataList" in self._shape.members:
            return "number"
        if rest and first == TAGS and TAGS in self._shape.members:
            return "text"
        shape: Shape | None = self._shape
        for part in name.split("."):
            shape = _member(shape, part)
            if shape is None:
                raise validation_error(f"Unknown property name {name} of resource {self._resource}.")
        element = _element(shape)
        return _KINDS.get(element.type_name, "text") if element else "text"

    def values(self, record: Record, name: str) -> list[Any]:
        """Return the values of a property: several where it lies in a list."""
        first, _, rest = name.partition(".")
        if rest and first == TAGS:
            return [tag["Value"] for tag in record.get(TAGS, ()) if tag["Key"] == rest]
        if rest and first == METRICS:
            metrics = record.get("FinalMetricDataList") or ()
            return [metric["Value"] for metric in metrics if metric["MetricName"] == rest]
        return list(_reached(record, name))

    def test(self, expression: Record) -> Test:
        """Return what tells whether a record satisfies the expression; ValidationException if it is no sound one."""
        count = [0, 0]
        found = self._expression(expression, count)
        if count[0] > MOST:
            raise validation_error(f"A SearchExpression can have at most {MOST} conditions.")
        if count[1] > 1:
            raise validation_error("'CONTAINS' operator usage limit of 1 exceeded.")
        return found

    def _expression(self, expression: Record, count: list[int]) -> Test:
        tests = [
            *(self._filter(each, "", count) for each in expression.get("Filters") or ()),
            *(self._nested(each, count) for each in expression.get("NestedFilters") or ()),
            *(self._expression(each, count) for each in expression.get("SubExpressions") or ()),
        ]
        if not tests:
            raise validation_error("A SearchExpression needs at least one filter, nested filter or subexpression.")
        count[0] += len(tests)
        every = any if expression.get("Operator") == "Or" else all
        return lambda record: every(test(record) for test in tests)

    def _nested(self, nested: Record, count: list[int]) -> Test:
        """All filters hold for one and the same element of a list."""
        place = nested["NestedPropertyName"]
        self.kind(place)
        tests = [self._filter(each, f"{place}.", count) for each in nested["Filters"]]
        count[0] += len(tests)
        return lambda record: any(all(test(element) for test in tests) for element in _reached(record, place))

    def _filter(self, asked: Record, within: str, count: list[int]) -> Test:
        name, wanted = asked["Name"], asked.get("Value")
        how = asked.get("Operator") or "Equals"
        if within and not name.startswith(within):
            name = within + name
        kind = self.kind(name)
        count[1] += how == "Contains"
        rest = name.removeprefix(within)
        if how in ("Exists", "NotExists"):
            return lambda record: bool(self.values(record, rest)) == (how == "Exists")
        if wanted is None:
            raise validation_error(f"The filter on {name} needs a Value for its operator {how}.")
        if (how in _ORDER and kind == "text") or (how in _TEXT and kind != "text"):
            raise validation_error(f"The operator {how} is not supported for {name}, a {kind} property.")
        right = _read(kind, wanted, name)
        if how == "NotEquals":
            return lambda record: all(value != right for value in self.values(record, rest))
        compare: Compare = {**_ORDER, **_TEXT}.get(how, operator.eq)
        return lambda record: any(compare(value, right) for value in self.values(record, rest))


def _read(kind: str, text: str, name: str) -> Any:
    try:
        return _READ[kind](text)
    except (KeyError, ValueError) as error:
        raise validation_error(f"The value '{text}' is no {kind}, as the property {name} is.") from error


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _element(shape: Shape | None) -> Shape | None:
    return shape.member if isinstance(shape, ListShape) else shape


def _member(shape: Shape | None, name: str) -> Shape | None:
    shape = _element(shape)
    if isinstance(shape, StructureShape):
        return shape.members.get(name)
    return shape.value if isinstance(shape, MapShape) else None


def _reached(value: Any, name: str) -> Iterator[Any]:
    """Yield what a name with dots leads to, through every element of lists."""
    if isinstance(value, list):
        for element in value:
            yield from _reached(element, name)
    elif not name:
        yield value
    elif isinstance(value, Mapping):
        first, _, rest = name.partition(".")
        if name in value:  # a key of a map may have dots itself
            yield from _reached(value[name], "")
        elif value.get(first) is not None:
            yield from _reached(value[first], rest)
