"""What a job did cost, by what AWS bills for: pure arithmetic.

Billable seconds times the number of instances; of a spot job they are fewer than its seconds of training, and that is
the saving: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.aws.cost.machines import hourly, machines
from boatyard.aws.cost.prices import Prices, PriceTableError, UnpricedError
from boatyard.aws.jobs import Job
from boatyard.aws.jobs.facts import job_facts

HOUR = 3600.0
CENTS_OF_A_CENT = 6  # digits behind the point: a job of a second costs 0.00003 USD


@dataclass(frozen=True)
class Cost:
    """USD that something did cost; `problem` says what could not be told."""

    usd: float = 0.0
    spot_saved: float = 0.0
    problem: str = ""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.usd + other.usd, self.spot_saved + other.spot_saved, self.problem or other.problem)


def region_of(arn: str) -> str:
    """Return the region in an ARN."""
    return arn.split(":")[3]


def job_cost(prices: Prices, job: Job) -> Cost:
    """Return what a job did cost, nothing of it while it runs."""
    billable = job_facts(job)["billable_seconds"]
    if billable is None:
        return Cost(problem="" if job.outcome.ended else f"{job.kind} job {job.name} has not ended")
    try:
        price = hourly(prices, region_of(job.arn), machines(job.kind, job.description))
    except UnpricedError as error:
        return Cost(problem=str(error))
    unbilled = job.description.get("TrainingTimeInSeconds", billable) - billable
    return Cost(price * billable / HOUR, price * max(0, unbilled) / HOUR)


def total(prices: Prices, jobs: Iterable[Job]) -> Cost:
    """Return what all these jobs did cost."""
    return sum((job_cost(prices, job) for job in jobs), Cost())


def endpoint_hourly(prices: Prices, region: str, config: Mapping[str, Any]) -> float | None:
    """Return what an endpoint of this configuration costs in an hour, None where it costs by request (serverless)."""
    variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
    instances = [one for one in variants if "InstanceType" in one]
    if not instances:
        return None
    return sum(
        prices.hourly(region, str(one["InstanceType"])) * int(one.get("InitialInstanceCount", 1)) for one in instances
    )


def rounded(usd: float) -> float:
    """Return an amount as a record has it."""
    return round(usd, CENTS_OF_A_CENT)


__all__ = ["HOUR", "Cost", "PriceTableError", "endpoint_hourly", "job_cost", "region_of", "rounded", "total"]
