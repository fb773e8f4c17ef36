"""Which jobs run that are to be stopped once their task does not want them any more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import is_missing
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.naming import GENERATION_TAG, LIVES_WITH_TASK, OWNER_TAG, Owner, owner_of

PAGE = 100
# As `job_name` ends: only such a job is asked for its tags. Training jobs of a tuning job carry its tags, not its name.
_OURS = re.compile(r"(^|-)[a-z2-7]{12}-\d+-\d+$")


@dataclass(frozen=True)
class Running:
    """A job that runs, and whose it is."""

    kind: str
    name: str
    owner: Owner
    generation: int


def running_jobs(client: Any, deployment: str, before: datetime) -> Iterator[Running]:
    """Yield what a task of this deployment created before that time and is to be stopped with it."""
    for kind, spelling in JOBS.items():
        for summary in _running(client, kind, before):
            name = summary[spelling.name_key]
            tags = _tags(client, summary[spelling.arn_key]) if _OURS.search(name) else {}
            owner = owner_of(tags)
            if owner is None or owner.deployment != deployment or not _lives_with_task(tags):
                continue
            yield Running(kind, name, owner, int(tags[GENERATION_TAG]))


def superseded(running: Iterable[Running]) -> set[Running]:
    """Return the jobs of older generations beside which a newer one of the same task runs."""
    newest: dict[Owner, int] = {}
    jobs = list(running)
    for job in jobs:
        newest[job.owner] = max(job.generation, newest.get(job.owner, 0))
    return {job for job in jobs if job.generation < newest[job.owner]}


def _running(client: Any, kind: str, before: datetime) -> Iterator[dict[str, Any]]:
    spelling = JOBS[kind]
    request = {"StatusEquals": "InProgress", "CreationTimeBefore": before, "MaxResults": PAGE}
    token: dict[str, str] = {}
    while True:
        found = call(client, f"list_{spelling.method}s", request | token)
        yield from found[spelling.summaries_key]
        if not found.get("NextToken"):
            return
        token = {"NextToken": found["NextToken"]}


def _tags(client: Any, arn: str) -> dict[str, str]:
    try:
        return {tag["Key"]: tag["Value"] for tag in call(client, "list_tags", {"ResourceArn": arn})["Tags"]}
    except client.exceptions.ClientError as error:
        if is_missing(error):  # it was deleted since it was listed
            return {}
        raise


def _lives_with_task(tags: dict[str, str]) -> bool:
    return tags.get(LIVES_WITH_TASK["Key"]) == LIVES_WITH_TASK["Value"] and OWNER_TAG in tags
