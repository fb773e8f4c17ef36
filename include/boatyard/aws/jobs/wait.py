"""Wait for a job in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from boatyard.aws.calls import glimpse
from boatyard.aws.errors import StepError
from boatyard.aws.jobs.job import Job, describe
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.waiting.pauses import LONGEST_PAUSE, jittered, pause, quick_pause

SHORT = 20.0  # seconds


def wait(
    client: Any,
    kind: str,
    name: str,
    seconds: float | None = None,
    on_look: Callable[[Job], None] = lambda _: None,
    *,
    last: Job | None = None,
    longest: float = LONGEST_PAUSE,
) -> Job:
    """Look at the job until it ended or `seconds` have passed, and return it as last seen.

    The job runs on while AWS throttles, fails or does not answer: then the next look will tell. `last` is the job as
    somebody saw it before; `longest` the seconds between two looks at an old job.
    """
    job = last or _look(client, kind, name, None)
    until = math.inf if seconds is None else time.monotonic() + seconds
    on_look(job)
    while not job.outcome.ended and time.monotonic() < until:
        time.sleep(min(jittered(pause_of(job, longest)), max(until - time.monotonic(), 0.01)))
        job = glimpse(lambda: _look(client, kind, name, 0.0)) or job
        on_look(job)
    return job


def pause_of(job: Job, longest: float) -> float:
    """Return the seconds until the next look: few while a job that has its machine may still be a short one."""
    now = time.time()
    started = job.description.get(JOBS[job.kind].started_key)
    if started is not None and (running := max(0.0, now - started.timestamp())) < SHORT:
        return quick_pause(running)
    return pause(max(0.0, now - born(job)), longest)


def born(job: Job) -> float:
    """Return when the job was created, in seconds since the epoch."""
    created: float = job.description["CreationTime"].timestamp()
    return created


def _look(client: Any, kind: str, name: str, patience: float | None) -> Job:
    job = describe(client, kind, name, patience=patience)
    if job is None:
        raise StepError(f"{kind} job {name} is gone")
    return job
