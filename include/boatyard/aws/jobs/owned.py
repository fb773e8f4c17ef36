"""All jobs of an owner: every attempt, generation and member of a chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.jobs.job import Job, look_up
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.naming import JobName, Owner, read_job_name


def owned(client: Any, kind: str, owner: Owner) -> Iterator[Job]:
    """Yield the jobs whose names carry the owner's digest: of a tuning job also its training jobs."""
    for name in _listed(client, kind, owner):
        job = look_up(client, kind, name)
        if job is not None:
            yield job


def owned_names(client: Any, kind: str, owner: Owner) -> list[JobName]:
    """Return the names of an owner's jobs as SageMaker lists them, whatever head they were given."""
    read = (read_job_name(name, owner) for name in _listed(client, kind, owner))
    return [name for name in read if name is not None]


def _listed(client: Any, kind: str, owner: Owner) -> Iterator[str]:
    spelling = JOBS[kind]
    request: dict[str, Any] = {"NameContains": owner.digest}
    while True:
        page = call(client, f"list_{spelling.method}s", request)
        yield from (summary[spelling.name_key] for summary in page[spelling.summaries_key])
        if not page.get("NextToken"):
            return
        request = {**request, "NextToken": page["NextToken"]}
