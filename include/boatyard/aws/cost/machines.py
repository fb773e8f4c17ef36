"""On which machines a job runs, read off its request or its description: both spell them alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boatyard.aws.cost.prices import Prices
from boatyard.aws.jobs.facts import MEMBERS


@dataclass(frozen=True)
class Machines:
    """Instances of one type."""

    instance_type: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} x {self.instance_type}"


def machines(kind: str, job: Mapping[str, Any]) -> tuple[Machines, ...]:
    """Return the instances of a job, by type; none where it does not say (serverless training)."""
    cluster: Any = job
    for member in MEMBERS[kind].machine:
        cluster = cluster.get(member, {})
    groups = cluster.get("InstanceGroups") or [cluster]
    return tuple(
        Machines(str(group["InstanceType"]), int(group.get("InstanceCount", 1)))
        for group in groups
        if "InstanceType" in group
    )


def hourly(prices: Prices, region: str, used: Sequence[Machines]) -> float:
    """Return what an hour of all these instances costs; `UnpricedError` names the first that has no price."""
    return sum(prices.hourly(region, one.instance_type) * one.count for one in used)
