"""A job as SageMaker describes it, and what it means when one ends badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import StepError, is_missing
from boatyard.aws.jobs.kinds import JOBS, JobKind
from boatyard.aws.notices.state_changes import StateChange, tell
from boatyard.aws.outcome import Outcome, outcome_of
from boatyard.aws.records.journal import note_job


@dataclass(frozen=True)
class Job:
    """A job as SageMaker describes it now."""

    kind: str
    name: str
    arn: str
    outcome: Outcome
    status: str
    reason: str
    description: dict[str, Any]


class JobError(StepError):
    """A job that ended badly. The message ends with SageMaker's FailureReason."""

    def __init__(self, job: Job) -> None:
        reason = f": {job.reason}" if job.reason else ""
        super().__init__(f"{job.kind} job {job.name} {job.outcome.value}{reason}")
        self.job = job
        # The same code on the same input fails the same way; a job that somebody stopped should stay stopped.
        # What is left, such as InternalServerError or CapacityError, is worth another try.
        self.permanent = job.outcome is not Outcome.FAILED or job.reason.startswith(("AlgorithmError", "ClientError"))


def describe(client: Any, kind: str, name: str, *, patience: float | None = None) -> Job | None:
    """Return the job of that name, `None` if there is none; `patience` as of `call`.

    The job is the step's own: it goes into its record, and what becomes of it is told.
    """
    job = look_up(client, kind, name, patience=patience)
    if job is not None:
        note_job(job, _asked_for(client, JOBS[kind], job.description))
        status = job.description[JOBS[kind].status_key]
        tell(StateChange(kind, name, status, job.outcome.value, job.reason, job.outcome.ended))
    return job


def look_up(client: Any, kind: str, name: str, *, patience: float | None = None) -> Job | None:
    """Return any job, whoever's it is, `None` if there is none."""
    spelling = JOBS[kind]
    try:
        found = call(client, f"describe_{spelling.method}", {spelling.name_key: name}, patience=patience)
    except client.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise
    status = found[spelling.status_key]
    secondary = found.get(spelling.secondary_key) if spelling.secondary_key else None
    return Job(
        kind=kind,
        name=name,
        arn=found[spelling.arn_key],
        outcome=outcome_of(kind, status, secondary),
        status=secondary or status,
        reason=found.get("FailureReason") or found.get("ExitMessage") or "",
        description=found,
    )


def _asked_for(client: Any, spelling: JobKind, found: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a description that the job was created with."""
    members = client.meta.service_model.operation_model(spelling.create).input_shape.members
    return {name: value for name, value in found.items() if name in members}


def expect(client: Any, kind: str, name: str) -> Job:
    job = describe(client, kind, name)
    if job is None:
        raise StepError(f"{kind} job {name} was claimed, but SageMaker does not describe it")
    return job
