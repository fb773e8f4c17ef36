"""Whatever text is given as a definition, it is read, or refused with AWS's error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagelocal.errors import AwsError
from sagelocal.pipelines import parameters
from sagelocal.pipelines.arguments import check_arguments
from sagelocal.pipelines.definition import DEEPEST, parse

Json = dict[str, Any]

_WORDS = (
    "a b Training Processing Condition Fail Equals In Not Or String Integer Parameters.a Steps.a Steps.b.x[0]['y'] "
    "Execution.PipelineName Step.THROTTLING PT1H P $..x"
)
_MEMBERS = (
    "Name Type Arguments DependsOn RetryPolicies CacheConfig PropertyFiles Conditions IfSteps ElseSteps LeftValue "
    "RightValue Condition QueryValue Values Get Std:Join Std:JsonGet On Path PropertyFile DefaultValue EnumValues "
    "ExceptionType Enabled ExpireAfter ErrorMessage PropertyFileName OutputName FilePath ProcessingOutputConfig"
)
WORDS = st.sampled_from(["", *_WORDS.split()])
MEMBERS = st.sampled_from(_MEMBERS.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def objects(draw: Any, /, **members: Any) -> Json:
    """Return an object whose members are nearly right."""
    found: Json = {
        name: draw(VALUES if draw(st.integers(0, 19)) == 0 else strategy)
        for name, strategy in members.items()
        if draw(st.integers(0, 9)) < 9
    }
    return found | draw(st.dictionaries(MEMBERS, VALUES, max_size=1)) if draw(st.integers(0, 9)) == 0 else found


REFERENCES = st.one_of(
    WORDS.map(lambda text: {"Get": text}),
    objects(On=WORDS, Values=st.lists(VALUES, max_size=2)).map(lambda inner: {"Std:Join": inner}),
    objects(Path=WORDS, PropertyFile=VALUES).map(lambda inner: {"Std:JsonGet": inner}),
)
CONDITIONS = objects(Type=WORDS, LeftValue=REFERENCES, RightValue=VALUES)
NAMES = st.sampled_from(["a", "b", "c"])
STEPS: st.SearchStrategy[Json] = st.deferred(
    lambda: st.one_of(
        objects(Name=NAMES, Type=st.just("Fail"), Arguments=objects(ErrorMessage=REFERENCES)),
        objects(
            Name=NAMES,
            Type=st.just("Condition"),
            Arguments=objects(
                Conditions=st.lists(CONDITIONS, max_size=2), IfSteps=st.lists(STEPS, max_size=2), ElseSteps=st.just([])
            ),
        ),
        objects(
            Name=NAMES,
            Type=st.sampled_from(["Training", "Processing", "Tuning", "Model", "Endpoint"]),
            Arguments=VALUES,
            DependsOn=st.lists(NAMES, max_size=2),
            RetryPolicies=st.lists(objects(ExceptionType=VALUES, MaxAttempts=VALUES), max_size=1),
            CacheConfig=objects(Enabled=VALUES, ExpireAfter=WORDS),
        ),
    )
)
PARAMETERS = objects(Name=NAMES, Type=st.sampled_from(["String", "Integer", "Float", "Boolean"]), DefaultValue=VALUES)
DEFINITIONS = objects(Parameters=st.lists(PARAMETERS, max_size=2), Steps=st.lists(STEPS, max_size=3))


@settings(max_examples=400, deadline=None)
@given(DEFINITIONS | VALUES)
def test_a_definition_is_read_or_refused_and_breaks_nothing(definition: Any) -> None:
    try:
        read = parse(json.dumps(definition))
        check_arguments(read)
    except AwsError as error:
        code = error.code
    else:
        code = ""
        names = [step.name for step in read.steps]
        assert all(names.index(needed) < names.index(step.name) for step in read.steps for needed in step.depends_on)
    assert code in ("", "ValidationException")


def test_a_definition_that_is_nested_too_deep_is_refused() -> None:
    value: Any = 1
    for _ in range(DEEPEST):
        value = [value]
    with pytest.raises(AwsError, match="nested deeper than"):
        parse(json.dumps({"Metadata": {"a": value}, "Steps": []}))
    with pytest.raises(AwsError, match=r"not valid JSON|nested deeper than"):
        parse("[" * 100_000)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Integer", "1_000"),
        ("Integer", "٣"),
        ("Integer", "1.0"),
        ("Float", "nan"),
        ("Float", "1e999"),
        ("Boolean", "yes"),
    ],
)
def test_a_value_that_only_python_takes_for_a_number_is_refused(kind: str, text: str) -> None:
    with pytest.raises(AwsError, match=f"is not of type {kind}"):
        parameters.values([{"Name": "x", "Type": kind}], [{"Name": "x", "Value": text}])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("Integer", "-3", -3), ("Float", ".5e1", 5.0), ("Float", "2", 2.0), ("Boolean", "True", True), ("String", "", "")],
)
def test_a_value_is_read_as_its_type_says(kind: str, text: str, value: Any) -> None:
    assert parameters.values([{"Name": "x", "Type": kind}], [{"Name": "x", "Value": text}]) == {"x": value}
