"""A job task has a retry for a worker that dies, and its job still runs once."""

from typing import Any

import pytest
from airflow.sdk import DAG, RetryAction
from airflow.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout
from airflow.serialization.serialized_objects import DagSerialization

from boatyard.airflow.failures import JobFailedError, WorkerEndsError
from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.airflow.retries import ONLY_AFTER_A_CRASH

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


def test_a_task_whose_trigger_breaks_is_tried_again_for_its_job_goes_on() -> None:
    policy = SageMakerTrainingOperator(task_id="train", config=CONFIG).retry_policy
    assert policy is not None
    assert policy.evaluate(TaskDeferralError("Trigger failure"), 1, 1).action is RetryAction.DEFAULT
    assert policy.evaluate(TaskDeferralTimeout("too long"), 1, 1).action is RetryAction.FAIL


def test_a_mapped_task_has_the_same_retry_and_airflows_server_knows_of_it() -> None:
    with DAG("harbour") as dag:
        SageMakerTrainingOperator.partial(task_id="train").expand(config=[CONFIG, CONFIG])
        SageMakerTrainingOperator.partial(task_id="own", retries=3).expand(config=[CONFIG, CONFIG])
    with DAG("fleet", default_args={"retries": 2}) as fleet:
        SageMakerTrainingOperator.partial(task_id="theirs").expand(config=[CONFIG, CONFIG])
    kept = {
        name: task
        for one in (dag, fleet)
        for name, task in DagSerialization.from_dict(DagSerialization.to_dict(one)).task_dict.items()
    }
    found = {name: (task.retries, task.has_retry_policy) for name, task in kept.items()}
    assert found == {"train": (1, True), "own": (3, False), "theirs": (2, False)}
    task = dag.get_task("train").unmap({"config": CONFIG})
    assert (task.retries, task.retry_policy) == (1, ONLY_AFTER_A_CRASH)


@pytest.mark.parametrize("deferrable", [None, True])
def test_a_task_is_deferred_where_the_providers_would_be(deferrable: bool | None) -> None:
    arguments = {} if deferrable is None else {"deferrable": deferrable}
    made = SageMakerTrainingOperator(task_id="train", config=CONFIG, **arguments)
    assert made.deferrable is bool(deferrable)
