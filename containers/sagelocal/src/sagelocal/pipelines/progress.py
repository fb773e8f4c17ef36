"""What the document of an execution says at each point of its life; pure changes, applied by the store in one step.

`steps` holds a row for each step that has begun, in that order, written before its job is created: name, type, status,
StartTime, attempt (from 1) and `child`, the name of what it creates, the same one after a restart; `arguments`, with
what their references stand for. Once it is created also arn; once it has ended EndTime, `properties` (what references
to it stand for) and reason. `begin_at` is there while it waits to be tried again, `cached` if an earlier execution's
result stands for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from sagelocal.errors import validation_error
from sagelocal.events.event import iso
from sagelocal.pipelines import conditions, retries
from sagelocal.pipelines.definition import Step, parse
from sagelocal.pipelines.kinds import CONDITION, FAIL, KINDS
from sagelocal.pipelines.references import Scope, UnresolvedError

Document = dict[str, Any]
Row = dict[str, Any]
Read = Callable[[str], Any]  # S3 URI -> the JSON document there

STATUS = "PipelineExecutionStatus"
ENDED = {"Succeeded", "Failed", "Stopped"}  # of executions and of steps
SUCCEEDED, FAILED, STOPPED = "Succeeded", "Failed", "Stopped"
MAX_REASON, MAX_STEP_REASON = 1300, 1024  # characters, by the API's model
STEPS_FAILED = "Step failure: One or multiple steps failed."
_SUFFIX = 10
_STEP_PART = 20  # characters of a step's name that are in the name of what it creates
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def status_of(document: Document) -> str:
    """Return an execution's status."""
    status: str = document["describe"][STATUS]
    return status


def running(document: Document) -> list[Row]:
    """Return the steps that have begun and not ended."""
    return [row for row in document["steps"] if row["status"] not in ENDED]


