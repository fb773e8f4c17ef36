"""What is wrong with jobs, tuning jobs and executions of pipelines that have ended, by what was found of them; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tests.chaos.sagelocal.ledger import LOST, ORPHANED, WRONG
from tests.chaos.sagelocal.requests import CHOICE, FIRST, SECOND, TUNED
from tests.chaos.sagelocal.traces import ENDED, Trace

Finding = tuple[str, str]  # its kind, and what it is

_OF_STEPS = {"Completed": "Succeeded", "Failed": "Failed", "Stopped": "Stopped"}  # a job's status, and its step's


@dataclass(frozen=True)
class Child:
    """What a tuning job says of one of its training jobs."""

    status: str
    x: str


@dataclass(frozen=True)
class Step:
    """What an execution says of one of its steps."""

    status: str
    job: str = ""  # its ARN
    reason: str = ""


def of_job(name: str, line: str, trace: Trace) -> Iterator[Finding]:
    """Judge a job that should have ended, and have printed its line once if it completed, or once at most."""
    if trace.status not in ENDED:
        yield ORPHANED, f"{name} is {trace.status}, and nobody waits for it"
    times = trace.lines.count(line)
    if times > 1 or (trace.status == "Completed" and times != 1):
        yield WRONG if trace.lines else LOST, f"{name}, {trace.status}, printed {trace.lines}, not {line!r} once"
    if trace.status == "Completed" and trace.left != line:
        yield LOST if trace.left is None else WRONG, f"{name} has completed and left {trace.left!r}, not {line!r}"


def of_tuning(
    name: str, status: str, best: str, children: Mapping[str, Child], jobs: Mapping[str, Trace]
) -> Iterator[Finding]:
    """Judge a tuning job: it has the training jobs that it says, and if it completed so many as it should."""
    yield from _of_owned(name, children.keys(), jobs.keys())
    for job, child in children.items():
        if job not in jobs:
            continue
        yield from of_job(job, f"error:{child.x}", jobs[job])
        if jobs[job].status != child.status:
            yield WRONG, f"{job} is {jobs[job].status}; {name} says {child.status}"
    if status != "Completed":
        return
    if [child.status for child in children.values()] != ["Completed"] * TUNED:
        yield WRONG, f"{name} has completed with {children}"
    elif best != (least := min(children, key=lambda job: float(children[job].x))):
        yield WRONG, f"the best of {name} is {best}, not {least}, of {children}"


def of_execution(
    line: str, stopped: bool, status: str, steps: Mapping[str, Step], jobs: Mapping[str, Trace]
) -> Iterator[Finding]:
    """Judge an execution: it ended as it should, and each of its steps made one job, which ended as the step did."""
    wanted = "Stopped" if stopped else "Succeeded"
    if status != wanted:
        yield WRONG, f"execution {line} is {status}, not {wanted}: {steps}"
    yield from _of_steps(line, stopped, steps)
    yield from _of_owned(f"execution {line}", [step.job for step in steps.values() if step.job], jobs.keys())
    for name, step in steps.items():
        if step.job not in jobs:
            continue
        trace = jobs[step.job]
        yield from of_job(f"{step.job} of execution {line}", line, trace)
        if _OF_STEPS.get(trace.status) != step.status:
            yield WRONG, f"step {name} of execution {line} is {step.status}, its job is {trace.status}"
        if name == SECOND and trace.status == "Completed" and trace.read != line:
            yield WRONG, f"step {name} of execution {line} has read {trace.read!r}"


def _of_steps(line: str, stopped: bool, steps: Mapping[str, Step]) -> Iterator[Finding]:
    """Judge which steps there are, and how they ended."""
    order = [FIRST, SECOND, CHOICE, line.split()[-1]]
    if list(steps) != order[: len(steps)] or not (stopped or len(steps) == len(order)):
        yield WRONG, f"execution {line} has the steps {list(steps)}, not {order}"
        return
    usual = {"Succeeded", "Stopped"} if stopped else {"Succeeded"}
    begun_too_early = len(steps) > 1 and steps[FIRST].status != "Succeeded"
    if begun_too_early or not usual.issuperset(step.status for step in steps.values()):
        yield WRONG, f"execution {line} has {steps}"
    for name, step in steps.items():
        if step.status == "Succeeded" and not step.job and name != CHOICE:
            yield LOST, f"step {name} of execution {line} has succeeded without a job"


def _of_owned(owner: str, said: Collection[str], found: Collection[str]) -> Iterator[Finding]:
    """Judge whether the jobs that were found are those that their owner says, and each is one's only."""
    if lost := sorted(set(said) - set(found)):
        yield LOST, f"{owner} says that it made {lost}, which are not there"
    if surplus := sorted(set(found) - set(said)):
        yield ORPHANED, f"{owner} knows nothing of {surplus}"
    if len(said) != len(set(said)):
        yield WRONG, f"{owner} has one job twice: {sorted(said)}"
