"""A job task has a retry for a worker that dies, and its job still runs once."""

from typing import Any

import pytest
from airflow.sdk import DAG, RetryAction

from boatyard.airflow.failures import JobFailedError, WorkerEndsError
from boatyard.airflow.operators import SageMakerTrainingOperator

CONFIG: dict[str, Any] = {"TrainingJobName": "{job_name}"}


def test_a_task_without_retries_gets_one() -> None:
    assert SageMakerTrainingOperator(task_id="train", config=CONFIG).retries == 1
    assert SageMakerTrainingOperator(task_id="train", config=CONFIG, retries=0).retries == 1


def test_a_task_with_retries_keeps_them_and_its_own_policy() -> None:
    made = SageMakerTrainingOperator(task_id="train", config=CONFIG, retries=3)
    assert (made.retries, made.retry_policy) == (3, None)


def test_the_retry_that_a_task_got_serves_a_worker_that_dies_and_no_job_that_failed() -> None:
    policy = SageMakerTrainingOperator(task_id="train", config=CONFIG, retries=0).retry_policy
    assert policy is not None
    assert policy.evaluate(JobFailedError("AlgorithmError"), 1, 1).action is RetryAction.FAIL
    assert policy.evaluate(WorkerEndsError("goes on"), 1, 1).action is RetryAction.DEFAULT


def test_a_mapped_task_keeps_the_retries_that_airflows_server_knows_of() -> None:
    with DAG("harbour"):
        mapped = SageMakerTrainingOperator.partial(task_id="train").expand(config=[CONFIG, CONFIG])
    task = mapped.unmap({"config": CONFIG})
    assert task.retries == 0


@pytest.mark.parametrize("deferrable", [None, True])
def test_a_task_is_deferred_where_the_providers_would_be(deferrable: bool | None) -> None:
    arguments = {} if deferrable is None else {"deferrable": deferrable}
    made = SageMakerTrainingOperator(task_id="train", config=CONFIG, **arguments)
    assert made.deferrable is bool(deferrable)
