"""Great Expectations' own expectations as the table that a spec is checked against."""

import datetime
import enum
import typing
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of GX's own imports
    from great_expectations.compatibility.pydantic import BaseModel, fields
    from great_expectations.exceptions.exceptions import MetricProviderError
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        get_sqlalchemy_metric_provider,
        list_registered_expectation_implementations,
    )

# What belongs to a run or to GX itself, not to what is expected of the data.
NOT_ARGUMENTS = {
    "batch_id",
    "catch_exceptions",
    "condition_parser",
    "id",
    "library_metadata",
    "meta",
    "rendered_content",
    "result_format",
    "severity",
    "windows",
}
COLUMNS = {
    "column": "column",
    "column_A": "column",
    "column_B": "column",
    "column_list": "columns",
    "column_set": "columns",
}
OTHER_DATA = {"expect_query_results_to_match_comparison"}  # compares with a second data source
# What GX itself answers with "not implemented for SQL dialect 'awsathena'".
NOT_IN_ATHENA = {("expect_column_values_to_not_be_outliers", "method"): "iqr"}
PLAIN: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    datetime.date: "time",
    datetime.datetime: "time",
}


def table() -> dict[str, Any]:
    """Return every expectation that runs in SQL with its arguments."""
    names = sorted(set(list_registered_expectation_implementations()) - OTHER_DATA)
    implementations = {name: get_expectation_impl(name) for name in names}
    found = {name: _arguments(one) for name, one in implementations.items() if _runs_in_sql(one)}
    for (name, argument), choice in NOT_IN_ATHENA.items():
        found[name][argument]["choices"].remove(choice)
        found[name][argument]["required"] = True  # what is missing there is GX's default
    return found


def not_in_sql() -> list[str]:
    """Return the expectations that GX evaluates in pandas or Spark only, and those that need other data."""
    names = list_registered_expectation_implementations()
    return sorted(name for name in names if name in OTHER_DATA or not _runs_in_sql(get_expectation_impl(name)))


def _runs_in_sql(expectation: type[Expectation]) -> bool:
    metric = getattr(expectation, "map_metric", None)
    if metric is None or "get_validation_dependencies" in vars(expectation):
        return True  # an aggregate, or metrics of its own
    return any(_has_provider(f"{metric}.{suffix}") for suffix in ("condition", "unexpected_count.aggregate_fn"))


def _has_provider(metric: str) -> bool:
    try:
        get_sqlalchemy_metric_provider(metric)
    except (KeyError, MetricProviderError):
        return False
    return True


def _arguments(expectation: type[Expectation]) -> dict[str, Any]:
    found: dict[str, fields.ModelField] = expectation.__fields__
    return {name: _argument(name, field) for name, field in found.items() if name not in NOT_ARGUMENTS}


def _argument(name: str, field: fields.ModelField) -> dict[str, Any]:
    choices: list[str] = []
    kinds = [COLUMNS[name]] if name in COLUMNS else _kinds(field.outer_type_, choices)
    if set(kinds) != {"mapping"}:
        # beside other types it is how GX spells a parameter of a run, or a condition's object
        kinds = [kind for kind in kinds if kind != "mapping"]
    described: dict[str, Any] = {"types": sorted(set(kinds))}
    if items := _items(field.outer_type_):
        described["items"] = items
    if choices:
        described["choices"] = choices
    if name == "mostly":
        described |= {"minimum": 0, "maximum": 1}
    if field.required:
        described["required"] = True
    return described


def _items(annotation: Any) -> list[str]:
    """Return the types of a list's items where GX names plain ones."""
    if typing.get_origin(annotation) is list:
        return [PLAIN[inner] for inner in typing.get_args(annotation) if inner in PLAIN]
    return [item for inner in typing.get_args(annotation) for item in _items(inner)] if annotation is not Any else []


def _kinds(annotation: Any, choices: list[str]) -> list[str]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kinds(inner[0], choices)
    if origin is typing.Literal:
        choices.extend(inner)
        return ["string"]
    if origin is typing.Union:
        return [kind for one in inner if one is not type(None) for kind in _kinds(one, choices)]
    plain = origin or annotation
    if issubclass(plain, enum.Enum):
        choices.extend(member.value for member in plain)
        return ["string"]
    if issubclass(plain, dict | BaseModel):
        return ["mapping"]
    if plain in PLAIN:
        return [PLAIN[plain]]
    for kind in (str, float, int):  # constrained ones are subclasses
        if issubclass(plain, kind):
            return [PLAIN[kind]]
    return ["list"]
