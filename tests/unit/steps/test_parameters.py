"""The form of a run by hand."""

import jsonschema
import pytest

from boatyard.spec import ModelSpec
from boatyard.steps import run_parameters


def test_the_form_has_as_of_each_hyperparameter_the_instance_force_and_the_budget(digits: ModelSpec) -> None:
    assert [(field.name, field.default, field.schema["type"]) for field in run_parameters(digits)] == [
        ("as_of", None, ["null", "string"]),
        ("objective", "multi:softmax", "string"),
        ("num_class", 10, "integer"),
        ("max_depth", 5, "integer"),
        ("eta", 0.2, "number"),
        ("gamma", 4, "integer"),
        ("min_child_weight", 6, "integer"),
        ("num_round", 10, "integer"),
        ("train_instance_type", "ml.m5.large", "string"),
        ("force", False, "boolean"),
        ("budget", None, ["null", "number"]),
    ]


def test_every_default_fits_its_schema(digits: ModelSpec) -> None:
    for field in run_parameters(digits):
        jsonschema.validate(field.default, field.schema)


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_class", "ten"), ("eta", "0.2"), ("train_instance_type", "m5"), ("force", "yes"), ("budget", 0)],
)
def test_a_value_of_another_type_does_not_fit(digits: ModelSpec, name: str, value: object) -> None:
    schema = {field.name: field.schema for field in run_parameters(digits)}[name]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema)
