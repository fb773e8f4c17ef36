"""What a job's document says at each point of its life; pure changes, applied by the store in one step."""

from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

ENDED = {"Completed", "Failed", "Stopped"}
LOST = {"Interrupted", "Restarting"}  # secondary statuses of a job that lost its instances and gets new ones
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
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
    "Interrupted": "The managed spot training instances were interrupted",
    "Restarting": "Restarting the training job",
}
NO_CAPACITY = "Insufficient capacity error from EC2 while launching instances, retrying!"
SPOT_PRICE = 0.3  # of the price on demand; on AWS it changes by the hour, and 70 % is a usual saving


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
    """Record a step of a job; of one that is stopping only that it uploads what it has."""
    status = status_of(kind, document)
    if status != "InProgress" and (status, secondary) != ("Stopping", "Uploading"):
        return
    describe = document["describe"]
    if kind == "training_job":
        enter(document, secondary, now, message)
        if secondary == "Downloading":
            describe.setdefault("TrainingStartTime", now)
    elif secondary == "Training":
        describe.setdefault(f"{NOUNS[kind]}StartTime", now)
    describe["LastModifiedTime"] = now


def want_stop(kind: str, document: Document, now: float, exceeded: str = "") -> None:
    """Record that somebody wants the job to stop, or that it has exceeded a limit."""
    if status_of(kind, document) != "InProgress":
        return
    life_of(document)["exceeded"] = exceeded
    document["describe"].update({STATUS_MEMBER[kind]: "Stopping", "LastModifiedTime": now})
    if kind == "training_job":
        enter(document, "Stopping", now)


# Beside its request and description a document keeps in "life" what its former attempts leave to the next one:
# attempt    number of the attempt, from 0
# lost       {"status": why the attempt lost its instances, "wait": seconds until there are new ones}, once it is known
# ready_at   when there are new instances, epoch seconds
# ran        seconds that former attempts' containers ran
# trained    seconds that former attempts had instances
# retries    how often it was restarted after an internal error
# exceeded   the limit because of which it stops


def life_of(document: Document) -> dict[str, Any]:
    """Return what a job's former attempts leave to the next one."""
    life: dict[str, Any] = document.setdefault("life", {})
    return life


def lose(kind: str, document: Document, status: str, wait: float = 0.0) -> None:
    """Record that this attempt loses its instances: `status` is Interrupted or Restarting."""
    if status_of(kind, document) == "InProgress":
        life_of(document).setdefault("lost", {"status": status, "wait": wait})


def begin_again(kind: str, document: Document, now: float, ran: float) -> None:
    """Let the next attempt begin, after this one lost its instances when its container had run so many seconds."""
    life = life_of(document)
    lost = life.pop("lost")
    life["attempt"] = life.get("attempt", 0) + 1
    life["ran"] = life.get("ran", 0.0) + ran
    life["trained"] = _trained(document, now)
    life["retries"] = life.get("retries", 0) + (lost["status"] == "Restarting")
    life["ready_at"] = now + lost["wait"]
    progress(kind, document, lost["status"], now)


def _trained(document: Document, now: float) -> float:
    """Return how many seconds all attempts together have had instances."""
    trained: float = life_of(document).get("trained", 0.0)
    for transition in reversed(document["describe"].get("SecondaryStatusTransitions", [])):
        if transition["Status"] in LOST:
            break
        if transition["Status"] == "Downloading":
            return trained + now - float(transition["StartTime"])
    return trained


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
            seconds = max(1, round(_trained(document, now)))
            billed = max(1, round(seconds * SPOT_PRICE)) if describe.get("EnableManagedSpotTraining") else seconds
            describe.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=billed)
    else:
        describe[f"{NOUNS[kind]}EndTime"] = now
        if ending.secondary:  # such a job has no secondary status that could say it
            describe.setdefault("FailureReason", MESSAGES[ending.secondary].replace("Training", NOUNS[kind]))
