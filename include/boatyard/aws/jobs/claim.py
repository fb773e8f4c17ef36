"""Claim a job by its name: whoever comes second attaches."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import count
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import ConflictError, RefusedError, is_taken, refusals_of
from boatyard.aws.jobs.differences import differences
from boatyard.aws.jobs.job import Job, describe, expect
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.jobs.owned import owned_names
from boatyard.aws.jobs.stop import stop_older_generations
from boatyard.aws.jobs.wait import wait
from boatyard.aws.naming import LIVES_WITH_TASK, OWNER_TAG, Owner, job_name
from boatyard.aws.outcome import Outcome
from boatyard.aws.requests.shapes import require_shape
from boatyard.aws.requests.typed import typed

log = logging.getLogger(__name__)


def claim(
    client: Any,
    kind: str,
    request: Callable[[str], dict[str, Any]],
    owner: Owner,
    generation: int,
    prefix: str,
    on_name: Callable[[str], None] = lambda _: None,
    *,
    again: bool = False,
    lives_with_task: bool = False,
    on_launch: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Job:
    """Make sure that exactly one job of `owner` and `generation` runs or succeeded, and return it.

    Creating under a name that is a function of the owner is the claim. Whoever comes second, after a crash at any
    instant, attaches; only a job that ended badly, or that is being stopped, gives way to the next attempt.
    What the name follows from may be another at the next try: a head that carries the time of day, a generation that
    comes from fewer retries than a DAG has now. So whoever may have a job already (`again`, or an older generation)
    keeps to the newest of what SageMaker lists of the owner.

    `request` gives the request for a job of the name that it is told. `on_name` hears each name before it is created,
    so that a kill that comes while the call is under way knows what to stop. `lives_with_task` writes on the job that
    it is to be stopped once its task does not want it any more. `on_launch` hears each request just before its job is
    created, and may raise.
    """
    spelling = JOBS[kind]
    listed = owned_names(client, kind, owner) if again or generation else []
    generation = max([generation, *(name.generation for name in listed)])
    prefix = next((name.head for name in listed if name.generation == generation), prefix)
    stop_older_generations(client, kind, owner, generation, prefix, listed)
    for attempt in count():
        name = job_name(prefix, owner, generation, attempt, spelling.name_limit)
        asked = typed(client, f"create_{spelling.method}", request(name))
        filled = {**asked, spelling.name_key: name, "Tags": _tags(asked, owner, generation, lives_with_task)}
        # What ended badly before this look ended an earlier try. Without the look, a job that is created by a call
        # whose answer is lost and fails at once would be taken for one of those, and run again.
        before = describe(client, kind, name)
        if before is None:
            with refusals_of(f"{kind} job {name}"):
                require_shape(client, f"create_{spelling.method}", filled)
            on_launch(filled)
        on_name(name)
        if before is None and _create(client, kind, filled):
            log.info("created %s job %s", kind, name)
            return expect(client, kind, name)
        job = _attach(client, kind, filled, name, owner)
        if before is None:
            return job
        if job.outcome is Outcome.STOPPING:
            job = wait(client, kind, name)
        if not job.outcome.ended_badly:
            return job
        log.info("%s job %s %s; the next attempt follows", kind, name, job.outcome.value)
    raise AssertionError("count() does not end")


def _tags(request: dict[str, Any], owner: Owner, generation: int, lives_with_task: bool) -> list[dict[str, str]]:
    ours = [*owner.tags(generation), *([LIVES_WITH_TASK] if lives_with_task else [])]
    return list({tag["Key"]: tag for tag in [*request.get("Tags", []), *ours]}.values())


def _create(client: Any, kind: str, request: dict[str, Any]) -> bool:
    spelling = JOBS[kind]
    try:
        call(client, f"create_{spelling.method}", request)
    except client.exceptions.ClientError as error:
        if is_taken(error):
            return False
        raise RefusedError(f"{kind} job {request[spelling.name_key]}", error) from error
    return True


def _attach(client: Any, kind: str, request: dict[str, Any], name: str, owner: Owner) -> Job:
    job = expect(client, kind, name)
    tags = {tag["Key"]: tag["Value"] for tag in call(client, "list_tags", {"ResourceArn": job.arn})["Tags"]}
    if tags.get(OWNER_TAG) != owner.digest:
        whose = tags.get(OWNER_TAG, "nobody that Boatyard knows")
        raise ConflictError(f"{kind} job {name} exists, but its owner is {whose}, not this task ({owner.digest})")
    if not job.outcome.ended_badly:  # one that did gives way to the next
        log.info("attached to %s job %s, which %s", kind, name, job.outcome.value)
    different = differences(request, job.description)
    if different:
        log.warning("%s job %s was created by an older request; it differs in %s", kind, name, ", ".join(different))
    return job
