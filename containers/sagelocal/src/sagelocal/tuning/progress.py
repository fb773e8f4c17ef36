"""What a tuning job's document says at each point of its life; pure changes, applied by the store in one step.

`children` holds a row for each training job, in the order of their numbers, written before the job is created: number,
name, definition (its index), parameters, CreationTime and status; once the job has ended also objective (its metric's
last value, or None), reason and ended (a time). `ending` is there once it is decided how the tuning job ends: its
running training jobs are stopped first.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from sagelocal.tuning.definition import child_name, definitions, job_limit, next_definition, search
from sagelocal.tuning.search import Trial

Document = dict[str, Any]
Child = dict[str, Any]

STATUS = "HyperParameterTuningJobStatus"
ENDED = {"Completed", "Failed", "Stopped"}
RUNNING = "InProgress"  # a child whose end is not recorded yet
HOPELESS = 5  # failed training jobs in a row without a success before them, after which AWS gives up
IMPROVEMENT = 0.01  # less than one percent is no improvement, as the API's model says
NOTHING_SUCCEEDED = (
    "No training job succeeded after {attempts} attempts. "
    "Please take a look at the training job failures to get more details."
)


def status_of(document: Document) -> str:
    """Return a tuning job's status."""
    status: str = document["describe"][STATUS]
    return status


def running(document: Document) -> list[Child]:
    """Return the training jobs whose end is not recorded."""
    return [child for child in document["children"] if child["status"] == RUNNING]


def wants_more(document: Document) -> bool:
    """Say whether another training job is to be launched now."""
    if "ending" in document:
        return False
    request = document["request"]
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    if len(running(document)) >= limits["MaxParallelTrainingJobs"]:
        return False
    return len(document["children"]) < job_limit(request, definitions(request))


def plan(document: Document, parents: list[Trial], now: float) -> None:
    """Add the row of the next training job."""
    request, children = document["request"], document["children"]
    of = definitions(request)
    counts = [sum(child["definition"] == index for child in children) for index in range(len(of))]
    index = next_definition(request, of, counts)
    past = [
        Trial(child["parameters"], child.get("objective"))
        for child in children
        if child["definition"] == index and (child["status"] == RUNNING or child["objective"] is not None)
    ]
    number = len(children) + 1
    children.append(
        {
            "number": number,
            "name": child_name(request["HyperParameterTuningJobName"], number, document["describe"]["CreationTime"]),
            "definition": index,
            "parameters": search(request, of, index).propose(counts[index], [*parents, *past]),
            "CreationTime": now,
            "status": RUNNING,
        }
    )
    count(document, now)


def record(document: Document, ended: dict[str, Document], now: float) -> None:
    """Note the end of training jobs, given their Describe responses by name, and whether that ends the tuning job."""
    metrics = [definition.metric for definition in definitions(document["request"])]
    for child in running(document):
        if describe := ended.get(child["name"]):
            child["status"] = describe["TrainingJobStatus"]
            child["objective"] = _final(describe, metrics[child["definition"]])
            child["reason"] = describe.get("FailureReason", "")
            child["ended"] = now
    count(document, now)


def forget(document: Document, names: Collection[str]) -> None:
    """Remove the rows of training jobs that will never be created."""
    document["children"] = [child for child in document["children"] if child["name"] not in names]


def decide(document: Document, now: float) -> None:
    """Write down how the tuning job ends, if it is decided and was not before."""
    if "ending" in document or status_of(document) in ENDED:
        return
    ending = _ending(document, now)
    if ending is not None:
        status, reason = ending
        document["ending"] = {"status": status, "reason": reason}


def _ending(document: Document, now: float) -> tuple[str, str] | None:
    if status_of(document) == "Stopping":
        return "Stopped", ""
    request, children = document["request"], document["children"]
    over = [child for child in children if child["status"] != RUNNING]
    limit = job_limit(request, definitions(request))
    if len(over) >= min(HOPELESS, limit) and all(child["status"] == "Failed" for child in over):
        return "Failed", NOTHING_SUCCEEDED.format(attempts=len(over))
    if len(over) == limit or _criterion_met(document, now):
        return "Completed", ""
    return None


