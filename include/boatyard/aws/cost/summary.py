"""What a run did and what that cost, step by step: one small object that every step of the run adds itself to.

A step with a budget writes there before it launches a job what it may spend, and its end puts what it did cost in that
place: in one object, so that of two steps that launch at one time each sees the other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from boatyard.aws.cost.actual import rounded
from boatyard.aws.cost.estimate import dollars
from boatyard.aws.records.record import Subject, step_name
from boatyard.aws.s3 import pointer, storage

log = logging.getLogger(__name__)

VERSION = 1
_SUMS = ("usd", "spot_saved_usd", "cache_saved_usd", "usd_per_hour")

Summary = dict[str, Any]


def with_step(summary: Summary | None, record: Mapping[str, Any]) -> Summary:
    """Return a run's summary with a step's record in it; a step that is there already is replaced."""
    owner = record["owner"]
    name = step_name(owner["task"], owner["map_index"])
    launches = {other: usd for other, usd in launches_of(summary).items() if other != name}
    return _whole(owner["dag"], owner["run"], {**_steps(summary), name: _step(record)}, launches)


def with_launch(summary: Summary | None, subject: Subject, usd: float) -> Summary:
    """Return a run's summary in which a step may spend `usd`, earlier jobs of it included."""
    owner = subject.owner
    return _whole(owner.dag, owner.run, _steps(summary), {**launches_of(summary), subject.step: usd})


def launches_of(summary: Summary | None) -> dict[str, float]:
    """Return what the steps that are under way may spend."""
    launches: dict[str, float] = summary.get("launches", {}) if summary else {}
    return launches


def costs_of(summary: Summary | None) -> dict[str, dict[str, Any]]:
    """Return what the steps that ended did cost."""
    return {name: step["cost"] or {} for name, step in _steps(summary).items()}


def add(s3: Any, subject: Subject, record: Mapping[str, Any]) -> Summary:
    """Add a step's record to the summary of its run, and return that."""
    summary = update(s3, subject, lambda current: with_step(current, record))
    if record["cost"] is not None:
        log.info("cost: %s", words(record["cost"], summary))
    return summary


def update(s3: Any, subject: Subject, change: Callable[[Summary | None], Summary]) -> Summary:
    """Change the summary of a step's run, as `pointer.update` does."""
    bucket, key = storage.split_uri(subject.summary_uri)
    return pointer.update(s3, {"Bucket": bucket, "Key": key}, change)


def read(s3: Any, uri: str) -> Summary | None:
    """Return the summary of a run, None before its first step ended or launched a job on a budget."""
    found: Summary | None = storage.find_json(s3, uri)
    return found


def words(cost: Mapping[str, Any], summary: Summary) -> str:
    """Return what a step did cost, and its run so far, in one line."""
    if cost["usd"] is None:
        return f"unknown: {cost['problem']}"
    hourly = f", and {dollars(cost['usd_per_hour'])} an hour from now on" if cost.get("usd_per_hour") else ""
    saved = "".join(
        f", {dollars(cost[key])} saved by {how}"
        for key, how in (("spot_saved_usd", "spot instances"), ("cache_saved_usd", "the cache"))
        if cost.get(key)
    )
    source = f" at {cost['prices']}" if "prices" in cost else ""
    return f"{dollars(cost['usd'])}{source}{hourly}{saved}; the run so far: {dollars(summary['usd'])}"


def total_words(summary: Summary) -> list[str]:
    """Return what a run did cost, a line for each thing to know."""
    lines = [f"cost at list prices: {dollars(summary['usd'])}"]
    cached = [name for name, step in summary["steps"].items() if step["cached_from"]]
    if cached:
        saved = f"; that saved {dollars(summary['cache_saved_usd'])}" if summary["cache_saved_usd"] else ""
        lines.append(f"taken from earlier runs: {', '.join(cached)}{saved}")
    if summary["spot_saved_usd"]:
        lines.append(f"saved by spot instances: {dollars(summary['spot_saved_usd'])}")
    if summary["usd_per_hour"]:
        lines.append(f"what is in service costs {dollars(summary['usd_per_hour'])} an hour")
    if summary["unpriced"]:
        lines.append(f"not in it, for nobody knows their prices: {', '.join(summary['unpriced'])}")
    return lines


def _whole(dag: str, run: str, steps: Mapping[str, Any], launches: Mapping[str, float]) -> Summary:
    return {
        "version": VERSION,
        "dag": dag,
        "run": run,
        "started_at": min((step["started_at"] for step in steps.values()), default=None),
        "ended_at": max((step["ended_at"] for step in steps.values()), default=None),
        **{key: _sum(steps, key) for key in _SUMS},
        "unpriced": sorted(name for name, step in steps.items() if step["cost"] and step["cost"]["usd"] is None),
        "steps": steps,
        "launches": launches,
    }


def _steps(summary: Summary | None) -> dict[str, Any]:
    return summary["steps"] if summary else {}


def _step(record: Mapping[str, Any]) -> dict[str, Any]:
    cached = record["cached_from"]
    return {
        **{key: record[key] for key in ("state", "started_at", "ended_at", "seconds", "cost")},
        "job": record["job"]["name"] if record["job"] else None,
        "cached_from": cached["run"] if cached else None,
    }


def _sum(steps: Mapping[str, Any], key: str) -> float:
    return rounded(sum((step["cost"] or {}).get(key) or 0.0 for step in steps.values()))
