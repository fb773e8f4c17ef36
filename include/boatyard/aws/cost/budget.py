"""Before a launch: what the job may cost, and whether its run may spend that."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from boatyard.aws.clients import Clients
from boatyard.aws.cost import summary
from boatyard.aws.cost.actual import total
from boatyard.aws.cost.estimate import Estimate, UnlimitedError, dollars, estimate
from boatyard.aws.cost.prices import Prices, PriceTableError, UnpricedError, prices
from boatyard.aws.cost.step import all_jobs
from boatyard.aws.errors import PermanentError
from boatyard.aws.jobs import Job
from boatyard.aws.records.journal import kept
from boatyard.aws.records.record import Subject
from boatyard.aws.s3 import storage

log = logging.getLogger(__name__)


class BudgetError(PermanentError):
    """A launch that the budget of its run does not allow."""


@dataclass(frozen=True)
class Launch:
    """What is to be weighed: a job that is about to be created."""

    clients: Clients
    kind: str
    subject: Subject | None  # None: the step leaves no record, so nobody knows what its run has spent
    budget: float | None  # USD of the whole run
    limit: float | None = None  # seconds after which whoever waits for the job stops it
    total_runtime: int | None = None  # seconds of all jobs of a training that goes on in next jobs


def amount(given: Any) -> float | None:
    """Return a budget as an operator is given it: Jinja makes text of it, and "None" of none."""
    text = str(given).strip()
    if text in {"", "None"}:
        return None
    try:
        usd = float(text)
    except ValueError:
        usd = -1.0
    if not usd > 0:
        raise BudgetError(f"budget: expected an amount of USD above 0, got {text!r}")
    return usd


def weigh(launch: Launch, request: Mapping[str, Any]) -> None:
    """Say what the job of a Create request may cost; `BudgetError` where its run must not spend that.

    A price that nobody knows is a warning, and with a budget an error.
    """
    try:
        table = prices()
        with kept():  # nothing of this is the step's own work
            _weigh(table, launch, request)
    except (PriceTableError, UnpricedError, UnlimitedError) as error:
        if launch.budget is not None:
            raise BudgetError(f"nothing was started, for the budget of the run cannot be kept: {error}") from None
        log.warning("nobody knows what this job will cost: %s", error)


def _weigh(table: Prices, launch: Launch, request: Mapping[str, Any]) -> None:
    region = launch.clients.get("sagemaker").meta.region_name
    may_cost = estimate(table, launch.kind, request, region, launch.limit)
    before = _last(launch)
    log.info("this %s job may cost %s%s, at %s", launch.kind, may_cost, before, table.words(region))
    if launch.budget is None or launch.subject is None:
        return
    own = all_jobs(launch.clients.get("sagemaker"), launch.subject.owner, launch.kind)
    earlier = total(table, own)
    if earlier.problem:
        raise UnpricedError(earlier.problem)
    _reserve(launch, launch.subject, launch.budget, earlier.usd, _whole(launch, may_cost, own), before)


def _reserve(launch: Launch, subject: Subject, budget: float, earlier: float, may_cost: Estimate, before: str) -> None:
    """Write down what the step may spend; `BudgetError`, and nothing is written, where its run must not."""

    def change(current: summary.Summary | None) -> summary.Summary:
        under_way = {name: usd for name, usd in summary.launches_of(current).items() if name != subject.step}
        spent, beside = earlier + _ended(current, {subject.step, *under_way}), sum(under_way.values())
        if spent + beside + may_cost.usd > budget:
            others = f", {', '.join(sorted(under_way))} may spend {dollars(beside)}" if under_way else ""
            raise BudgetError(
                f"nothing was started: this {launch.kind} job may cost {may_cost}{before}, and the run has spent "
                f"{dollars(spent)} of its budget of {dollars(budget)}{others}; "
                "lower its max_runtime, or raise the budget"
            )
        return summary.with_launch(current, subject, earlier + may_cost.usd)

    summary.update(launch.clients.get("s3"), subject, change)


def _whole(launch: Launch, first: Estimate, own: Sequence[Job]) -> Estimate:
    """Return the estimate with what the next jobs of the same training may take."""
    if launch.total_runtime is None:
        return first
    trained = sum(float(job.description.get("TrainingTimeInSeconds", 0)) for job in own)
    return Estimate(first.used, first.hourly, max(first.seconds, launch.total_runtime - trained), first.spot_discount)


def _ended(current: summary.Summary | None, left_out: Set[str]) -> float:
    """Return what the steps that ended did cost."""
    costs = {name: cost for name, cost in summary.costs_of(current).items() if name not in left_out}
    for name, cost in costs.items():
        if cost.get("usd", 0.0) is None:
            raise UnpricedError(f"what step {name} did cost is not known: {cost.get('problem')}")
    return sum(float(cost.get("usd", 0.0)) for cost in costs.values())


def _last(launch: Launch) -> str:
    """Return what the last success of the step did cost, as the end of a sentence."""
    if launch.subject is None:
        return ""
    last = storage.find_json(launch.clients.get("s3"), launch.subject.latest_uri) or {}
    cost = last.get("cost") or {}
    usd = cost.get("cache_saved_usd", cost.get("usd"))
    return f"; the last one did cost {dollars(usd)}" if usd else ""
