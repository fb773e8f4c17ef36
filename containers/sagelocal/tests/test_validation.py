"""Requests against their shapes, with the wording of AWS's own answers."""

from __future__ import annotations

from typing import Any

import pytest

from sagelocal import predicates, validation, wire
from sagelocal.errors import AwsError

MODEL: dict[str, Any] = {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}


def problem(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, str]:
    """Return code and message of a call that is refused."""
    model = wire.operation_model(service, operation)
    assert model is not None
    with pytest.raises(AwsError) as caught:
        validation.validate(model, parameters)
    return caught.value.code, caught.value.message


def test_an_allowed_request_passes() -> None:
    model = wire.operation_model("sagemaker", "CreateModel")
    assert model is not None
    validation.validate(model, {**MODEL, "PrimaryContainer": {"Environment": {"A": "b\nc"}}})


def test_a_missing_member_must_not_be_null() -> None:
    assert problem("sagemaker", "DescribeModel", {}) == (
        "ValidationException",
        "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: Member must not be null",
    )


def test_every_problem_is_named() -> None:
    _, message = problem("sagemaker", "CreateModel", {"ExecutionRoleArn": "short", "ModelName": "x" * 64})
    first, second, third = message.removeprefix("3 validation errors detected: ").split("; ")
    assert first.endswith(
        "at 'modelName' failed to satisfy constraint: Member must have length less than or equal to 63"
    )
    assert second.endswith(
        "at 'executionRoleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
    )
    assert "Value 'short' at 'executionRoleArn' failed to satisfy constraint: " in third
    assert "Member must satisfy regular expression pattern: " in third


NESTED = [
    (
        {"PrimaryContainer": {"Mode": "Both"}},
        "'Both' at 'primaryContainer.mode'",
        "Member must satisfy enum value set: [SingleModel, MultiModel]",
    ),
    (
        {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "", "Value": "b"}]},
        "'' at 'tags.2.member.key'",
        "Member must have length greater than or equal to 1",
    ),
    (
        {"PrimaryContainer": {"Environment": {"1A": "b"}}},
        "'{1A=b}' at 'primaryContainer.environment'",
        (
            "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
            "length greater than or equal to 0, Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]"
        ),
    ),
    (
        {"PrimaryContainer": {"Environment": {"A": "b" * 1025}}},
        f"'{{A={'b' * 1025}}}' at 'primaryContainer.environment'",
        (
            "Map value must satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
            "length greater than or equal to 0, Member must satisfy regular expression pattern: [\\S\\s]*]"
        ),
    ),
]


@pytest.mark.parametrize(("extra", "place", "constraint"), NESTED, ids=["enum", "list", "map-keys", "map-value"])
def test_a_nested_value_is_named_by_its_path(extra: dict[str, Any], place: str, constraint: str) -> None:
    _, message = problem("sagemaker", "CreateModel", {**MODEL, **extra})
    assert message == f"1 validation error detected: Value {place} failed to satisfy constraint: {constraint}"


def test_a_number_out_of_its_range_is_refused() -> None:
    _, message = problem("sagemaker", "ListModels", {"MaxResults": 101})
    assert message == (
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("athena", "GetQueryExecution", {}, "InvalidRequestException"),
        ("sagemaker-featurestore-runtime", "GetRecord", {}, "ValidationError"),
        ("sagemaker-runtime", "InvokeEndpoint", {}, "ValidationError"),
        ("logs", "GetLogEvents", {}, "InvalidParameterException"),
        ("glue", "GetTable", {}, "InvalidInputException"),
    ],
)
def test_each_service_has_its_own_code(service: str, operation: str, parameters: dict[str, Any], code: str) -> None:
    assert problem(service, operation, parameters)[0] == code


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"MaxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ({"MaxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ({"NameContains": 5}, "NUMBER_VALUE can not be converted to a String"),
        ({"NameContains": {}}, "START_OBJECT can not be converted to a String"),
        ([], "START_ARRAY can not be converted to a Structure"),
    ],
)
def test_a_json_value_of_another_type_is_refused(document: Any, expected: str) -> None:
    model = wire.operation_model("sagemaker", "ListModels")
    assert model is not None
    with pytest.raises(AwsError) as caught:
        validation.check_types(model, document)
    assert (caught.value.code, caught.value.message) == ("SerializationException", expected)


def test_a_null_is_as_good_as_nothing() -> None:
    model = wire.operation_model("sagemaker", "ListModels")
    assert model is not None
    validation.check_types(model, {"MaxResults": None, "Unknown": 1})


@pytest.mark.parametrize("service", ["sagemaker", "athena", "sagemaker-featurestore-runtime", "logs", "glue"])
def test_the_fast_answer_and_the_worded_one_agree_on_every_operation(service: str) -> None:
    model = wire.service_model(service)
    assert model is not None
    for name in model.operation_names:
        operation = wire.operation_model(service, name)
        assert operation is not None
        if operation.input_shape is None:
            continue
        for longest in (False, True):
            parameters = example(operation.input_shape, longest=longest, depth=0)
            is_allowed = predicates.allows(operation)(parameters)
            assert is_allowed == (not list(validation._violations(operation.input_shape, parameters, ""))), name


def example(shape: Any, *, longest: bool, depth: int) -> Any:
    """Return some value of a shape's type: as short as can be, or too long for many limits."""
    if shape.type_name == "structure":
        members = shape.members if depth < 4 else {}
        return {name: example(member, longest=longest, depth=depth + 1) for name, member in members.items()}
    if shape.type_name == "list":
        return [example(shape.member, longest=longest, depth=depth + 1)] * (3 if longest else 1)
    if shape.type_name == "map":
        return {"key" * (500 if longest else 1): example(shape.value, longest=longest, depth=depth + 1)}
    short: dict[str, Any] = {"string": "a1", "blob": b"x", "boolean": True, "timestamp": None}
    long: dict[str, Any] = {"string": "a" * 70, "blob": b"x" * 70_000, "boolean": True, "timestamp": None}
    return (long if longest else short).get(shape.type_name, 10**9 if longest else 1)
