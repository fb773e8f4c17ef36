"""Tuning jobs, against real ones of a real sagelocal."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.trainings import LONG, Training, deferred

from boatyard.airflow.failures import JobFailedError
from boatyard.airflow.operators import SageMakerTuningOperator
from boatyard.aws import jobs

Tuning = Callable[..., dict[str, Any]]


@pytest.fixture
def tuning(training: Training) -> Tuning:
    """Give a function that returns a tuning job's request; `hyperparameters` tell its training jobs what to do."""

    def tuning(name: str = "{job_name}", **hyperparameters: str) -> dict[str, Any]:
        definition = training(**hyperparameters)
        del definition["TrainingJobName"]
        definition["StaticHyperParameters"] = definition.pop("HyperParameters")
        definition["AlgorithmSpecification"] |= {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]}
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": "2", "MaxParallelTrainingJobs": "1"},
                "ParameterRanges": {
                    "CategoricalParameterRanges": [{"Name": "message", "Values": ["loss=0.5", "loss=0.25"]}]
                },
            },
            "TrainingJobDefinition": definition,
        }

    return tuning


def operator(config: dict[str, Any], **arguments: Any) -> SageMakerTuningOperator:
    return SageMakerTuningOperator(task_id="train", config=config, aws_conn_id=None, **arguments)


def described(sagemaker: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    return found


def test_a_tuning_job_gives_its_best_training_job_and_shows_the_logs_of_all(
    sagemaker: Any, tuning: Tuning, task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    result = operator(tuning()).execute(task.context())
    log = capsys.readouterr().out
    assert [len(re.findall(rf"\| \[00{n}-[0-9a-f]{{8}}/algo-1\] loss=0\.", log)) for n in (1, 2)] == [1, 1]
    found = described(sagemaker, result["job_name"])
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 2
    assert result["best_training_job"] == found["BestTrainingJob"]["TrainingJobName"]
    assert result["Tuning"]["HyperParameterTuningJobName"] == result["job_name"]


def test_a_tuning_jobs_name_fits_into_its_32_characters(tuning: Tuning, task: Task) -> None:
    name = operator(tuning("a-very-long-name-of-a-tuning-job")).execute(task.context())["job_name"]
    assert len(name) <= 32
    assert name.startswith("a-very-long")


def test_a_retry_attaches_and_a_clear_stops_the_older_one(sagemaker: Any, tuning: Tuning, task: Task) -> None:
    def start(seconds: str) -> str:
        return deferred(operator(tuning(seconds=seconds), deferrable=True, defer_after=0.1), task).job_name

    first = start(LONG)
    task.retry()
    assert start(LONG) == first
    task.clear()
    second = start(LONG)
    assert described(sagemaker, first)["HyperParameterTuningJobStatus"] == "Stopped"
    jobs.stop(sagemaker, "tuning", second)


def test_a_stopped_tuning_job_is_a_failure_whatever_its_training_jobs_achieved(
    sagemaker: Any, tuning: Tuning, task: Task
) -> None:
    name = deferred(operator(tuning(seconds=LONG), deferrable=True, defer_after=0.1), task).job_name
    jobs.stop(sagemaker, "tuning", name)
    jobs.wait(sagemaker, "tuning", name)
    with pytest.raises(JobFailedError, match=f"tuning job {name} was stopped"):
        operator(tuning()).execute_complete(task.context(), {"job_name": name, "in_time": True})


def test_several_definitions_of_training_jobs_may_stand_in_place_of_one(task: Task) -> None:
    made = operator({"TrainingJobDefinitions": [{"RoleArn": "arn:aws:iam::123456789012:role/a"}, {}]})
    made.expand_role()
    assert made.config["TrainingJobDefinitions"][0]["RoleArn"] == "arn:aws:iam::123456789012:role/a"
