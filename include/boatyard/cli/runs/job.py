"""A job in this terminal: claim it, show its log as it comes, wait for its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boatyard.aws import jobs
from boatyard.aws.cache.jobs import JobCache
from boatyard.aws.cost.budget import Launch, weigh
from boatyard.aws.logs.job_log import JobLog
from boatyard.aws.s3 import storage
from boatyard.cli.runs.work import Work
from boatyard.spec.words import fill, job_words

Marked = Callable[[dict[str, Any]], dict[str, Any]]


def upload_code(work: Work) -> None:
    """Put the step's code in S3 unless it is there."""
    if work.step.code is not None:
        code = work.step.code(work.spec, work.run)
        storage.upload_code(work.clients.get("s3"), code.folder, code.hash, code.prefix)


def run_job(work: Work, kind: str, request: dict[str, Any]) -> jobs.Job:
    """Run the job of `request` to its end, or take one that did the same; `JobError` tells how it failed."""

    def work_it_out(marked: Marked) -> jobs.Job:
        return _well_ended(_one_job(work, kind, lambda name: marked(fill(request, job_words(name)))))

    return _once(work, kind, request, work_it_out)


def run_training(work: Work, request: dict[str, Any], total: int | None) -> jobs.Job:
    """Run the training job of `request` to its end, and of a training of `total` seconds the jobs that go on."""

    def train(marked: Marked) -> jobs.Job:
        of_chain = jobs.next_of_chain(
            work.clients.get("sagemaker"),
            work.clients.get("s3"),
            lambda name: marked(fill(request, job_words(name))),
            total,
        )
        while True:
            job = _one_job(work, "training", of_chain, total)
            if not jobs.goes_on(job, total):
                return _well_ended(job)

    return _once(work, "training", request, train)


def _once(work: Work, kind: str, request: dict[str, Any], work_it_out: Callable[[Marked], jobs.Job]) -> jobs.Job:
    """Return a job that did the same in an earlier run, else what `work_it_out` returns, which is kept."""
    if work.cache is None:
        return work_it_out(dict)
    cache = JobCache(work.clients, kind, work.cache, work.me, work.subject.uri)
    job = cache.recall(request)
    if job is None:
        job = work_it_out(cache.marked)
        cache.keep(job)
    return job


def _one_job(work: Work, kind: str, request: Callable[[str], dict[str, Any]], total: int | None = None) -> jobs.Job:
    client = work.clients.get("sagemaker")
    claimed: list[str] = []

    def stop() -> None:
        for name in claimed[-1:]:
            work.show(f"stopping {kind} job {name}")
            jobs.stop(client, kind, name)

    with work.stopping(stop):
        launch = Launch(work.clients, kind, work.subject, work.spec.budget, total_runtime=total)
        job = jobs.claim(
            client,
            kind,
            request,
            work.me.owner,
            work.me.generation,
            work.me.prefix,
            claimed.append,
            on_launch=lambda filled: weigh(launch, filled),
        )
        follow = JobLog(lambda: work.clients.get("logs"), kind, job.name, work.show)
        job = jobs.wait(client, kind, job.name, on_look=lambda _: follow.look(), last=job)
    follow.end(failed=job.outcome.ended_badly and not jobs.goes_on(job, total))
    return job


def _well_ended(job: jobs.Job) -> jobs.Job:
    if job.outcome.ended_badly:
        raise jobs.JobError(job)
    return job


def result_of(job: jobs.Job) -> dict[str, Any]:
    """Return what every step with a job returns."""
    return {"job_name": job.name, "job_arn": job.arn}
