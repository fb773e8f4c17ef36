"""A job in this terminal: claim it, show its log as it comes, wait for its end."""

from __future__ import annotations

from typing import Any

from boatyard.aws import jobs, storage
from boatyard.aws.logs import LogFollower
from boatyard.cli.runs.work import Work
from boatyard.spec.words import JOB_NAME, fill


def upload_code(work: Work) -> None:
    """Put the step's code in S3 unless it is there."""
    if work.step.code is not None:
        code = work.step.code(work.spec, work.run)
        storage.upload_code(work.clients.get("s3"), code.folder, code.hash, code.prefix)


def run_job(work: Work, kind: str, request: dict[str, Any]) -> jobs.Job:
    """Run the job of `request` to its end; `JobError` tells how it failed."""
    client = work.clients.get("sagemaker")
    claimed: list[str] = []

    def stop() -> None:
        for name in claimed[-1:]:
            work.show(f"stopping {kind} job {name}")
            jobs.stop(client, kind, name)

    with work.stopping(stop):
        job = jobs.claim(
            client,
            kind,
            lambda name: fill(request, {JOB_NAME: name}),
            work.me.owner,
            work.me.generation,
            work.me.prefix,
            claimed.append,
        )
        follower = LogFollower(work.clients.get("logs"), kind, job.name)

        def show_new(_: jobs.Job) -> None:
            for line in follower.lines():
                work.show(line)

        job = jobs.wait(client, kind, job.name, on_look=show_new)
    show_new(job)  # what it wrote between the last look at its log and its end
    if job.outcome.ended_badly:
        raise jobs.JobError(job)
    return job


def result_of(job: jobs.Job) -> dict[str, Any]:
    """Return what every step with a job returns."""
    return {"job_name": job.name, "job_arn": job.arn}
