"""What the steps of an execution create: made once by their names, looked at, and stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sagelocal import validation
from sagelocal.operations import OPERATIONS
from sagelocal.pipelines.kinds import KINDS, Kind
from sagelocal.sagemaker.model_packages import TOKEN
from sagelocal.sagemaker.resources import ENDPOINT, MODEL_PACKAGE, TUNING_JOB
from sagelocal.wire import operation_model

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.pipelines.progress import Row

Json = dict[str, Any]

_STATES = {"Completed": "Succeeded", "InService": "Succeeded", "Failed": "Failed", "Stopped": "Stopped"}
_TOP = 50  # of a tuning job's training jobs are a step's properties


@dataclass(frozen=True)
class Seen:
    """Say how a child is."""

    state: str  # Executing, Succeeded, Failed or Stopped
    reason: str = ""
    properties: Json = field(default_factory=dict)


def find(backend: Backend, row: Row) -> str | None:
    """Return the ARN of what a step, whose row is stored, has created; None if it has not yet."""
    kind, child = KINDS[row["type"]], row["child"]
    if kind.resource is MODEL_PACKAGE:  # it has no name of its own: the token makes it one
        used = backend.store.get(TOKEN, child)
        return str(used["ModelPackageArn"]) if used else None
    there = backend.store.get(kind.resource.kind, child)
    if there is None:
        return None
    if kind.resource is ENDPOINT:  # it may be there from before, and is updated then
        ours = there["WantedConfigName"] == row["arguments"]["EndpointConfigName"]
    else:  # one that is older than the step is somebody else's
        ours = there["describe"]["CreationTime"] >= row["StartTime"]
    return kind.resource.arn(backend, child) if ours else None


def launch(backend: Backend, row: Row) -> str:
    """Create what a step creates, unless a former server did so, and return its ARN; AwsError if it cannot be."""
    if made := find(backend, row):
        return made
    kind, child = KINDS[row["type"]], row["child"]
    operation, member = kind.operation, "ClientToken" if kind.resource is MODEL_PACKAGE else kind.resource.name_member
    request = {**row["arguments"], member: child}
    if kind.resource is ENDPOINT and backend.store.get(ENDPOINT.kind, child) is not None:
        operation = "UpdateEndpoint"
        request = {"EndpointName": child, "EndpointConfigName": request["EndpointConfigName"]}
    return str(_call(backend, operation, request)[kind.resource.arn_member])


def look(backend: Backend, row: Row) -> Seen:
    """Say how what a step created is."""
    kind = KINDS[row["type"]]
    name = kind.resource.name_of(backend, row["arn"])
    document = backend.store.get(kind.resource.kind, name)
    if document is None:
        return Seen("Failed", f"{row['arn']} was deleted")
    describe = document["describe"]
    if kind.status is None:
        return Seen("Succeeded", properties=_properties(backend, kind, name))
    state = _STATES.get(describe[kind.status], "Executing")
    if kind.resource is ENDPOINT and state == "Succeeded":
        wanted = row["arguments"]["EndpointConfigName"]
        if describe["EndpointConfigName"] != wanted:
            return Seen("Failed", f"{row['arn']} was rolled back from {wanted}: {describe.get('FailureReason', '')}")
    properties = _properties(backend, kind, name) if state == "Succeeded" else {}
    return Seen(state, describe.get("FailureReason", ""), properties)


def _properties(backend: Backend, kind: Kind, name: str) -> Json:
    found = OPERATIONS["sagemaker", kind.describes](backend, {kind.resource.name_member: name})
    if kind.resource is not TUNING_JOB:
        return found
    objective = found.get("HyperParameterTuningJobConfig", {}).get("HyperParameterTuningJobObjective") or {}
    order = "Ascending" if objective.get("Type") == "Minimize" else "Descending"
    request = {kind.resource.name_member: name, "SortBy": "FinalObjectiveMetricValue", "MaxResults": _TOP}
    operation = OPERATIONS["sagemaker", "ListTrainingJobsForHyperParameterTuningJob"]
    return found | {"TrainingJobSummaries": operation(backend, {**request, "SortOrder": order})["TrainingJobSummaries"]}


def stop(backend: Backend, row: Row) -> bool:
    """Stop a job; return False if what the step created cannot be stopped, or need not be."""
    kind = KINDS[row["type"]]
    document = backend.store.get(kind.resource.kind, row["child"])
    if document is None or kind.status is None or document["describe"][kind.status] != "InProgress":
        return False
    if kind.resource is TUNING_JOB:
        backend.tuning.stop(row["child"])
    else:
        backend.jobs.stop(kind.resource.kind, row["child"])
    return True


def _call(backend: Backend, name: str, request: Json) -> Json:
    """Call an operation as a client would: its request is checked."""
    operation = operation_model("sagemaker", name)
    if operation is None:
        raise LookupError(name)
    validation.check_types(operation, request)
    validation.validate(operation, request)
    return OPERATIONS["sagemaker", name](backend, request)
