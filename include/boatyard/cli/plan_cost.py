"""What the steps of a model may cost, before any of them runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boatyard.aws.cost.actual import endpoint_hourly
from boatyard.aws.cost.estimate import Estimate, dollars, estimate
from boatyard.aws.cost.prices import Prices
from boatyard.aws.errors import PermanentError
from boatyard.aws.jobs import JOBS
from boatyard.spec import ModelSpec
from boatyard.steps import Request
from boatyard.steps.train import CONTINUE_TRAINING

_KINDS = {spelling.create: kind for kind, spelling in JOBS.items()}


def cost_lines(plan: Mapping[str, Sequence[Request]], spec: ModelSpec, region: str, prices: Prices) -> Iterator[str]:
    """Yield what there is to say about the cost of a plan's steps, a line each."""
    for step, requests in plan.items():
        params = {request.operation: request.params for request in requests}
        try:
            yield from _step(step, params, spec, region, prices)
        except PermanentError as error:
            yield f"{step}: nobody knows what it may cost: {error}"


def _step(step: str, params: Mapping[str, Any], spec: ModelSpec, region: str, prices: Prices) -> Iterator[str]:
    for operation, request in params.items():
        if operation in _KINDS:
            found = _estimate(prices, _KINDS[operation], request, region, params, spec)
            yield f"{step}: {found}"
            if spec.budget is not None and found.usd > spec.budget:
                yield f"{step}: the budget of {dollars(spec.budget)} would never let it start"
    hourly = endpoint_hourly(prices, region, params.get("CreateEndpointConfig", {}))
    if hourly is not None:
        yield f"{step}: {dollars(hourly)} an hour for as long as it is in service"


def _estimate(
    prices: Prices, kind: str, request: Mapping[str, Any], region: str, params: Mapping[str, Any], spec: ModelSpec
) -> Estimate:
    if CONTINUE_TRAINING in params:
        request = {**request, "StoppingCondition": params[CONTINUE_TRAINING]}
    limit = float(spec.batch.max_runtime) if kind == "transform" and spec.batch else None
    return estimate(prices, kind, request, region, limit)
