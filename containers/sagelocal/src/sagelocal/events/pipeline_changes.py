"""From an execution of a pipeline that changed to SageMaker's events about it and about its steps.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html#eventbridge-pipeline
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sagelocal.events.event import iso

if TYPE_CHECKING:
    from sagelocal.store import Document

EXECUTION = "SageMaker Model Building Pipeline Execution Status Change"
STEP = "SageMaker Model Building Pipeline Execution Step Status Change"
STATUS = "PipelineExecutionStatus"
_ENDED = ("Succeeded", "Failed", "Stopped")
# The member of an event's metadata for each type of step that makes something.
_METADATA = {
    "Training": "trainingJob",
    "Processing": "processingJob",
    "Transform": "transformJob",
    "Tuning": "tuningJob",
    "Model": "model",
    "RegisterModel": "registerModel",
    "EndpointConfig": "endpointConfig",
    "Endpoint": "endpoint",
}


def changes_of(before: Document | None, after: Document) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Yield detail type, resources and detail of each event about a change of an execution's document."""
    describe = after["describe"]
    arns = {"pipelineArn": describe["PipelineArn"], "pipelineExecutionArn": describe["PipelineExecutionArn"]}
    former = {row["name"]: row["status"] for row in before["steps"]} if before else {}
    for row in after["steps"]:
        if former.get(row["name"]) != row["status"]:
            yield STEP, list(arns.values()), _step(row, former.get(row["name"])) | arns
    previous = before["describe"][STATUS] if before else None
    if previous != describe[STATUS]:
        yield EXECUTION, list(arns.values()), _execution(describe, previous) | arns


def _execution(describe: Document, previous: str | None) -> Document:
    ended = describe[STATUS] in _ENDED
    return _present(
        pipelineExecutionDisplayName=describe.get("PipelineExecutionDisplayName"),
        pipelineExecutionDescription=describe.get("PipelineExecutionDescription"),
        currentPipelineExecutionStatus=describe[STATUS],
        previousPipelineExecutionStatus=previous,
        executionStartTime=iso(describe["CreationTime"]),
        executionEndTime=iso(describe["LastModifiedTime"]) if ended else None,
    )


def _step(row: Document, previous: str | None) -> Document:
    made = {_METADATA[row["type"]]: {"arn": row["arn"]}} if "arn" in row else {}
    if row["type"] == "Condition" and "properties" in row:
        made = {"condition": {"outcome": row["properties"]["Outcome"]}}
    return _present(
        metadata=made,
        stepStartTime=iso(row["StartTime"]),
        stepEndTime=iso(row["EndTime"]) if "EndTime" in row else None,
        stepName=row["name"],
        stepType=row["type"],
        previousStepStatus=previous,
        currentStepStatus=row["status"],
        failureReason=row.get("reason") or None,
        cacheHitResult={"sourcePipelineExecutionArn": row["cached"]} if "cached" in row else None,
    )


def _present(**members: Any) -> Document:
    return {name: value for name, value in members.items() if value is not None}
