"""The job core: claim a job by its name, attach to it, wait for it, stop it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import ConflictError, StepError, error_code, error_message, is_missing, is_taken
from boatyard.aws.journal import note_job
from boatyard.aws.naming import OWNER_TAG, Owner, job_name
from boatyard.aws.outcome import Outcome, outcome_of
from boatyard.aws.typed import typed
from boatyard.aws.waiting import looks

log = logging.getLogger(__name__)

# An Amazon that is unreachable, or a local one that restarts, must not end the wait for a job that runs on.
WAITING_PATIENCE = 300.0


@dataclass(frozen=True)
class JobKind:
    """How one kind of job is spelled in SageMaker's API."""

    kind: str
    noun: str  # CreateTrainingJob, TrainingJobName, TrainingJobArn, TrainingJobStatus
    method: str  # create_training_job
    log_group: str
    secondary_key: str | None = None

    @property
    def name_key(self) -> str:
        """Return the request's member that carries the name, such as `TrainingJobName`."""
        return f"{self.noun}Name"

    @property
    def create(self) -> str:
        """Return the operation that makes such a job."""
        return f"Create{self.noun}"

    @property
    def arn_key(self) -> str:
        """Return the response's member that carries the ARN."""
        return f"{self.noun}Arn"

    @property
    def status_key(self) -> str:
        """Return the description's member that carries the status."""
        return f"{self.noun}Status"


JOBS: dict[str, JobKind] = {
    "training": JobKind(
        "training", "TrainingJob", "training_job", "/aws/sagemaker/TrainingJobs", secondary_key="SecondaryStatus"
    ),
    "processing": JobKind("processing", "ProcessingJob", "processing_job", "/aws/sagemaker/ProcessingJobs"),
    "transform": JobKind("transform", "TransformJob", "transform_job", "/aws/sagemaker/TransformJobs"),
}


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


def describe(client: Any, kind: str, name: str) -> Job | None:
    """Return the job of that name, `None` if there is none."""
    spelling = JOBS[kind]
    try:
        found = call(client, f"describe_{spelling.method}", {spelling.name_key: name}, patience=WAITING_PATIENCE)
    except client.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise
    status = found[spelling.status_key]
    secondary = found.get(spelling.secondary_key) if spelling.secondary_key else None
    job = Job(
        kind=kind,
        name=name,
        arn=found[spelling.arn_key],
        outcome=outcome_of(kind, status, secondary),
        status=secondary or status,
        reason=found.get("FailureReason") or found.get("ExitMessage") or "",
        description=found,
    )
    note_job(job, _asked_for(client, spelling, found))
    return job


