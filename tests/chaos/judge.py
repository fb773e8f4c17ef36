"""Who is right: compares the jobs that there were with those that were wanted. Pure: knows neither AWS nor Airflow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from tests.chaos.plan import CHAINS, JOBS, Fault

RECONCILED_WITHIN = 90.0  # seconds: an interval of the reconcile DAG, and what Airflow and a stop take
RUNNING = {"InProgress", "Stopping"}


class Kind(Enum):
    """What can be wrong."""

    LOST = "lost"
    DOUBLED = "doubled"
    ORPHANED = "orphaned"
    WRONG = "wrong outcome"


@dataclass(frozen=True)
class Job:
    """A job as SageMaker has it; times are seconds since the epoch."""

    run: str
    task: str
    name: str
    status: str
    reason: str
    created: float
    ended: float | None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    run: str
    text: str


@dataclass
class Told:
    """A run, what happened to it, and how Airflow says it ended."""

    run: str
    dag: str
    fired: Sequence[tuple[Fault, float]] = ()  # with the time
    state: str = "running"
    states: Mapping[str, str | None] = field(default_factory=dict)  # of its tasks


@dataclass(frozen=True)
class Wanted:
    """How many jobs a task should have had, and how it should have ended."""

    least: int
    most: int
    state: str | None
    unwanted_since: float | None = None  # jobs that were there then should be stopped

    @property
    def succeeds_by_job(self) -> bool:
        """Tell whether a completed job must be behind the task."""
        return self.state == "success" and self.least > 0


def judge(told: Told, jobs: Iterable[Job], now: float) -> list[Finding]:
    """Return what is wrong with a run whose faults are over."""
    wanted, state = expectation(told)
    own = [job for job in jobs if job.run == told.run]
    findings = [
        finding
        for task, want in wanted.items()
        for finding in _task(told, task, want, sorted((j for j in own if j.task == task), key=lambda j: j.created), now)
    ]
    if told.state != state:
        findings.append(Finding(Kind.WRONG, told.run, f"the run is {told.state}, should be {state}"))
    return findings


def expectation(told: Told) -> tuple[dict[str, Wanted], str]:
    """Return what is wanted of each task, and the state that the run should end in."""
    tasks = CHAINS[told.dag].tasks
    if told.dag == "timed_out":  # one retry: a dead worker may have used up one of the two tries
        return {task: Wanted(0, 2, "failed") for task in tasks}, "failed"
    each = 0 if told.dag == "release" else 1  # a release makes no job
    wanted = {task: Wanted(each, each, "success") for task in tasks}
    state = "success"
    for fault, when in told.fired:
        before = wanted[fault.task]
        if fault.what in JOBS:
            wanted[fault.task] = Wanted(before.least + 1, before.most + 1, before.state)
        elif fault.what in PERSON_WANTS:
            wanted[fault.task] = PERSON_WANTS[fault.what](before, when)
            if fault.what in {"mark failed", "fail run"}:
                state = "failed"
                for later in tasks[tasks.index(fault.task) + 1 :]:
                    wanted[later] = Wanted(0, 0, None)
    return wanted, state


PERSON_WANTS = {
    "mark failed": lambda want, when: Wanted(0, want.most, "failed", when),
    "mark success": lambda want, when: Wanted(0, want.most, "success", when),
    "fail run": lambda want, when: Wanted(0, want.most, "failed", when),
    "clear": lambda want, when: Wanted(want.least, want.most + 1, "success", when),
    "retry": lambda want, when: Wanted(want.least, want.most + 1, "success", when),
}


def _task(told: Told, task: str, want: Wanted, jobs: Sequence[Job], now: float) -> list[Finding]:
    def found(kind: Kind, text: str) -> Finding:
        shown = "; ".join(f"{job.name} {job.status}{f' ({job.reason})' if job.reason else ''}" for job in jobs)
        return Finding(kind, told.run, f"{task}: {text} [{shown}]")

    findings = []
    state = told.states.get(task)
    if want.state is not None and state != want.state:
        findings.append(found(Kind.WRONG, f"the task is {state}, should be {want.state}"))
    if want.succeeds_by_job and not any(job.status == "Completed" for job in jobs):
        findings.append(found(Kind.LOST, "no job completed"))
    elif len(jobs) < want.least:
        findings.append(found(Kind.LOST, f"{len(jobs)} jobs were created, {want.least} wanted"))
    if len(jobs) > want.most:
        findings.append(found(Kind.DOUBLED, f"{len(jobs)} jobs were created, {want.most} wanted"))
    elif any(first.ended is None or second.created < first.ended for first, second in pairwise(jobs)):
        findings.append(found(Kind.DOUBLED, "two jobs ran at the same time"))
    findings += [found(Kind.ORPHANED, f"{job.name} ran on unwanted") for job in jobs if _runs_on(job, want, now)]
    return findings


def _runs_on(job: Job, want: Wanted, now: float) -> bool:
    if job.status in RUNNING:
        return True  # everything is over by now
    since = want.unwanted_since
    return since is not None and job.created < since and (job.ended or now) > since + RECONCILED_WITHIN
