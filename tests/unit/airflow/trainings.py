"""Training jobs as one task, from the worker to the triggerer."""

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests.unit.airflow.conftest import Task

from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.airflow.operators.job import JobOperator
from boatyard.airflow.triggers import JobTrigger
from boatyard.aws import jobs

Training = Callable[..., dict[str, Any]]
LONG = "120"  # seconds


def operator(config: dict[str, Any], **arguments: Any) -> SageMakerTrainingOperator:
    arguments = {"deferrable": True, "retries": 1} | arguments
    return SageMakerTrainingOperator(task_id="train", config=config, aws_conn_id=None, **arguments)


def status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])


def ended(sagemaker: Any, name: str) -> str:
    return jobs.wait(sagemaker, "training", name).status


def deferred(operator: JobOperator, task: Task) -> JobTrigger:
    """Execute until the operator defers, and return the trigger as a triggerer gets it."""
    with pytest.raises(TaskDeferred) as raised:
        operator.execute(task.context())
    assert raised.value.method_name == "execute_complete"
    path, arguments = raised.value.trigger.serialize()
    assert path == "boatyard.airflow.triggers.JobTrigger"
    return JobTrigger(**arguments)