def _criterion_met(document: Document, now: float) -> bool:
    config = document["request"]["HyperParameterTuningJobConfig"]
    longest = config["ResourceLimits"].get("MaxRuntimeInSeconds")
    if longest is not None and now - document["describe"]["CreationTime"] >= longest:
        return True
    criteria = config.get("TuningJobCompletionCriteria") or {}
    maximize = definitions(document["request"])[0].maximize
    target = criteria.get("TargetObjectiveMetricValue")
    best = best_child(document["children"], maximize)
    if target is not None and best is not None and not _better(target, best["objective"], maximize):
        return True
    patience = (criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving")
    return patience is not None and not_improving(document["children"], maximize) >= patience


def want_stop(document: Document, now: float) -> None:
    """Record that somebody wants the tuning job to stop."""
    if status_of(document) == "InProgress":
        document["describe"].update({STATUS: "Stopping", "LastModifiedTime": now})


def end(document: Document, now: float) -> None:
    """Record the end of the tuning job, as it was decided."""
    ending, describe = document["ending"], document["describe"]
    describe.update({STATUS: ending["status"], "HyperParameterTuningEndTime": now, "LastModifiedTime": now})
    if ending["reason"]:
        describe["FailureReason"] = ending["reason"]
    describe["ConsumedResources"] = {"RuntimeInSeconds": max(1, round(now - describe["CreationTime"]))}


def count(document: Document, now: float) -> None:
    """Bring the counters of the Describe response up to the children."""
    children, describe = document["children"], document["describe"]
    statuses = [_counter(child) for child in children]
    objectives = [objective_status(child) for child in children]
    describe["TrainingJobStatusCounters"] = {name: statuses.count(name) for name in TRAINING_COUNTERS}
    describe["ObjectiveStatusCounters"] = {name: objectives.count(name) for name in OBJECTIVE_COUNTERS}
    maximize = definitions(document["request"])[0].maximize
    describe["TuningJobCompletionDetails"] = {
        "NumberOfTrainingJobsObjectiveNotImproving": not_improving(children, maximize)
    }
    describe["LastModifiedTime"] = now


TRAINING_COUNTERS = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
OBJECTIVE_COUNTERS = ("Succeeded", "Pending", "Failed")


def _counter(child: Child) -> str:
    if child["status"] != "Failed":
        return str(child["status"])
    return "RetryableError" if child["reason"].startswith("InternalServerError") else "NonRetryableError"


def objective_status(child: Child) -> str:
    """Return a training job's ObjectiveStatus."""
    if child["status"] == RUNNING:
        return "Pending"
    return "Failed" if child["objective"] is None else "Succeeded"


def best_child(children: list[Child], maximize: bool) -> Child | None:
    """Return the training job with the best objective, the first of equal ones; None if none has one."""
    valued = [child for child in children if child.get("objective") is not None]
    choose = max if maximize else min
    return choose(valued, key=lambda child: child["objective"]) if valued else None


def not_improving(children: list[Child], maximize: bool) -> int:
    """Return how many training jobs have ended since the objective last became better by one percent."""
    best: float | None = None
    since = 0
    over = [child for child in children if child["status"] != RUNNING]
    for child in sorted(over, key=lambda child: child["ended"]):
        value = child["objective"]
        if value is not None and (best is None or _better(value, best + _margin(best, maximize), maximize)):
            best, since = value, 0
        else:
            since += 1
    return since


def _margin(best: float, maximize: bool) -> float:
    margin = abs(best) * IMPROVEMENT
    return margin if maximize else -margin


def _better(one: float, other: float, maximize: bool) -> bool:
    return one > other if maximize else one < other


def _final(describe: Document, metric: str) -> float | None:
    """Return the value of the objective of a training job that has ended; a failed one has none."""
    if describe["TrainingJobStatus"] == "Failed":
        return None
    values = [item["Value"] for item in describe.get("FinalMetricDataList") or [] if item["MetricName"] == metric]
    return values[-1] if values and math.isfinite(values[-1]) else None
