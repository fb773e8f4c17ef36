"""Managed warm pools: what AWS tells of instances that are kept for the next job.

Jobs here share one machine, which is always warm: what is kept is the account of it, so that whoever reads a warm
pool's status, lists by it or ends it by UpdateTrainingJob finds what AWS says.
https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.jobs.status import ENDED
from sagelocal.sagemaker.resources import TRAINING_JOB

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

Json = dict[str, Any]
KIND = "warm_pool"  # of the documents that name the jobs whose pools may be there
_MATCHED = ("RoleArn", "VpcConfig", "EnableInterContainerTrafficEncryption", "EnableNetworkIsolation")
_MATCHED_RESOURCES = ("InstanceType", "InstanceCount", "InstanceGroups", "VolumeSizeInGB", "VolumeKmsKeyId")


def with_pool(describe: Json, now: float) -> Json:
    """Return a training job's description with the status that its warm pool has by now, if it has one."""
    period = (describe.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds", 0)
    kept: Json = describe.get("WarmPoolStatus") or {}
    if kept or not period:
        return describe
    if describe["TrainingJobStatus"] not in ENDED:
        return {**describe, "WarmPoolStatus": {"Status": "InUse"}}
    # A pool is retained by a job that completed.
    seconds = now - describe["TrainingEndTime"] if describe["TrainingJobStatus"] == "Completed" else period
    retained = round(min(seconds, period)) if describe["TrainingJobStatus"] == "Completed" else 0
    status = "Available" if seconds < period else "Terminated"
    return {**describe, "WarmPoolStatus": {"Status": status, "ResourceRetainedBillableTimeInSeconds": retained}}


def is_available(describe: Json, now: float) -> bool:
    """Tell whether a training job has a warm pool for the next one."""
    return bool(with_pool(describe, now).get("WarmPoolStatus", {}).get("Status") == "Available")


def begin(backend: Backend, describe: Json, now: float) -> None:
    """Let a new job take the first warm pool that matches it, and have one of its own if it asks for it."""
    for document in backend.store.list(KIND):
        name = document["TrainingJobName"]
        other = (backend.store.get(TRAINING_JOB.kind, name) or {}).get("describe")
        if other is None or (other["TrainingJobStatus"] in ENDED and not is_available(other, now)):
            backend.store.delete(KIND, name)
        elif _matches(other, describe) and _end(backend, name, now, "Reused", ReusedByJob=describe["TrainingJobName"]):
            break
    if describe["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
        name = describe["TrainingJobName"]
        backend.store.create(KIND, name, {"TrainingJobName": name})


def update(backend: Backend, name: str, period: int, now: float) -> None:
    """Keep a job's warm pool for so many seconds after its end; 0 ends it."""

    def change(document: Document) -> None:
        document["describe"]["ResourceConfig"]["KeepAlivePeriodInSeconds"] = period

    if period == 0 and _end(backend, name, now, "Terminated"):
        return
    TRAINING_JOB.update(backend, name, change)


def _end(backend: Backend, name: str, now: float, status: str, **members: str) -> bool:
    """End a job's warm pool; return False if it is not available."""
    ended = False

    def change(document: Document) -> None:
        nonlocal ended
        ended = is_available(document["describe"], now)
        if ended:
            pool = with_pool(document["describe"], now)["WarmPoolStatus"]
            document["describe"]["WarmPoolStatus"] = {**pool, "Status": status, **members}

    backend.store.update(TRAINING_JOB.kind, name, change)
    return ended


def _matches(one: Json, other: Json) -> bool:
    resources = one["ResourceConfig"], other["ResourceConfig"]
    return all(one.get(name) == other.get(name) for name in _MATCHED) and all(
        resources[0].get(name) == resources[1].get(name) for name in _MATCHED_RESOURCES
    )