def ready(document: Document) -> list[Step]:
    """Return the steps that are to begin now."""
    rows = {row["name"]: row for row in document["steps"]}
    if status_of(document) != "Executing" or any(row["status"] in (FAILED, STOPPED) for row in rows.values()):
        return []
    most = (document["describe"].get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps")
    found = [
        step
        for step in parse(document["definition"]).steps
        if step.name not in rows
        and all(rows.get(name, {}).get("status") == SUCCEEDED for name in step.depends_on)
        and (step.branch is None or rows[step.branch[0]]["properties"]["Outcome"] == str(step.branch[1]))
    ]
    return found if most is None else found[: max(0, most - len(running(document)))]


def plan(document: Document, step: Step, now: float, read: Read) -> Row:
    """Return the row of a step that begins; Condition and Fail steps have ended by that."""
    row: Row = {"name": step.name, "type": step.type, "status": "Starting", "StartTime": now, "attempt": 1}
    scope = _scope(document, step, now, read)
    try:
        if step.type == CONDITION:
            outcome = all(conditions.holds(condition, scope.resolve) for condition in step.arguments["Conditions"])
            return row | {"status": SUCCEEDED, "EndTime": now, "properties": {"Outcome": str(outcome)}}
        row["arguments"] = scope.resolve(step.arguments)
    except UnresolvedError as error:
        return row | {"status": FAILED, "EndTime": now, "reason": f"ClientError: {error}."[:MAX_STEP_REASON]}
    if step.type == FAIL:
        message = str(row["arguments"].get("ErrorMessage") or "")
        return row | {"status": FAILED, "EndTime": now, "reason": message[:MAX_STEP_REASON]}
    return row | {"child": child_name(document, row)}


def experiment(document: Document, config: Document) -> Document:
    """Return the PipelineExperimentConfig of a new execution."""
    scope = Scope(document["parameters"], _variables(document, document["describe"]["CreationTime"]), {}, str)
    try:
        found: Document = scope.resolve(config)
    except UnresolvedError as error:
        raise validation_error(f"PipelineExperimentConfig: {error}.") from error
    return found


def _variables(document: Document, now: float) -> Document:
    describe = document["describe"]
    arn: str = describe["PipelineExecutionArn"]
    return {
        "PipelineName": describe["PipelineArn"].rpartition("/")[2],
        "PipelineArn": describe["PipelineArn"],
        "PipelineExecutionId": arn.rpartition("/")[2],
        "PipelineExecutionArn": arn,
        "StartDateTime": iso(describe["CreationTime"]),
        "CurrentDateTime": iso(now),
    }


def _scope(document: Document, step: Step, now: float, read: Read) -> Scope:
    execution = _variables(document, now)
    if step.type in ("Training", "Processing"):
        named = child_name(document, {"name": step.name, "type": step.type, "attempt": 1, "arguments": step.arguments})
        execution[f"{step.type}JobName"] = named
    steps = {row["name"]: row["properties"] for row in document["steps"] if row["status"] == SUCCEEDED}
    return Scope(document["parameters"], execution, steps, read)


def child_name(document: Document, row: Row) -> str:
    """Return the name of what an attempt of a step creates: `pipelines-<execution>-<step>-<10 characters>`.

    A name among the arguments is the beginning of it, or all of it where AWS takes it as it is.
    """
    kind = KINDS[row["type"]]
    execution = document["describe"]["PipelineExecutionArn"].rpartition("/")[2]
    given = row["arguments"].get(kind.resource.name_member)
    if isinstance(given, str) and kind.named:
        return given
    suffix = _digest(f"{execution}/{row['name']}/{document['round']}/{row['attempt']}")
    step = row["name"].replace("_", "-")
    head = f"{given}-{execution}" if isinstance(given, str) else f"pipelines-{execution}-{step[:_STEP_PART]}"
    room = kind.longest - len(suffix) - 1
    if len(head) > room:
        short, long = (given, f"-{execution}") if isinstance(given, str) else (f"{execution}-{step}", "")
        head = short[: room - len(long)] + long
    return f"{head}-{suffix}"


def _digest(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    found = ""
    for _ in range(_SUFFIX):
        number, digit = divmod(number, len(_DIGITS))
        found += _DIGITS[digit]
    return found


def begin(document: Document, rows: Iterable[Row], now: float) -> None:
    """Write down that steps begin; not if somebody has stopped the execution meanwhile."""
    if status_of(document) == "Executing":
        document["steps"] += rows
        document["describe"]["LastModifiedTime"] = now


def created(document: Document, name: str, arn: str) -> None:
    """Record that what a step creates is there."""
    row = _row(document, name)
    row.update(arn=arn, status="Executing")


def stopping(document: Document, name: str) -> None:
    """Record that a step was told to stop."""
    _row(document, name)["status"] = "Stopping"


def succeed(document: Document, name: str, properties: Document, now: float) -> None:
    """Record that a step succeeded."""
    _row(document, name).update(status=SUCCEEDED, EndTime=now, properties=properties)


def stop(document: Document, name: str, now: float) -> None:
    """Record that a step was stopped."""
    _row(document, name).update(status=STOPPED, EndTime=now)


def fail(document: Document, name: str, cause: str, reason: str, now: float) -> None:
    """Record that an attempt of a step failed: the step too, or there will be another one."""
    row = _row(document, name)
    policies = parse(document["definition"]).step(name).members.get("RetryPolicies") or ()
    seconds = retries.pause(policies, cause, row["attempt"], now - row["StartTime"])
    if seconds is None or status_of(document) != "Executing":
        row.update(status=FAILED, EndTime=now, reason=reason[:MAX_STEP_REASON])
        return
    row.pop("arn", None)
    row.update(attempt=row["attempt"] + 1, status="Starting", begin_at=now + seconds)
    row["child"] = child_name(document, row)


def want_stop(document: Document, now: float) -> None:
    """Record that somebody wants the execution to stop."""
    if status_of(document) == "Executing":
        document["describe"].update({STATUS: "Stopping", "LastModifiedTime": now})


def end(document: Document, now: float) -> None:
    """Record the end of an execution of which no step runs and none is ready."""
    describe, rows = document["describe"], document["steps"]
    failed = [row for row in rows if row["status"] == FAILED]
    status = SUCCEEDED
    if status_of(document) == "Stopping":
        status = STOPPED
    elif failed:
        status = FAILED
        wanted = [row["reason"] for row in failed if row["type"] == FAIL and row["reason"]]
        describe["FailureReason"] = (wanted[0] if wanted else STEPS_FAILED)[:MAX_REASON]
    elif any(row["status"] == STOPPED for row in rows):
        status = STOPPED
    describe.update({STATUS: status, "LastModifiedTime": now})


def give_up(document: Document, reason: str, now: float) -> None:
    """Record the end of an execution that cannot go on."""
    for row in running(document):
        row.update(status=FAILED, EndTime=now, reason=reason[:MAX_STEP_REASON])
    document["describe"].update({STATUS: FAILED, "LastModifiedTime": now, "FailureReason": reason[:MAX_REASON]})


def again(document: Document, now: float) -> None:
    """Let an execution that failed or was stopped go on: what did not succeed runs once more."""
    document["steps"] = [row for row in document["steps"] if row["status"] == SUCCEEDED]
    document["round"] += 1
    document["describe"].pop("FailureReason", None)
    document["describe"].update({STATUS: "Executing", "LastModifiedTime": now})


def _row(document: Document, name: str) -> Row:
    row: Row = next(row for row in document["steps"] if row["name"] == name)
    return row
