"""A DAG file that says something else at the next try, as one with a time in its job's name does: no job is doubled."""

from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.trainings import LONG, Training, deferred, operator, status

from boatyard.airflow.claimant import claimant
from boatyard.aws import jobs


@pytest.fixture(autouse=True)
def _nothing_is_left(sagemaker: Any, task: Task) -> Iterator[None]:
    yield
    for name in running(sagemaker, task):
        jobs.stop(sagemaker, "training", name)


def running(sagemaker: Any, task: Task) -> list[str]:
    digest = claimant(task.context()).owner.digest
    found = sagemaker.list_training_jobs(NameContains=digest, StatusEquals="InProgress")
    return sorted(one["TrainingJobName"] for one in found["TrainingJobSummaries"])


def test_a_retry_goes_on_with_the_job_whatever_it_would_be_called_now(
    sagemaker: Any, training: Training, task: Task
) -> None:
    before = deferred(operator(training("tides-10h31", seconds=LONG), defer_after=0.1), task)
    task.retry()
    after = deferred(operator(training("tides-10h32", seconds=LONG), defer_after=0.1), task)
    assert after.job_name == before.job_name
    assert running(sagemaker, task) == [before.job_name]


def test_a_clear_stops_the_older_job_whatever_it_is_called_and_takes_the_new_name(
    sagemaker: Any, training: Training, task: Task
) -> None:
    old = deferred(operator(training("tides-10h31", seconds=LONG), defer_after=0.1), task).job_name
    task.clear()
    new = deferred(operator(training("tides-10h32", seconds=LONG), defer_after=0.1), task).job_name
    assert new.startswith("tides-10h32-")
    assert running(sagemaker, task) == [new]
    assert status(sagemaker, old) == "Stopped"


def test_more_retries_than_before_a_clear_do_not_look_like_the_time_before_it(
    sagemaker: Any, training: Training, task: Task
) -> None:
    deferred(operator(training(seconds=LONG), defer_after=0.1), task)
    task.clear()
    cleared = deferred(operator(training(seconds=LONG), defer_after=0.1), task).job_name
    task.retry()
    task.retries += 2
    assert deferred(operator(training(seconds=LONG), defer_after=0.1), task).job_name == cleared
    assert running(sagemaker, task) == [cleared]


def test_a_deferral_that_took_too_long_stops_the_job_whatever_it_would_be_called_now(
    sagemaker: Any, training: Training, task: Task
) -> None:
    name = deferred(operator(training("tides-10h31", seconds=LONG), defer_after=0.1), task).job_name
    made = operator(training("tides-10h32", seconds=LONG), max_ingestion_time=1)
    with pytest.raises(AirflowException, match=rf"training job {name} did not end within 1 s; it was asked to stop"):
        made.resume_execution("__fail__", {"error": "Trigger timeout"}, task.context())
    assert running(sagemaker, task) == []
