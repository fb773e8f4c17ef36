"""What is stopped because nobody wants it any more, against real jobs of a real sagelocal."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.trainings import LONG, Training, deferred, ended, operator, status

from boatyard.airflow.operators.reconcile import StopUnwantedJobsOperator
from boatyard.aws import jobs
from boatyard.aws.naming import Owner


@dataclass
class Airflow:
    """What Airflow answers when it is asked for states."""

    states: dict[str, dict[str, str | None]] = field(default_factory=dict)  # run id -> task -> state
    asked: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    def get_task_states(
        self, dag_id: str, map_index: int | None, task_ids: list[str], *, run_ids: list[str]
    ) -> dict[str, dict[str, str | None]]:
        self.asked.append((dag_id, task_ids, run_ids))
        return {run: self.states[run] for run in run_ids if run in self.states}


@dataclass
class Yard:
    """Jobs of one deployment that nobody else in this test run looks at."""

    sagemaker: Any
    bucket: str
    training: Training
    deployment: str
    airflow: Airflow = field(default_factory=Airflow)
    started: list[str] = field(default_factory=list)

    def start(
        self, run: str, *, generation: int = 0, deployment: str = "", map_index: int = -1, lives: bool = True
    ) -> str:
        owner = Owner(deployment or self.deployment, "harbour", run, "train", map_index)
        job = jobs.claim(
            self.sagemaker,
            "training",
            lambda name: self.training(name, seconds=LONG),
            owner,
            generation,
            "harbour-train",
            lives_with_task=lives,
        )
        self.started.append(job.name)
        return job.name

    def reconcile(self, **arguments: Any) -> list[str]:
        made = StopUnwantedJobsOperator(
            task_id="stop", **{"aws_conn_id": None, "grace": timedelta(seconds=-60), **arguments}
        )
        return made.execute({"ti": self.airflow})

    def status(self, name: str) -> str:
        return status(self.sagemaker, name)


@pytest.fixture
def yard(sagemaker: Any, bucket: str, training: Training, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    yard = Yard(sagemaker, bucket, training, f"yard-{uuid.uuid4().hex[:6]}")
    monkeypatch.setenv("BOATYARD_DEPLOYMENT", yard.deployment)
    yield yard
    for name in yard.started:
        jobs.stop(sagemaker, "training", name)


def test_jobs_are_stopped_whose_tasks_do_not_want_them_and_no_others(yard: Yard) -> None:
    unwanted, wanting = ["failed", "success", "restarting"], ["running", "deferred", "up_for_retry", "queued", None]
    states: list[str | None] = [*unwanted, *wanting]
    names = [yard.start("run 1", map_index=index) for index in range(len(states))]
    yard.airflow.states = {"run 1": {f"train_{index}": state for index, state in enumerate(states)}}
    assert sorted(yard.reconcile()) == sorted(names[: len(unwanted)])
    assert {yard.status(name) for name in names[len(unwanted) :]} == {"InProgress"}
    assert {ended(yard.sagemaker, name) for name in names[: len(unwanted)]} == {"Stopped"}


def test_a_job_of_a_run_that_was_deleted_is_stopped(yard: Yard) -> None:
    assert yard.reconcile() == []
    name = yard.start("run 1")
    assert yard.reconcile() == [name]


def test_a_job_that_is_being_claimed_is_left_alone(yard: Yard) -> None:
    yard.start("run 1")
    assert yard.reconcile(grace=timedelta(minutes=1)) == []


def test_only_jobs_that_a_task_waits_for_are_stopped(yard: Yard) -> None:
    yard.start("by hand", lives=False)
    assert yard.reconcile() == []


def test_jobs_of_another_deployment_are_left_alone(yard: Yard) -> None:
    yard.start("run 1", deployment="another")
    assert yard.reconcile() == []


def test_a_job_without_our_tags_is_left_alone_whatever_its_name(yard: Yard) -> None:
    name = f"somebody-{'a' * 12}-0-{uuid.uuid4().int % 10**9}"
    yard.sagemaker.create_training_job(**yard.training(name, seconds=LONG))
    yard.started.append(name)
    assert yard.reconcile() == []
    assert yard.status(name) == "InProgress"


def test_a_job_whose_tags_cannot_tell_its_run_is_left_alone(yard: Yard) -> None:
    yard.start("run #1")  # a tag takes no such character
    assert yard.reconcile() == []


def test_one_question_to_airflow_serves_all_jobs_of_a_run(yard: Yard) -> None:
    for index in range(3):
        yard.start("run 1", map_index=index)
    yard.reconcile()
    assert yard.airflow.asked == [("harbour", ["train"], ["run 1"])]


def test_what_a_worker_created_after_a_person_cleared_its_task_is_stopped_beside_the_newer_job(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = yard.start("run 1", generation=1)
    old = yard.start("run 1")  # a worker that was frozen while the new one looked for older jobs
    yard.airflow.states = {"run 1": {"train": "running"}}
    assert yard.reconcile() == [old]
    assert yard.status(new) == "InProgress"


def test_more_jobs_than_one_answer_holds_are_looked_at(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boatyard.aws.jobs.running.PAGE", 1)
    names = {yard.start(f"run {number}") for number in range(3)}
    assert set(yard.reconcile()) == names


def test_a_deployment_without_a_name_stops_nothing(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOATYARD_DEPLOYMENT")
    with pytest.raises(AirflowFailException, match="would stop each other's jobs"):
        yard.reconcile()


def test_a_task_that_waits_says_so_on_its_job_and_one_that_does_not_wait_does_not(
    sagemaker: Any, training: Training, task: Task
) -> None:
    def lives(name: str) -> bool:
        arn = sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobArn"]
        return {"Key": "boatyard:lives-with", "Value": "airflow-task"} in sagemaker.list_tags(ResourceArn=arn)["Tags"]

    waits = deferred(operator(training(seconds=LONG), defer_after=0.1), task).job_name
    leaves = operator(training(), wait_for_completion=False).execute(Task().context())["job_name"]
    keeps = operator(training(), cancel_on_kill=False).execute(Task().context())["job_name"]
    assert [lives(name) for name in (waits, leaves, keeps)] == [True, False, False]
    jobs.stop(sagemaker, "training", waits)
