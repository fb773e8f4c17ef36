"""What a step did cost: all jobs that it had in a run, those of earlier tries too, or what it put into service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.clients import Clients
from boatyard.aws.cost.actual import Cost, endpoint_hourly, job_cost, rounded, total
from boatyard.aws.cost.prices import Prices, PriceTableError, UnpricedError, prices
from boatyard.aws.errors import is_missing
from boatyard.aws.jobs import Job
from boatyard.aws.jobs.owned import owned
from boatyard.aws.naming import Owner
from boatyard.aws.records.journal import Journal, kept

# A tuning job's cost is that of its training jobs, whose names begin with its own.
_BILLED_AS = {"tuning": "training"}


def step_jobs(clients: Clients, owner: Owner, journal: Journal) -> list[Job]:
    """Return every job that a step had in its run: one whose work it took from an earlier run is none of them."""
    job = journal.job
    if job is None or journal.cached is not None:
        return []
    if job.kind not in _BILLED_AS and job.name.endswith(f"{owner.digest}-0-0"):
        return [job]  # the first, so the only one
    with kept():  # these looks are no part of the step's own journal
        return all_jobs(clients.get("sagemaker"), owner, job.kind)


def step_cost(
    clients: Clients, jobs: Sequence[Job], journal: Journal, result: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the `cost` of a record, None for a step that has neither jobs nor an endpoint."""
    client, config = clients.get("sagemaker"), result.get("endpoint_config_name")
    if journal.cached is not None and journal.job is None:
        return {"usd": 0.0}  # a query: nobody knows what it did cost
    if journal.job is None and config is None:
        return None
    region = client.meta.region_name
    try:
        table = prices()
    except PriceTableError as error:
        return {"usd": None, "problem": str(error)}
    if journal.job is None:
        with kept():
            return _endpoint(client, table, region, str(config))
    return _saved(table, region, journal.job) if journal.cached is not None else _jobs(table, region, jobs)


def all_jobs(client: Any, owner: Owner, kind: str) -> list[Job]:
    """Return the jobs that AWS bills for the jobs of an owner."""
    return list(owned(client, _BILLED_AS.get(kind, kind), owner))


def _jobs(table: Prices, region: str, jobs: Sequence[Job]) -> dict[str, Any]:
    cost = total(table, jobs)
    found: dict[str, Any] = {"usd": None if cost.problem else rounded(cost.usd), "jobs": len(jobs)}
    if cost.spot_saved:
        found["spot_saved_usd"] = rounded(cost.spot_saved)
    return found | _told(table, region, cost)


def _told(table: Prices, region: str, cost: Cost) -> dict[str, Any]:
    return {"prices": table.words(region)} | ({"problem": cost.problem} if cost.problem else {})


def _endpoint(client: Any, table: Prices, region: str, config: str) -> dict[str, Any] | None:
    try:
        found = call(client, "describe_endpoint_config", {"EndpointConfigName": config})
        hourly = endpoint_hourly(table, region, found)
    except UnpricedError as error:
        return {"usd": 0.0, "usd_per_hour": None} | _told(table, region, Cost(problem=str(error)))
    except client.exceptions.ClientError as error:
        if is_missing(error):  # replaced already by another run
            return None
        raise
    return {"usd": 0.0, "usd_per_hour": hourly if hourly is None else rounded(hourly)} | _told(table, region, Cost())


def _saved(table: Prices, region: str, job: Job) -> dict[str, Any]:
    """Return the cost of a step that took the work of an earlier `job`: nothing."""
    cost = job_cost(table, job)
    saved = {} if cost.problem else {"cache_saved_usd": rounded(cost.usd)}
    return {"usd": 0.0} | saved | {"prices": table.words(region)}
