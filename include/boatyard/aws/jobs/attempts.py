"""What several jobs of one step came to: each by itself, and what managed spot training saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boatyard.aws.jobs import Job
from boatyard.aws.jobs.facts import job_facts


def billable_seconds(jobs: Sequence[Job]) -> int | None:
    """Return what AWS bills for all of them, of one instance; `None` if it tells of none."""
    told = [seconds for job in jobs if (seconds := job_facts(job)["billable_seconds"]) is not None]
    return sum(told) if told else None


def attempts(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Return how each job ended, if there were several: the jobs of one training, failed attempts, cleared ones."""
    if len(jobs) < 2:
        return []
    return [
        {
            "name": job.name,
            "status": job.status,
            "reason": job.reason or None,
            "training_seconds": job.description.get("TrainingTimeInSeconds"),
            "billable_seconds": job_facts(job)["billable_seconds"],
        }
        for job in jobs
    ]


def spot(jobs: Sequence[Job]) -> dict[str, Any] | None:
    """Return what the spot jobs among them saved, `None` if there are none that have ended.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
    """
    found = [job.description for job in jobs if job.description.get("EnableManagedSpotTraining")]
    training = sum(job.get("TrainingTimeInSeconds") or 0 for job in found)
    billable = sum(job.get("BillableTimeInSeconds") or 0 for job in found)
    if training == 0:
        return None
    saving = round(100 * (1 - billable / training), 1)
    return {"training_seconds": training, "billable_seconds": billable, "saving_percent": saving}
