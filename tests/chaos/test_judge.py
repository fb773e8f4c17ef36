"""The judge finds what it is there to find."""

from collections import Counter

import pytest
from tests.chaos import plan
from tests.chaos.judge import Job, Kind, Told, judge
from tests.chaos.plan import Fault

STOPPED_BY = 1_100.0
KILLED = (Fault("kill -9 worker", plan.IN_WORKER, "process"), 1_000.0)


def job(task: str, status: str = "Completed", created: float = 1_000.0, ended: float | None = 1_010.0) -> Job:
    return Job("c1", task, f"c1-{task}-{created:.0f}", status, "", created, ended)


def told(*fired: tuple[Fault, float], state: str = "success", **states: str) -> Told:
    return Told("c1", "sync", fired, state, {"process": "success", "train": "success", **states})


def found(told: Told, *jobs: Job) -> dict[Kind, int]:
    return dict(Counter(finding.kind for finding in judge(told, jobs, lambda since: STOPPED_BY)))


def test_one_completed_job_for_each_task_is_as_it_should_be() -> None:
    assert found(told(KILLED), job("process"), job("train")) == {}


def test_a_task_that_succeeded_without_a_completed_job_lost_it() -> None:
    assert found(told(KILLED), job("process", "Stopped"), job("train")) == {Kind.LOST: 1}
    assert found(told(KILLED), job("train")) == {Kind.LOST: 1}


def test_a_second_job_that_nobody_asked_for_is_a_double() -> None:
    jobs = (job("process", "Stopped"), job("process", created=1_020.0, ended=1_030.0), job("train"))
    assert found(told(KILLED), *jobs) == {Kind.DOUBLED: 1}


def test_a_clear_pays_for_one_more_job_but_not_at_the_same_time() -> None:
    cleared = told((Fault("clear", plan.DEFERRED, "process"), 1_005.0))
    stopped = job("process", "Stopped")
    assert found(cleared, stopped, job("process", created=1_020.0, ended=1_030.0), job("train")) == {}
    assert found(cleared, stopped, job("process", created=1_005.0, ended=1_030.0), job("train")) == {Kind.DOUBLED: 1}
    assert found(cleared, stopped, job("train")) == {Kind.LOST: 1}


@pytest.mark.parametrize(
    "left",
    [job("process", "InProgress", ended=None), job("process", "Completed", ended=1_200.0)],
    ids=["still running", "ran to its end"],
)
def test_a_job_that_runs_on_after_its_task_was_marked_failed_is_an_orphan(left: Job) -> None:
    marked = told(
        (Fault("mark failed", plan.IN_WORKER, "process"), 1_005.0), state="failed", process="failed", train="none"
    )
    assert found(marked, left) == {Kind.ORPHANED: 1}
    assert found(marked, job("process", "Stopped")) == {}


def test_a_run_that_did_not_end_as_it_should_is_a_wrong_outcome() -> None:
    assert found(told(KILLED, state="failed"), job("process"), job("train")) == {Kind.WRONG: 1}
    assert found(told(KILLED, train="failed"), job("process"), job("train")) == {Kind.WRONG: 1}


def test_a_job_that_dies_by_itself_is_done_again_once() -> None:
    died = told((Fault("job killed", plan.STARTING, "train"), 1_000.0))
    again = job("train", created=1_020.0, ended=1_030.0)
    assert found(died, job("process"), job("train", "Failed"), again) == {}
    assert found(died, job("process"), job("train", "Failed")) == {Kind.LOST: 1}


def test_the_same_seed_gives_the_same_plan() -> None:
    first, second = plan.plan(7), plan.plan(7)
    assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]
