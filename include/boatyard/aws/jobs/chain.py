"""A training that takes longer than one job may run: each job goes on from the checkpoints of the one before.

The jobs of such a chain are the attempts of one generation, so that whoever claims after a crash at any instant finds
the newest of them, and nothing has to be remembered anywhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from boatyard.aws.errors import PermanentError
from boatyard.aws.jobs.job import Job, expect
from boatyard.aws.naming import earlier_attempts
from boatyard.aws.s3 import storage

TIME_WAS_UP = "MaxRuntimeExceeded"  # not MaxWaitTimeExceeded: there were no machines, and there may never be


class ChainError(PermanentError):
    """A training that cannot go on in a next job."""


def goes_on(job: Job, total: int | None) -> bool:
    """Tell whether another job may follow: of a training of `total` seconds in all, this one's time was up."""
    return total is not None and job.status == TIME_WAS_UP


def next_of_chain(
    client: Any, s3: Any, request: Callable[[str], dict[str, Any]], total: int | None
) -> Callable[[str], dict[str, Any]]:
    """Return `request` for the jobs of a training that may take `total` seconds in all; None: for a single job.

    The time of the jobs before is taken from the total, so that the last one gets what is left. `JobError` or
    `ChainError` say why no job may follow.
    """
    if total is None:
        return request

    def of_chain(name: str) -> dict[str, Any]:
        asked = request(name)
        before = [expect(client, "training", earlier) for earlier in earlier_attempts(name)]
        if not before:
            return asked
        left = total - sum(training_seconds(job) for job in before)
        _may_follow(s3, asked, before, left, total)
        condition = asked["StoppingCondition"]
        share = min(int(condition["MaxRuntimeInSeconds"]), left)
        return asked | {"StoppingCondition": condition | {"MaxRuntimeInSeconds": share}}

    return of_chain


def training_seconds(job: Job) -> int:
    """Return for how long a training job trained: without the time that a spot job waited for its machines."""
    return int(job.description.get("TrainingTimeInSeconds") or 0)


def _may_follow(s3: Any, asked: dict[str, Any], before: list[Job], left: int, total: int) -> None:
    last = before[-1]
    if left < 1:
        raise ChainError(
            f"training reached its time limit of {_span(total)} after {_counted(before)}"
            "; its checkpoints stay where they are"
        )
    if last.status != TIME_WAS_UP:  # it failed, or was never begun; whatever it saved, the next may use
        return
    place = asked.get("CheckpointConfig", {}).get("S3Uri")
    if place is None:
        raise ChainError(
            f"training job {last.name} reached its time limit, and without CheckpointConfig none can go on"
        )
    began = math.floor(last.description["TrainingStartTime"].timestamp())
    newest = storage.newest(s3, place)
    if newest is None or newest.timestamp() < began:
        raise ChainError(
            f"training job {last.name} reached its time limit and saved no checkpoint in {place}, so the next job "
            "would do the same again: the script has to save to /opt/ml/checkpoints what it needs to go on from there"
        )


def _span(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _counted(jobs: list[Job]) -> str:
    return f"1 job, {jobs[0].name}" if len(jobs) == 1 else f"{len(jobs)} jobs, the last of them {jobs[-1].name}"
