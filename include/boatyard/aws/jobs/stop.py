"""Stop a job, and whatever an earlier generation of a task left running."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import error_code, error_message
from boatyard.aws.jobs.job import Job, describe
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.jobs.owned import owned_names
from boatyard.aws.jobs.wait import wait
from boatyard.aws.naming import JobName, Owner, job_name

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


def stop_older_generations(
    client: Any, kind: str, owner: Owner, generation: int, prefix: str, listed: Sequence[JobName]
) -> None:
    """Stop what an earlier generation of this task left running, and wait until it ended.

    Otherwise the stop that follows a person's clear a second later would hit the new job's inputs or outputs. `listed`
    are the names of the task's jobs as far as a list shows them; those that follow from `prefix` need no list.
    """
    for job in _stop_running(client, kind, _older(client, kind, owner, generation, prefix, listed)):
        wait(client, kind, job.name)


def stop_owned(client: Any, kind: str, owner: Owner) -> list[Job]:
    """Ask SageMaker to stop whatever runs of a task, and return it as it was before."""
    found = (describe(client, kind, name.text) for name in owned_names(client, kind, owner))
    return _stop_running(client, kind, filter(None, found))


def _stop_running(client: Any, kind: str, found: Iterable[Job]) -> list[Job]:
    running = [job for job in found if not job.outcome.ended]
    for job in running:
        log.info("stopping %s job %s, which this task does not wait for any more", kind, job.name)
        stop(client, kind, job.name)
    return running


def _older(
    client: Any, kind: str, owner: Owner, generation: int, prefix: str, listed: Sequence[JobName]
) -> Iterator[Job]:
    seen = set()
    for job in (job for number in range(generation) for job in _attempts(client, kind, owner, number, prefix)):
        seen.add(job.name)
        yield job
    for name in listed:
        if name.generation < generation and name.text not in seen:
            other = describe(client, kind, name.text)
            if other is not None:
                yield other


def _attempts(client: Any, kind: str, owner: Owner, generation: int, prefix: str) -> Iterator[Job]:
    for attempt in count():
        job = describe(client, kind, job_name(prefix, owner, generation, attempt, JOBS[kind].name_limit))
        if job is None:
            return
        yield job
