"""The form with which a person starts a run by hand."""

from dataclasses import dataclass
from typing import Any

from boatyard.spec import HyperParameter, ModelSpec
from boatyard.spec.fields import INSTANCE_TYPE_PATTERN

AS_OF = "as_of"
TRAIN_INSTANCE_TYPE = "train_instance_type"
FORCE = "force"
BUDGET = "budget"

_JSON_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclass(frozen=True)
class Parameter:
    """Describe one field of the form."""

    name: str
    default: HyperParameter | None
    schema: dict[str, Any]  # JSON schema


def batch_parameters(spec: ModelSpec) -> tuple[Parameter, ...]:
    """Return the fields of a batch's form: as_of, force and the budget."""
    return (_as_of("Predict from what was known at this time; empty: the run's own date."), *_spending(spec))


def run_parameters(spec: ModelSpec) -> tuple[Parameter, ...]:
    """Return the fields of the form: as_of, each hyperparameter, the training instance, force and the budget."""
    return (
        _as_of("Train on what was known at this time; empty: the run's own date."),
        *(
            Parameter(
                name,
                value,
                {"type": _JSON_TYPES[type(value)], "title": name, "description": f"Hyperparameter {name} of train.py."},
            )
            for name, value in spec.train.hyperparameters.items()
        ),
        Parameter(
            TRAIN_INSTANCE_TYPE,
            spec.train.instance_type,
            {
                "type": "string",
                "pattern": INSTANCE_TYPE_PATTERN,
                "title": "Training instance",
                "description": "The SageMaker instance type that trains, such as ml.m5.large.",
            },
        ),
        *_spending(spec),
    )


def _spending(spec: ModelSpec) -> tuple[Parameter, ...]:
    force = "Do every step, whatever earlier runs have done with the same inputs."
    budget = "USD that this run may spend at list prices; no job is started that could cost more. Empty: no limit."
    return (
        Parameter(FORCE, False, {"type": "boolean", "title": "Force", "description": force}),
        Parameter(
            BUDGET,
            spec.budget,
            {"type": ["null", "number"], "exclusiveMinimum": 0, "title": "Budget", "description": budget},
        ),
    )


def _as_of(description: str) -> Parameter:
    schema = {"type": ["null", "string"], "format": "date-time", "title": "As of", "description": description}
    return Parameter(AS_OF, None, schema)
