"""What a job may cost before it is launched: pure arithmetic on its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.aws.cost.actual import HOUR
from boatyard.aws.cost.machines import Machines, hourly, machines
from boatyard.aws.cost.prices import Prices
from boatyard.aws.errors import PermanentError

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingStoppingCondition.html
_WITHOUT_A_LIMIT = 86400.0


@dataclass(frozen=True)
class Estimate:
    """The most that a job may cost: what AWS stops it at, at the price on demand."""

    used: tuple[Machines, ...]
    hourly: float  # USD of all instances
    seconds: float  # of a tuning job: of all its training jobs together
    spot_discount: float = 0.0  # to be expected, not promised

    @property
    def usd(self) -> float:
        """Return the upper bound."""
        return self.hourly * self.seconds / HOUR

    def __str__(self) -> str:
        spot = f", perhaps {self.spot_discount:.0%} less on spot instances" if self.spot_discount else ""
        instances = " and ".join(str(one) for one in self.used)
        return (
            f"at most {dollars(self.usd)} ({instances} at {dollars(self.hourly)} an hour "
            f"for at most {_duration(self.seconds)}{spot})"
        )


class UnlimitedError(PermanentError):
    """A job whose cost nothing limits."""


def estimate(
    prices: Prices, kind: str, request: Mapping[str, Any], region: str, limit: float | None = None
) -> Estimate:
    """Return the most that the job of a Create request may cost.

    `limit` is the number of seconds after which whoever waits for the job stops it. `UnpricedError` and
    `UnlimitedError` say what cannot be told.
    """
    return _KINDS[kind](prices, request, region, limit)


def dollars(usd: float) -> str:
    """Return an amount as a person reads it: cents, and more digits where cents say nothing."""
    if usd >= 1 or usd == 0:
        return f"${usd:,.2f}"
    units, _, digits = f"{usd:.{3 if usd >= 0.01 else 5}f}".partition(".")
    return f"${units}.{digits.rstrip('0'):0<2}"


def _limited(prices: Prices, kind: str, request: Mapping[str, Any], region: str, limit: float | None) -> Estimate:
    condition = request.get("StoppingCondition", {})
    limits = [float(condition.get("MaxRuntimeInSeconds", _WITHOUT_A_LIMIT)), *([limit] if limit else [])]
    used = machines(kind, request)
    if not used:
        raise UnlimitedError(f"the {kind} job names no instances, so nobody can tell what it costs")
    discount = prices.spot_discount if request.get("EnableManagedSpotTraining") else 0.0
    return Estimate(used, hourly(prices, region, used), min(limits), spot_discount=discount)


def _training(prices: Prices, request: Mapping[str, Any], region: str, limit: float | None) -> Estimate:
    return _limited(prices, "training", request, region, limit)


def _processing(prices: Prices, request: Mapping[str, Any], region: str, limit: float | None) -> Estimate:
    return _limited(prices, "processing", request, region, limit)


def _transform(prices: Prices, request: Mapping[str, Any], region: str, limit: float | None) -> Estimate:
    used = machines("transform", request)
    if limit is None:
        raise UnlimitedError("SageMaker has no time limit for a transform job: give max_ingestion_time")
    return Estimate(used, hourly(prices, region, used), limit)


def _tuning(prices: Prices, request: Mapping[str, Any], region: str, limit: float | None) -> Estimate:
    """Return the bound of a tuning job: its training jobs, each for as long as it may, or all for its own limit."""
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    defined = request.get("TrainingJobDefinitions") or [request["TrainingJobDefinition"]]
    worst = max((_limited(prices, "training", one, region, None) for one in defined), key=lambda one: one.usd)
    seconds = [worst.seconds * int(limits["MaxNumberOfTrainingJobs"])] if "MaxNumberOfTrainingJobs" in limits else []
    own = [float(limits["MaxRuntimeInSeconds"])] if "MaxRuntimeInSeconds" in limits else []
    side_by_side = int(limits["MaxParallelTrainingJobs"])
    seconds += [one * side_by_side for one in (*own, *([limit] if limit else []))]
    if not seconds:
        raise UnlimitedError("a tuning job without MaxNumberOfTrainingJobs and MaxRuntimeInSeconds has no limit")
    return Estimate(worst.used, worst.hourly, min(seconds), spot_discount=worst.spot_discount)


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:g} s"


_KINDS: dict[str, Callable[[Prices, Mapping[str, Any], str, float | None], Estimate]] = {
    "training": _training,
    "processing": _processing,
    "transform": _transform,
    "tuning": _tuning,
}
