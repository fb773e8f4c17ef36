"""Whoever judges jobs, tuning jobs and executions after kills finds what there is to find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.chaos.sagelocal import verdicts
from tests.chaos.sagelocal.ledger import LOST, ORPHANED, WRONG
from tests.chaos.sagelocal.traces import Trace
from tests.chaos.sagelocal.verdicts import Child, Finding, Step

LINE = "7 odd"
DONE = Trace("Completed", ("waiting", LINE), left=LINE, read=LINE)
CUT_OFF = Trace("Stopped", (LINE,))
STEPS = {
    "first": Step("Succeeded", "job-1"),
    "second": Step("Succeeded", "job-2"),
    "choice": Step("Succeeded"),
    "odd": Step("Succeeded", "job-3"),
}
JOBS = {"job-1": DONE, "job-2": DONE, "job-3": DONE}
CHILDREN = {f"job-{number}": Child("Completed", f"0.{number}") for number in (1, 2, 3)}
TUNED = {job: Trace("Completed", (f"error:{one.x}",), left=f"error:{one.x}") for job, one in CHILDREN.items()}


def kinds(findings: Iterable[Finding]) -> set[str]:
    return {kind for kind, _ in findings}


def execution(
    steps: dict[str, Step], jobs: dict[str, Trace], status: str = "Succeeded", stopped: bool = False
) -> set[str]:
    return kinds(verdicts.of_execution(LINE, stopped, status, steps, jobs))


def tuning(
    children: dict[str, Child], jobs: dict[str, Trace], status: str = "Completed", best: str = "job-1"
) -> set[str]:
    return kinds(verdicts.of_tuning("t", status, best, children, jobs))


def test_a_job_that_printed_and_left_its_line_once_is_as_it_should_be() -> None:
    assert kinds(verdicts.of_job("j", LINE, DONE)) == set()
    assert kinds(verdicts.of_job("j", LINE, CUT_OFF)) == set()
    assert kinds(verdicts.of_job("j", LINE, Trace("Stopped", ()))) == set()


@pytest.mark.parametrize(
    ("trace", "kind"),
    [
        (replace(DONE, status="InProgress"), ORPHANED),
        (replace(DONE, lines=(LINE, LINE)), WRONG),
        (replace(CUT_OFF, lines=(LINE, LINE)), WRONG),
        (replace(DONE, lines=()), LOST),
        (replace(DONE, left=None), LOST),
        (replace(DONE, left="8 odd"), WRONG),
    ],
)
def test_a_job_that_runs_on_ran_twice_or_left_something_else_is_found(trace: Trace, kind: str) -> None:
    assert kinds(verdicts.of_job("j", LINE, trace)) == {kind}


def test_an_execution_that_came_to_its_end_is_as_it_should_be() -> None:
    assert execution(STEPS, JOBS) == set()
    assert execution(STEPS, JOBS, "Stopped", stopped=True) == set()
    assert execution({}, {}, "Stopped", stopped=True) == set()
    assert execution({"first": Step("Stopped")}, {}, "Stopped", stopped=True) == set()
    assert execution({"first": Step("Stopped", "job-1")}, {"job-1": CUT_OFF}, "Stopped", stopped=True) == set()


@pytest.mark.parametrize(
    ("steps", "jobs", "status", "stopped", "kind"),
    [
        (STEPS, JOBS, "Stopped", False, WRONG),
        (STEPS, JOBS, "Succeeded", True, WRONG),
        (STEPS, {**JOBS, "job-4": CUT_OFF}, "Succeeded", False, ORPHANED),
        (STEPS, {"job-1": DONE, "job-2": DONE}, "Succeeded", False, LOST),
        (STEPS, {**JOBS, "job-2": replace(DONE, read=None)}, "Succeeded", False, WRONG),
        (STEPS, {**JOBS, "job-3": CUT_OFF}, "Succeeded", False, WRONG),
        ({**STEPS, "odd": Step("Succeeded", "job-2")}, JOBS, "Succeeded", False, WRONG),
        ({**STEPS, "odd": Step("Succeeded")}, {"job-1": DONE, "job-2": DONE}, "Succeeded", False, LOST),
        ({"first": STEPS["first"]}, {"job-1": DONE}, "Succeeded", False, WRONG),
        ({"first": Step("Failed", "job-1")}, {"job-1": replace(CUT_OFF, status="Failed")}, "Stopped", True, WRONG),
        ({"first": Step("Stopped"), "second": STEPS["second"]}, {"job-2": DONE}, "Stopped", True, WRONG),
    ],
)
def test_an_execution_that_ended_otherwise_is_found(
    steps: dict[str, Step], jobs: dict[str, Trace], status: str, stopped: bool, kind: str
) -> None:
    assert kind in execution(steps, jobs, status, stopped)


def test_an_execution_that_took_the_other_branch_is_found() -> None:
    steps = {"even" if name == "odd" else name: step for name, step in STEPS.items()}
    assert execution(steps, JOBS) == {WRONG}


def test_a_tuning_job_with_the_jobs_that_it_names_is_as_it_should_be() -> None:
    assert tuning(CHILDREN, TUNED) == set()
    assert tuning({"job-1": Child("Stopped", "0.1")}, {"job-1": Trace("Stopped", ())}, "Stopped", "") == set()


@pytest.mark.parametrize(
    ("children", "jobs", "best", "kind"),
    [
        (CHILDREN, {**TUNED, "job-4": CUT_OFF}, "job-1", ORPHANED),
        (CHILDREN, {job: TUNED[job] for job in ("job-1", "job-2")}, "job-1", LOST),
        ({job: CHILDREN[job] for job in ("job-1", "job-2")}, TUNED, "job-1", ORPHANED),
        ({**CHILDREN, "job-2": Child("Stopped", "0.2")}, TUNED, "job-1", WRONG),
        (CHILDREN, TUNED, "job-2", WRONG),
    ],
)
def test_a_tuning_job_with_other_jobs_or_another_best_is_found(
    children: dict[str, Child], jobs: dict[str, Trace], best: str, kind: str
) -> None:
    assert kind in tuning(children, jobs, best=best)
