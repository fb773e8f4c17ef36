"""Load on jobs: training, processing and tuning jobs that run, end and are stopped while the server dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from tests.chaos.sagelocal import requests, verdicts
from tests.chaos.sagelocal.ledger import LOST, ORPHANED, WRONG, Clients, Findings
from tests.chaos.sagelocal.traces import ENDED, Traces
from tests.chaos.sagelocal.verdicts import Child, Finding

_TUNING = "HyperParameterTuningJob"
_SHARES = {"TrainingJob": 5, "ProcessingJob": 3, _TUNING: 2}
_OF_TUNING = "hy-"  # how a tuning job's name begins
_AT_ONCE = 4
_PATIENCE = 180.0  # seconds until all jobs have ended


@dataclass
class _Job:
    """What is known of one job."""

    kind: str  # as SageMaker spells it
    name: str
    acknowledged: bool = False  # its creation
    stop: str = ""  # "asked" or "acknowledged"
    ended: str = ""  # its last status

    @property
    def line(self) -> str:
        """What it prints."""
        return f"{self.name} ran"


class Jobs:
    """Create jobs of all kinds, stop some, and look what came of each."""

    def __init__(self, clients: Clients, random: Random, findings: Findings, state: Path) -> None:
        self._sagemaker = clients("sagemaker")
        self._traces = Traces(clients, state)
        self._random = random
        self._findings = findings
        self._number = 0
        self._jobs: list[_Job] = []
        self._tuned: set[str] = set()  # the training jobs of tuning jobs that have ended

    def act(self) -> None:
        """Create a job, stop one, or wait a moment if enough of them run."""
        running = [job for job in self._jobs if job.acknowledged and not job.ended]
        if len(running) >= _AT_ONCE:
            self._look(self._random.choice(running))
            time.sleep(0.02)
        elif running and self._random.random() < 0.3:
            self._stop(self._random.choice(running))
        else:
            self._create()

    def _create(self) -> None:
        self._number += 1
        kind = self._random.choices(list(_SHARES), list(_SHARES.values()))[0]
        job = _Job(kind, f"{kind[:2].lower()}-{self._number}")
        self._jobs.append(job)
        self._call("create", job, **_request(job, self._random.choice(["0", "0.3", "2"])))
        job.acknowledged = True
        self._findings.count(f"Create{kind}")

    def _stop(self, job: _Job) -> None:
        job.stop = job.stop or "asked"
        try:
            self._call("stop", job)
        except ClientError as error:  # it has just ended
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            return
        job.stop = "acknowledged"
        self._findings.count(f"Stop{job.kind}")

    def _call(self, verb: str, job: _Job, **members: Any) -> Any:
        noun = "hyper_parameter_tuning" if job.kind == _TUNING else job.kind.removesuffix("Job").lower()
        return getattr(self._sagemaker, f"{verb}_{noun}_job")(**{f"{job.kind}Name": job.name}, **members)

    def _look(self, job: _Job) -> None:
        try:
            described = self._call("describe", job)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            if job.acknowledged:
                self._findings.add(LOST, f"{job.kind} {job.name}: {error}")
            job.ended = "never created"
            return
        job.acknowledged = True
        status = described[f"{job.kind}Status"]
        if status in ENDED:
            for finding in self._judged(job, status, described):
                self._findings.add(*finding)
            self._findings.count(f"{job.kind} {status}")
            job.ended = status  # only now: a kill may cut the judge off

    def _judged(self, job: _Job, status: str, described: dict[str, Any]) -> Iterator[Finding]:
        if status == "Stopped" and not job.stop:
            yield WRONG, f"{job.kind} {job.name} was stopped by nobody"
        if status == "Failed":
            yield WRONG, f"{job.kind} {job.name}: {described.get('FailureReason', 'failed without a reason')}"
        if job.kind != _TUNING:
            yield from verdicts.of_job(job.name, job.line, self._traces.of(job.kind, job.name, status))
            return
        pages = self._sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
        said = pages.paginate(HyperParameterTuningJobName=job.name).build_full_result()["TrainingJobSummaries"]
        children = {
            one["TrainingJobArn"]: Child(one["TrainingJobStatus"], one["TunedHyperParameters"]["x"]) for one in said
        }
        best = described.get("BestTrainingJob", {}).get("TrainingJobArn", "")
        jobs = self._traces.named(f"{job.name}-")
        self._tuned |= jobs.keys()
        yield from verdicts.of_tuning(job.name, status, best, children, jobs)

    def check(self) -> None:
        """Look at every job that has not been seen to end."""
        for job in self._jobs:
            if not job.ended:
                self._look(job)

    def finish(self) -> None:
        """Wait until all have ended; no training job of a tuning job is left, or came up since."""
        deadline = time.monotonic() + _PATIENCE
        while any(not job.ended for job in self._jobs):
            self.check()
            if time.monotonic() > deadline:
                left = [f"{job.kind} {job.name}" for job in self._jobs if not job.ended]
                self._findings.add(LOST, f"these never end: {left}")
                return
            time.sleep(0.2)
        for stray in self._traces.strays(_OF_TUNING, self._tuned):
            self._findings.add(ORPHANED, f"{stray}, and of no tuning job")


def _request(job: _Job, seconds: str) -> dict[str, Any]:
    if job.kind == _TUNING:
        return requests.tuning(seconds)
    if job.kind == "ProcessingJob":
        return requests.processing(job.line, seconds, f"{requests.OUTPUT}/{job.name}")
    return requests.training(job.line, seconds)
