"""All jobs of an owner: every attempt, generation and member of a chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.jobs.job import Job, look_up
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.naming import Owner


def owned(client: Any, kind: str, owner: Owner) -> Iterator[Job]:
    """Yield the jobs whose names carry the owner's digest."""
    spelling = JOBS[kind]
    request: dict[str, Any] = {"NameContains": owner.digest}
    while True:
        page = call(client, f"list_{spelling.method}s", request)
        for summary in page[f"{spelling.noun}Summaries"]:
            job = look_up(client, kind, summary[spelling.name_key])
            if job is not None:
                yield job
        if not page.get("NextToken"):
            return
        request = {**request, "NextToken": page["NextToken"]}
