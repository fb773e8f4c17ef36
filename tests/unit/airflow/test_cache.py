"""Work that was done already is not done again, against real jobs of a real sagelocal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

from boatyard.airflow.failures import JobFailedError
from boatyard.airflow.operators import SageMakerProcessingOperator, SageMakerTrainingOperator
from boatyard.airflow.operators.job import JobOperator
from boatyard.aws import jobs

Training = Callable[..., dict[str, Any]]
Train = Callable[..., str]


@pytest.fixture
def s3(client: Callable[[str], Any], bucket: str) -> Any:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="tides/monday/rows.csv", Body=b"1,2\n")
    return s3


@pytest.fixture
def request_of(training: Training, bucket: str, s3: Any) -> Callable[..., dict[str, Any]]:
    """Give a function that returns CreateTrainingJob with one channel, the files of `day`."""

    def request_of(day: str = "monday", **hyperparameters: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/tides/{day}/"}
        return training(**hyperparameters) | {
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]
        }

    return request_of


@pytest.fixture
def operator(bucket: str) -> Callable[..., SageMakerTrainingOperator]:
    def operator(config: dict[str, Any], **rule: Any) -> SageMakerTrainingOperator:
        return SageMakerTrainingOperator(
            task_id="train",
            config=config,
            aws_conn_id=None,
            records=f"s3://{bucket}/tides/records",
            cache={"place": f"s3://{bucket}/tides/cache/train"} | rule,
            deferrable=True,
            retries=1,
        )

    return operator


@pytest.fixture
def train(operator: Callable[..., SageMakerTrainingOperator]) -> Train:
    """Give a function that runs the task of a new run, or of `task`, and returns the name of its job."""

    def train(config: dict[str, Any], task: Task | None = None, **rule: Any) -> str:
        name: str = operator(config, **rule).execute((task or Task()).context())["job_name"]
        return name

    return train


def record(s3: Any, bucket: str, task: Task) -> dict[str, Any]:
    (key,) = [
        found["Key"]
        for found in s3.list_objects_v2(Bucket=bucket, Prefix="tides/records/")["Contents"]
        if task.run_id.rpartition("__")[2] in found["Key"] and found["Key"].endswith("/train.json")
    ]
    content: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return content


def test_the_same_work_is_not_done_again_as_long_as_what_it_left_is_there(
    request_of: Training, train: Train, s3: Any, bucket: str
) -> None:
    first = train(request_of())
    assert train(request_of()) == first
    s3.put_object(Bucket=bucket, Key=f"output/{first}/output/model.tar.gz", Body=b"another model")
    second = train(request_of())
    assert second != first
    assert train(request_of()) == second
    s3.delete_object(Bucket=bucket, Key=f"output/{second}/output/model.tar.gz")
    assert train(request_of()) not in (first, second)


def test_who_wants_it_done_gets_it_done_and_later_runs_take_that(
    request_of: Training, train: Train, task: Task
) -> None:
    first = train(request_of())
    forced = train(request_of(), force="True")
    assert train(request_of(), task, force="False") == forced != first
    task.clear()
    cleared = train(request_of(), task)
    assert cleared not in (first, forced)
    assert train(request_of()) == cleared


def test_a_failed_job_is_not_kept(request_of: Training, train: Train, s3: Any, bucket: str) -> None:
    with pytest.raises(JobFailedError, match="no wind"):
        train(request_of(failure="no wind"))
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="tides/cache/")


def test_a_step_goes_on_with_its_own_job_whatever_the_cache_has(
    request_of: Training, train: Train, operator: Any, task: Task, sagemaker: Any
) -> None:
    config = request_of(seconds="3")
    made = operator(config)
    made.defer_after = 0.1
    with pytest.raises(TaskDeferred) as deferred:
        made.execute(task.context())
    own = deferred.value.trigger.serialize()[1]["job_name"]
    other = train(config)  # another run did the same meanwhile
    task.retry()
    assert train(config, task) == own != other
    assert jobs.wait(sagemaker, "training", own).status == "Completed"


def test_an_input_that_changed_while_the_job_ran_is_not_kept(
    request_of: Training, train: Train, s3: Any, bucket: str, task: Task, operator: Any, sagemaker: Any
) -> None:
    made = operator(request_of(seconds="1"))
    made.defer_after = 0.1
    with pytest.raises(TaskDeferred) as deferred:
        made.execute(task.context())
    s3.put_object(Bucket=bucket, Key="tides/monday/more.csv", Body=b"3,4\n")
    name = deferred.value.trigger.serialize()[1]["job_name"]
    jobs.wait(sagemaker, "training", name)
    operator(request_of()).execute_complete(task.context(), {"job_name": name, "in_time": True})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="tides/cache/")


def test_a_deferred_job_is_kept_by_the_worker_that_resumes(
    request_of: Training, train: Train, operator: Any, task: Task, sagemaker: Any
) -> None:
    config = request_of(seconds="1")
    made = operator(config)
    made.defer_after = 0.1
    with pytest.raises(TaskDeferred) as deferred:
        made.execute(task.context())
    name = deferred.value.trigger.serialize()[1]["job_name"]
    jobs.wait(sagemaker, "training", name)
    operator(config).execute_complete(task.context(), {"job_name": name, "in_time": True})
    assert train(config) == name


def test_a_hit_shows_whose_work_it_is(
    request_of: Training, train: Train, operator: Any, task: Task, s3: Any, bucket: str
) -> None:
    first = Task()
    name = train(request_of(), first)
    hit = operator(request_of())
    hit.execute(task.context())
    found = record(s3, bucket, task)
    assert found["cached_from"]["run"] == first.run_id
    assert found["cached_from"]["record"].endswith("/train.json")
    assert (found["job"]["name"], found["billable_seconds"], found["cost"]["usd"]) == (name, 0, 0.0)
    assert found["requests"] == []
    assert found["cached_from"]["record"].partition("//")[2].partition("/")[2] in hit.links["Cached from"]
    assert record(s3, bucket, first)["cached_from"] is None


def test_processing_jobs_are_taken_too(bucket: str, s3: Any, task: Task) -> None:
    def process(task: Task) -> Any:
        return SageMakerProcessingOperator(
            task_id="train",
            config={
                "ProcessingJobName": "{job_name}",
                "RoleArn": ROLE,
                "AppSpecification": {
                    "ImageUri": IMAGE,
                    "ContainerEntrypoint": ["/bin/sh", "-c", "echo tide > $BASE/out.txt"],
                },
                "Environment": {"BASE": "/opt/ml/processing/output"},
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                },
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "out",
                            "S3Output": {
                                "S3Uri": f"s3://{bucket}/tides/{{job_name}}/out/",
                                "LocalPath": "/opt/ml/processing/output",
                                "S3UploadMode": "EndOfJob",
                            },
                        }
                    ]
                },
            },
            aws_conn_id=None,
            cache={"place": f"s3://{bucket}/tides/cache/process"},
        ).execute(task.context())["job_name"]

    first = process(task)
    assert process(Task()) == first
    s3.delete_object(Bucket=bucket, Key=f"tides/{first}/out/out.txt")
    assert process(Task()) != first


def test_there_is_no_cache_of_tuning_jobs() -> None:
    class Tuning(JobOperator):
        kind = "tuning"

    with pytest.raises(ValueError, match="no cache of tuning jobs"):
        Tuning(task_id="tune", config={}, cache={"place": "s3://bucket/cache"})
