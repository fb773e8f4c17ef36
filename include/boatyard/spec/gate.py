"""The gate: what a model must reach before it is registered, in itself and against the model in service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from boatyard.spec.fields import Part, wrong
from boatyard.spec.problems import nearest

_WEIGHTED = ("recall", "precision", "f0_5", "f1", "f2")
_BINARY = ("recall", "precision", "accuracy", "f0_5", "f1", "f2")
_RATES = ("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate")
_CONSTANT = "_best_constant_classifier"

# The numbers that evaluation.json holds, named as SageMaker names them:
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
METRICS: dict[str, tuple[str, ...]] = {
    "regression_metrics": ("mae", "mse", "rmse", "r2"),
    "binary_classification_metrics": (*_BINARY, *(f"{name}{_CONSTANT}" for name in _BINARY), *_RATES, "auc"),
    "multiclass_classification_metrics": (
        "accuracy",
        *(f"weighted_{name}" for name in _WEIGHTED),
        f"accuracy{_CONSTANT}",
        *(f"weighted_{name}{_CONSTANT}" for name in _WEIGHTED),
    ),
    "dataset": ("item_count",),
}
CUSTOM = "custom_metrics"  # what a model's evaluate.py computes besides; its names are its own
_KNOWN = tuple(f"{group}.{name}" for group, names in METRICS.items() for name in names)
_BY_NAME = {path.rpartition(".")[2]: path for path in _KNOWN}


def _metric(path: str) -> str:
    group, _, name = path.partition(".")
    if path in _KNOWN or (group == CUSTOM and name.isidentifier()):
        return path
    known = METRICS.get(group)
    if known:
        named = nearest(name, known)
        raise wrong(f"{group} has no {name!r}", suggestion=f"{group}.{named}" if named else None)
    bare = nearest(path.rpartition(".")[2], _BY_NAME)
    suggestion = nearest(path, _KNOWN) or (_BY_NAME[bare] if bare else None)
    hint = "" if suggestion else f": a path into evaluation.json starts with {', '.join((*METRICS, CUSTOM))}"
    raise wrong(f"there is no metric {path!r}{hint}", suggestion=suggestion)


Number = Annotated[float, Field(allow_inf_nan=False)]


class AgainstChampion(Part):
    """How a metric must compare with that of the model in service, on the same rows."""

    direction: Literal["higher", "lower"]  # which way is better
    margin: Annotated[Number, Field(ge=0)] = 0.0  # a difference up to it counts as equal
    when_equal: Literal["pass", "fail"]


class GateRule(Part):
    """What a metric of evaluation.json must keep."""

    metric: Annotated[str, Field(max_length=100), AfterValidator(_metric)]  # path into evaluation.json
    at_least: Number | None = None
    at_most: Number | None = None
    champion: AgainstChampion | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> GateRule:
        if self.at_least is None and self.at_most is None and self.champion is None:
            raise wrong("expected at_least, at_most or champion")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise wrong(f"no number is at least {self.at_least:g} and at most {self.at_most:g}")
        return self


Gate = Annotated[tuple[GateRule, ...], Field(min_length=1, max_length=20)]
