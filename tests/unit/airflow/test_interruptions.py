"""What a task's process does when it is told to end, or its time is up, against real jobs of a real sagelocal."""

import asyncio
import gc
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
    TaskDeferred,
)
from airflow.utils.state import TaskInstanceState
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.trainings import LONG, Training, deferred, ended, operator, status

from boatyard.airflow.claimant import claimant
from boatyard.airflow.failures import KilledError, WorkerEndsError
from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.airflow.wanting import STATES
from boatyard.aws import jobs


@contextmanager
def told_to_end(
    made: SageMakerTrainingOperator, sagemaker: Any, task: Task, before: Callable[[], None]
) -> Iterator[None]:
    """Send this process a signal once its job is there; Airflow's task runner calls on_kill from such a handler."""
    digest = claimant(task.context()).owner.digest

    def tell() -> None:
        while not sagemaker.list_training_jobs(NameContains=digest)["TrainingJobSummaries"]:
            pass
        before()
        os.kill(os.getpid(), signal.SIGUSR1)

    handler = signal.signal(signal.SIGUSR1, lambda *_: made.on_kill())
    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield
    finally:
        teller.join()
        signal.signal(signal.SIGUSR1, handler)


def airflow_shows(task: Task, state: str | None) -> Callable[[], None]:
    def mark() -> None:
        task.state = state

    return mark


@pytest.mark.parametrize("state", ["failed", "restarting"])
def test_a_task_that_a_person_kills_in_the_worker_stops_its_job(
    sagemaker: Any, training: Training, task: Task, state: str
) -> None:
    made = operator(training(seconds=LONG), deferrable=False)
    with (
        told_to_end(made, sagemaker, task, airflow_shows(task, state)),
        pytest.raises(KilledError, match=r"nobody wants this try of the task any more: training job \S+ is stopped"),
    ):
        made.execute(task.context())
    assert made.claimed is not None
    assert ended(sagemaker, made.claimed) == "Stopped"


@pytest.mark.parametrize("state", ["running", "queued", None])  # the last two: a scheduler that died lost this try
def test_a_worker_whose_machine_goes_away_leaves_its_job_to_the_next_try(
    sagemaker: Any, training: Training, task: Task, state: str | None
) -> None:
    made = operator(training(seconds=LONG), deferrable=False)
    with (
        told_to_end(made, sagemaker, task, airflow_shows(task, state)),
        pytest.raises(WorkerEndsError, match=r"training job \S+ goes on, and the next try waits for it"),
    ):
        made.execute(task.context())
    assert made.claimed is not None
    assert status(sagemaker, made.claimed) == "InProgress"
    jobs.stop(sagemaker, "training", made.claimed)


def test_a_worker_whose_machine_goes_away_hands_its_wait_to_the_triggerer(
    sagemaker: Any, training: Training, task: Task
) -> None:
    made = operator(training(seconds=LONG), deferrable=True)
    with told_to_end(made, sagemaker, task, lambda: None), pytest.raises(TaskDeferred) as raised:
        made.execute(task.context())
    name = raised.value.trigger.serialize()[1]["job_name"]
    assert status(sagemaker, name) == "InProgress"
    jobs.stop(sagemaker, "training", name)


