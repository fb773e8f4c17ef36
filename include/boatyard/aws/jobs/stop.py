"""Stop a job, and whatever an earlier generation of a task left running."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import error_code, error_message
from boatyard.aws.jobs.job import Job, describe
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.jobs.wait import wait
from boatyard.aws.naming import Owner, job_name

log = logging.getLogger(__name__)


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


def stop_older_generations(client: Any, kind: str, owner: Owner, generation: int, prefix: str) -> None:
    """Stop what an earlier generation of this task left running, and wait until it ended.

    Otherwise the stop that follows a person's clear a second later would hit the new job's inputs or outputs.
    """
    running = [job for number in range(generation) for job in stop_generation(client, kind, owner, number, prefix)]
    for job in running:
        wait(client, kind, job.name)


def stop_generation(client: Any, kind: str, owner: Owner, generation: int, prefix: str) -> list[Job]:
    """Ask SageMaker to stop what runs of one generation of a task, and return it as it was before."""
    running = [job for job in _attempts(client, kind, owner, generation, prefix) if not job.outcome.ended]
    for job in running:
        log.info("stopping %s job %s, which this task does not wait for any more", kind, job.name)
        stop(client, kind, job.name)
    return running


def _attempts(client: Any, kind: str, owner: Owner, generation: int, prefix: str) -> Iterator[Job]:
    for attempt in count():
        job = describe(client, kind, job_name(prefix, owner, generation, attempt, JOBS[kind].name_limit))
        if job is None:
            return
        yield job
