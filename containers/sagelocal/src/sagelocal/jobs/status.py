"""What a job's document says at each point of its life; pure changes, applied by the store in one step."""

from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

ENDED = {"Completed", "Failed", "Stopped"}
MAX_REASON = 1024  # characters; the length of FailureReason in the API
NOUNS = {"training_job": "Training", "processing_job": "Processing", "transform_job": "Transform"}
STATUS_MEMBER = {kind: f"{noun}JobStatus" for kind, noun in NOUNS.items()}

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SecondaryStatusTransition.html
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


@dataclass(frozen=True)
class Ending:
    """How a job ended."""

    status: str  # Completed, Failed or Stopped
    secondary: str = ""  # where it differs from the status
    reason: str = ""  # FailureReason
    members: dict[str, Any] = field(default_factory=dict)  # more members of the Describe response


def status_of(kind: str, document: Document) -> str:
    """Return a job's status."""
    status: str = document["describe"][STATUS_MEMBER[kind]]
    return status


def enter(document: Document, secondary: str, now: float, message: str = "") -> None:
    """Put a training job into a secondary status, or say more about the one it is in."""
    describe = document["describe"]
    message = message or MESSAGES[secondary]
    transitions = describe.setdefault("SecondaryStatusTransitions", [])
    if transitions and transitions[-1]["Status"] == secondary:
        transitions[-1]["StatusMessage"] = message
    else:
        if transitions:
            transitions[-1]["EndTime"] = now
        transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
    describe.update(SecondaryStatus=secondary, LastModifiedTime=now)


def progress(kind: str, document: Document, secondary: str, now: float, message: str = "") -> None:
    """Record a step of a job that nobody has stopped; a stopping job stays so."""
    if status_of(kind, document) != "InProgress":
        return
    describe = document["describe"]
    if kind == "training_job":
        enter(document, secondary, now, message)
        if secondary == "Downloading":
            describe.setdefault("TrainingStartTime", now)
    elif secondary == "Training":
        describe.setdefault(f"{NOUNS[kind]}StartTime", now)
    describe["LastModifiedTime"] = now


def want_stop(kind: str, document: Document, now: float) -> None:
    """Record that somebody wants the job to stop."""
    if status_of(kind, document) != "InProgress":
        return
    document["describe"].update({STATUS_MEMBER[kind]: "Stopping", "LastModifiedTime": now})
    if kind == "training_job":
        enter(document, "Stopping", now)


def end(kind: str, document: Document, ending: Ending, now: float) -> None:
    """Record the end of a job; a job that has ended stays as it is."""
    if status_of(kind, document) in ENDED:
        return
    describe = document["describe"]
    describe.update({**ending.members, STATUS_MEMBER[kind]: ending.status, "LastModifiedTime": now})
    if ending.reason:
        describe["FailureReason"] = ending.reason[:MAX_REASON]
    if kind == "training_job":
        enter(document, ending.secondary or ending.status, now, ending.reason[:MAX_REASON])
        describe["SecondaryStatusTransitions"][-1]["EndTime"] = now
        describe["TrainingEndTime"] = now
        if "TrainingStartTime" in describe:
            seconds = max(1, round(now - describe["TrainingStartTime"]))
            describe.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
    else:
        describe[f"{NOUNS[kind]}EndTime"] = now
        if ending.secondary:  # such a job has no secondary status that could say it
            describe.setdefault("FailureReason", MESSAGES[ending.secondary].replace("Training", NOUNS[kind]))
