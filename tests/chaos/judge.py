"""Who is right: compares the jobs that there were with those that were wanted. Pure: knows neither AWS nor Airflow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from tests.chaos.plan import CHAINS, DEFERRED, JOBS, Fault


class Kind(Enum):
    """What can be wrong."""

    LOST = "lost"
    DOUBLED = "doubled"
    ORPHANED = "orphaned"
    WRONG = "wrong outcome"


@dataclass(frozen=True)
class Job:
    """A job as SageMaker has it, or a model or version, which is done at once; times are seconds since the epoch."""

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


def judge(told: Told, jobs: Iterable[Job], stopped_by: Callable[[float], float]) -> list[Finding]:
    """Return what is wrong with a run whose faults are over.

    `stopped_by` tells until when a job must have been stopped that nobody has wanted since a time.
    """
    wanted, state = expectation(told)
    own = [job for job in jobs if job.run == told.run]
    findings = [
        finding
        for task, want in wanted.items()
        for finding in _task(
            told, task, want, sorted((j for j in own if j.task == task), key=lambda j: j.created), stopped_by
        )
    ]
    if told.state != state:
        findings.append(Finding(Kind.WRONG, told.run, f"the run is {told.state}, should be {state}"))
    return findings


def expectation(told: Told) -> tuple[dict[str, Wanted], str]:
    """Return what is wanted of each task, and the state that the run should end in."""
    tasks = CHAINS[told.dag].tasks
    if told.dag == "timed_out":  # one retry: a dead worker may have used up one of the two tries
        return {task: Wanted(0, 2, "failed") for task in tasks}, "failed"
    each = CHAINS[told.dag].makes
    wanted = {task: Wanted(each, each, "success") for task in tasks}
    state = "success"
    for fault, when in told.fired:
        before = wanted[fault.task]
        if fault.what in JOBS:
            wanted[fault.task] = Wanted(before.least + 1, before.most + 1, before.state)
        elif fault.what in PERSON_WANTS:
            wanted[fault.task] = PERSON_WANTS[fault.what](before, fault, when)
            if fault.what in {"mark failed", "fail run", "mark failed, no triggerer"}:
                state = "failed"
                for later in tasks[tasks.index(fault.task) + 1 :]:
                    wanted[later] = Wanted(0, 0, None)
    return wanted, state


def _not_at_all(state: str) -> Callable[[Wanted, Fault, float], Wanted]:
    return lambda want, fault, when: Wanted(0, want.most, state, unwanted_since=when)


def _once_more(want: Wanted, fault: Fault, when: float) -> Wanted:
    # The coming try stops the old job: it is nobody's orphan, and two at once would be a double. Airflow forgets the
    # clear of a task that runs in a worker if that worker dies in the same moment: then the job just goes on.
    sure = fault.what != "clear" or fault.where == DEFERRED
    return Wanted(want.least + sure, want.most + 1, "success")


PERSON_WANTS: Mapping[str, Callable[[Wanted, Fault, float], Wanted]] = {
    "mark failed": _not_at_all("failed"),
    "mark failed, no triggerer": _not_at_all("failed"),
    "fail run": _not_at_all("failed"),
    "mark success": _not_at_all("success"),
    "clear": _once_more,
    "clear, no triggerer": _once_more,
    "retry": _once_more,
}


def _task(
    told: Told, task: str, want: Wanted, jobs: Sequence[Job], stopped_by: Callable[[float], float]
) -> list[Finding]:
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
    findings += [found(Kind.ORPHANED, f"{job.name} ran on unwanted") for job in jobs if _runs_on(job, want, stopped_by)]
    return findings


def _runs_on(job: Job, want: Wanted, stopped_by: Callable[[float], float]) -> bool:
    if job.ended is None:
        return True  # everything is over by now
    since = want.unwanted_since
    return since is not None and job.created < since and job.ended > stopped_by(since)