def test_a_job_is_left_alone_where_airflow_cannot_be_asked(
    sagemaker: Any, training: Training, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> NoReturn:
        raise EOFError("Request socket closed before length")

    monkeypatch.setattr(task, "_states", nobody)
    made = operator(training(seconds=LONG), deferrable=False)
    with told_to_end(made, sagemaker, task, lambda: None), pytest.raises(WorkerEndsError):
        made.execute(task.context())
    assert made.claimed is not None
    assert status(sagemaker, made.claimed) == "InProgress"
    jobs.stop(sagemaker, "training", made.claimed)


def test_a_task_told_to_leave_its_job_alone_does_so_in_the_worker(
    sagemaker: Any, training: Training, task: Task
) -> None:
    made = operator(training(seconds=LONG), deferrable=False, cancel_on_kill=False)
    with told_to_end(made, sagemaker, task, airflow_shows(task, "failed")), pytest.raises(WorkerEndsError):
        made.execute(task.context())
    assert made.claimed is not None
    assert status(sagemaker, made.claimed) == "InProgress"
    jobs.stop(sagemaker, "training", made.claimed)


def test_a_task_killed_before_it_created_its_job_creates_none(
    sagemaker: Any, training: Training, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = operator(training())
    task.state = "failed"
    monkeypatch.setattr(made, "prepare", made.on_kill)
    with pytest.raises(KilledError, match=r"training job \S+ was not created"):
        made.execute(task.context())
    digest = claimant(task.context()).owner.digest
    assert sagemaker.list_training_jobs(NameContains=digest)["TrainingJobSummaries"] == []


# a timeout in the middle of a call leaves the call's connection to whoever collects garbage
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_task_that_times_out_stops_its_job_before_it_is_told_to_end(
    sagemaker: Any, training: Training, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = operator(training(seconds=LONG), deferrable=False)

    def time_is_up() -> NoReturn:  # as airflow.sdk's own timeout does, in the middle of whatever goes on
        raise AirflowTaskTimeout("Timeout")

    monkeypatch.setattr(made, "on_kill", time_is_up)
    with told_to_end(made, sagemaker, task, lambda: None), pytest.raises(AirflowTaskTimeout):
        made.execute(task.context())
    gc.collect()
    assert made.claimed is not None
    assert ended(sagemaker, made.claimed) == "Stopped"


def test_a_deferral_that_airflow_ends_for_its_length_stops_the_job(
    sagemaker: Any, training: Training, task: Task
) -> None:
    name = deferred(operator(training(seconds=LONG), defer_after=0.1, max_ingestion_time=60), task).job_name
    resumed = operator(training(seconds=LONG), max_ingestion_time=60)
    with pytest.raises(AirflowException, match=f"{name} did not end within 60 s; it was asked to stop"):
        resumed.resume_execution("__fail__", {"error": "Trigger timeout"}, task.context())
    assert ended(sagemaker, name) == "Stopped"


def test_a_deferral_has_an_end_of_its_own_where_no_triggerer_lives(training: Training, task: Task) -> None:
    with pytest.raises(TaskDeferred) as raised:
        operator(training(seconds="3"), defer_after=0.1, max_ingestion_time=60).execute(task.context())
    assert raised.value.timeout is not None
    assert 60 < raised.value.timeout.total_seconds() <= 120


def test_a_deferral_that_ends_for_its_length_after_the_job_did_is_told_as_it_is(training: Training, task: Task) -> None:
    operator(training()).execute(task.context())
    with pytest.raises(TaskDeferralTimeout):
        operator(training()).resume_execution("__fail__", {"error": "Trigger timeout"}, task.context())


def test_a_trigger_that_breaks_leaves_the_job_to_the_next_try(sagemaker: Any, training: Training, task: Task) -> None:
    name = deferred(operator(training(seconds=LONG), defer_after=0.1), task).job_name
    with pytest.raises(TaskDeferralError):
        operator(training(seconds=LONG)).resume_execution("__fail__", {"error": "Trigger failure"}, task.context())
    assert status(sagemaker, name) == "InProgress"
    jobs.stop(sagemaker, "training", name)


def test_after_a_kill_by_the_infrastructure_a_retry_goes_on_with_the_same_job(
    sagemaker: Any, training: Training, task: Task
) -> None:
    made = operator(training(seconds=LONG), deferrable=False)
    with told_to_end(made, sagemaker, task, lambda: None), pytest.raises(WorkerEndsError):
        made.execute(task.context())
    task.retry()
    assert deferred(operator(training(seconds=LONG), defer_after=0.1), task).job_name == made.claimed
    jobs.stop(sagemaker, "training", str(made.claimed))


def test_it_is_known_of_every_state_of_a_task_whether_it_wants_its_job() -> None:
    assert set(STATES) == {None, *(state.value for state in TaskInstanceState)}


def test_a_try_that_a_person_kills_leaves_a_record(
    client: Callable[[str], Any], bucket: str, sagemaker: Any, training: Training, task: Task
) -> None:
    made = operator(training(seconds=LONG), deferrable=False, records=f"s3://{bucket}/harbour/records")
    with told_to_end(made, sagemaker, task, airflow_shows(task, "failed")), pytest.raises(KilledError):
        made.execute(task.context())
    record = the_record(client("s3"), bucket)
    assert (record["state"], record["job"]["name"]) == ("killed", made.claimed)


def test_a_try_that_a_person_kills_in_the_triggerer_leaves_a_record(
    client: Callable[[str], Any], bucket: str, training: Training, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cleared(_: object) -> bool:
        return False

    monkeypatch.setattr("boatyard.airflow.triggers.still_deferred", cleared)
    config, place = training(seconds=LONG), f"s3://{bucket}/harbour/records"
    trigger = deferred(operator(config, defer_after=0.1, records=place), task)
    asyncio.run(trigger.on_kill())
    record = the_record(client("s3"), bucket)
    assert (record["state"], record["job"]["name"], record["owner"]["try"]) == ("killed", trigger.job_name, 1)
    assert record["reason"].endswith(f"training job {trigger.job_name} is stopped")


def test_the_record_of_a_newer_try_stays_when_an_older_one_is_killed(
    client: Callable[[str], Any],
    bucket: str,
    sagemaker: Any,
    training: Training,
    task: Task,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def cleared(_: object) -> bool:
        return False

    monkeypatch.setattr("boatyard.airflow.triggers.still_deferred", cleared)
    place = f"s3://{bucket}/harbour/records"
    trigger = deferred(operator(training(seconds=LONG), defer_after=0.1, records=place), task)
    task.clear()
    operator(training(), records=place).execute(task.context())
    asyncio.run(trigger.on_kill())
    assert the_record(client("s3"), bucket)["state"] == "succeeded"


def test_a_trigger_whose_task_another_triggerer_took_over_stops_nothing(
    sagemaker: Any, training: Training, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deferred_yet(_: object) -> bool:
        return True

    monkeypatch.setattr("boatyard.airflow.triggers.still_deferred", deferred_yet)
    trigger = deferred(operator(training(seconds=LONG), defer_after=0.1), task)
    asyncio.run(trigger.on_kill())
    assert status(sagemaker, trigger.job_name) == "InProgress"
    jobs.stop(sagemaker, "training", trigger.job_name)


def the_record(s3: Any, bucket: str) -> dict[str, Any]:
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="harbour/records/")["Contents"]
    (key,) = [one["Key"] for one in listed if one["Key"].endswith("/train.json")]
    record: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return record
