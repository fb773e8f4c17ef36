"""What an endpoint is to serve, as it is kept with the endpoint: models and configurations may be deleted meanwhile."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagelocal.backend import Backend

DEFAULT_STARTUP_TIMEOUT = 480.0  # seconds

# How UpdateEndpoint names what a variant may keep: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VariantProperty.html
RETAINABLE = {"DesiredInstanceCount": "count", "DesiredWeight": "weight"}


class PlanError(Exception):
    """An endpoint configuration cannot be deployed; the text is the reason."""


@dataclass(frozen=True)
class VariantPlan:
    """What a variant serves."""

    name: str
    weight: float
    container: dict[str, Any]  # Image, ModelDataUrl, Environment
    startup_timeout: float  # seconds
    count: int = 1  # workers

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def described(self, now: float) -> dict[str, Any]:
        """Return it as a ProductionVariantSummary."""
        image = self.container["Image"]
        return {
            "VariantName": self.name,
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now}],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.weight,
            "CurrentInstanceCount": self.count,
            "DesiredInstanceCount": self.count,
        }


def plans_of(backend: Backend, config: str) -> list[VariantPlan]:
    """Return what a configuration asks for; `PlanError` if it or a model of it is gone."""
    document = backend.store.get("endpoint_config", config)
    if document is None:
        raise PlanError(f'The endpoint configuration "{config}" has been deleted.')
    return [_plan(backend, variant) for variant in document["describe"]["ProductionVariants"]]


def capture_of(backend: Backend, config: str) -> dict[str, Any] | None:
    """Return a configuration's DataCaptureConfig, None if it has none."""
    document = backend.store.get("endpoint_config", config)
    return document["describe"].get("DataCaptureConfig") if document else None


def _plan(backend: Backend, variant: dict[str, Any]) -> VariantPlan:
    model = backend.store.get("model", variant["ModelName"])
    if model is None:
        raise PlanError(f'The model "{variant["ModelName"]}" has been deleted.')
    return VariantPlan(
        variant["VariantName"],
        float(variant.get("InitialVariantWeight", 1.0)),
        model["container"],
        float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_TIMEOUT)),
        int(variant.get("InitialInstanceCount", 1)),
    )


def retained(wanted: list[VariantPlan], serving: list[VariantPlan], kept: set[str]) -> list[VariantPlan]:
    """Return the wanted variants with the properties that variants of the same names have now, as far as `kept`."""
    now = {plan.name: plan for plan in serving}
    return [
        replace(plan, **{name: getattr(now[plan.name], name) for name in kept}) if plan.name in now else plan
        for plan in wanted
    ]