def _asked_for(client: Any, spelling: JobKind, found: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a description that the job was created with."""
    members = client.meta.service_model.operation_model(spelling.create).input_shape.members
    return {name: value for name, value in found.items() if name in members}


def claim(
    client: Any,
    kind: str,
    request: Callable[[str], dict[str, Any]],
    owner: Owner,
    generation: int,
    prefix: str,
    on_name: Callable[[str], None] = lambda _: None,
) -> Job:
    """Make sure that exactly one job of `owner` and `generation` runs or succeeded, and return it.

    Creating under a name that is a function of the owner is the claim. Whoever comes second, after a crash at any
    instant, attaches; only a job that ended badly, or that is being stopped, gives way to the next attempt.
    `request` gives the request for a job of the name that it is told. `on_name` hears each name before it is
    created, so that a kill that comes while the call is under way knows what to stop.
    """
    stop_older_generations(client, kind, owner, generation, prefix)
    for attempt in count():
        name = job_name(prefix, owner, generation, attempt)
        on_name(name)
        asked = typed(client, f"create_{JOBS[kind].method}", request(name))
        filled = _own(asked, JOBS[kind], name, owner, generation)
        if _create(client, kind, filled):
            log.info("created %s job %s", kind, name)
            return _expect(client, kind, name)
        job = _attach(client, kind, filled, name, owner)
        if job.outcome is Outcome.STOPPING:
            job = wait(client, kind, name)
        if not job.outcome.ended_badly:
            return job
        log.info("%s job %s %s; the next attempt follows", kind, name, job.outcome.value)
    raise AssertionError("count() does not end")


def stop_older_generations(client: Any, kind: str, owner: Owner, generation: int, prefix: str) -> None:
    """Stop what an earlier generation of this task left running, and wait until it ended.

    Otherwise the stop that follows a person's clear a second later would hit the new job's inputs or outputs.
    """
    older = [job for number in range(generation) for job in _attempts(client, kind, owner, number, prefix)]
    running = [job for job in older if not job.outcome.ended]
    for job in running:
        log.info("stopping %s job %s of an earlier generation of this task", kind, job.name)
        stop(client, kind, job.name)
    for job in running:
        wait(client, kind, job.name)


def stop(client: Any, kind: str, name: str) -> bool:
    """Ask SageMaker to stop the job, and tell whether there was anything to stop."""
    spelling = JOBS[kind]
    try:
        call(client, f"stop_{spelling.method}", {spelling.name_key: name})
    except client.exceptions.ClientError as error:
        # already ended, or never created
        if error_code(error) in {"ValidationException", "ResourceNotFound"}:
            log.info("%s job %s is not running: %s", kind, name, error_message(error))
            return False
        raise
    return True


def wait(
    client: Any,
    kind: str,
    name: str,
    seconds: float | None = None,
    on_look: Callable[[Job], None] = lambda _: None,
) -> Job:
    """Look at the job until it ended or `seconds` have passed, and return it as last seen."""
    job: Job | None = None
    for _ in looks(seconds):
        job = describe(client, kind, name)
        if job is None:
            raise StepError(f"{kind} job {name} is gone")
        on_look(job)
        if job.outcome.ended:
            break
    assert job is not None  # noqa: S101  looks() looks at least once
    return job


def _own(request: dict[str, Any], spelling: JobKind, name: str, owner: Owner, generation: int) -> dict[str, Any]:
    tags = {tag["Key"]: tag for tag in [*request.get("Tags", []), *owner.tags(generation)]}
    return {**request, spelling.name_key: name, "Tags": list(tags.values())}


def _create(client: Any, kind: str, request: dict[str, Any]) -> bool:
    try:
        call(client, f"create_{JOBS[kind].method}", request)
    except client.exceptions.ClientError as error:
        if is_taken(error):
            return False
        raise
    return True


def _attach(client: Any, kind: str, request: dict[str, Any], name: str, owner: Owner) -> Job:
    job = _expect(client, kind, name)
    tags = {tag["Key"]: tag["Value"] for tag in call(client, "list_tags", {"ResourceArn": job.arn})["Tags"]}
    if tags.get(OWNER_TAG) != owner.digest:
        whose = tags.get(OWNER_TAG, "nobody that Boatyard knows")
        raise ConflictError(f"{kind} job {name} exists, but its owner is {whose}, not this task ({owner.digest})")
    log.info("attached to %s job %s, which %s", kind, name, job.outcome.value)
    different = differences(request, job.description)
    if different:
        log.warning("%s job %s was created by an older request; it differs in %s", kind, name, ", ".join(different))
    return job


def _expect(client: Any, kind: str, name: str) -> Job:
    job = describe(client, kind, name)
    if job is None:
        raise StepError(f"{kind} job {name} was claimed, but SageMaker does not describe it")
    return job


def _attempts(client: Any, kind: str, owner: Owner, generation: int, prefix: str) -> Iterator[Job]:
    for attempt in count():
        job = describe(client, kind, job_name(prefix, owner, generation, attempt))
        if job is None:
            return
        yield job


def differences(request: Any, description: Any, path: str = "") -> list[str]:
    """Return the members of `request` that `description` does not show with the same value.

    Tags are not part of a description; members that AWS added by itself are no difference.
    """
    match request, description:
        case dict(), dict():
            members = ((key, value) for key, value in request.items() if key != "Tags")
            return [
                where
                for key, value in members
                for where in differences(value, description.get(key), f"{path}.{key}" if path else key)
            ]
        case list(), list() if len(request) == len(description):
            pairs = enumerate(zip(request, description, strict=True))
            return [where for index, (a, b) in pairs for where in differences(a, b, f"{path}[{index}]")]
        case _:
            return [] if request == description else [path]
