"""Work that was done already is not done again, against real jobs of a real sagelocal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

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


def test_the_same_work_is_not_done_again(request_of: Training, train: Train) -> None:
    assert train(request_of(message="a")) == train(request_of(message="a"))


def test_equal_files_elsewhere_are_the_same_input(request_of: Training, train: Train, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="tides/tuesday/rows.csv", Body=b"1,2\n")
    assert train(request_of("tuesday")) == train(request_of("monday"))


def test_longer_runtime_or_another_owner_is_the_same_work(request_of: Training, train: Train) -> None:
    longer = request_of() | {"StoppingCondition": {"MaxRuntimeInSeconds": 900}}
    assert train(longer | {"Tags": [{"Key": "team", "Value": "tides"}]}) == train(request_of())


@pytest.mark.parametrize(
    "change",
    [
        {"HyperParameters": {"message": "b"}},
        {"ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}},
        {"Environment": {"TIDE": "low"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_request_is_other_work(request_of: Training, train: Train, change: dict[str, Any]) -> None:
    assert train(request_of()) != train(request_of() | change)


def test_changed_files_are_other_work(request_of: Training, train: Train, s3: Any, bucket: str) -> None:
    before = train(request_of())
    s3.put_object(Bucket=bucket, Key="tides/monday/rows.csv", Body=b"1,3\n")
    assert train(request_of()) != before


def test_contents_that_are_known_stand_for_the_files(request_of: Training, train: Train, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="tides/shuffled/other-name", Body=b"the same rows in another order")
    known = {"contents": {"train": "rows-of-monday"}}
    before = train(request_of("monday"), **known)
    assert train(request_of("shuffled"), **known) == before
    assert train(request_of("shuffled"), contents={"train": "rows-of-tuesday"}) != before


def test_a_hit_whose_artifact_is_gone_is_a_miss_and_is_kept_anew(
    request_of: Training, train: Train, s3: Any, bucket: str
) -> None:
    before = train(request_of())
    s3.delete_object(Bucket=bucket, Key=f"output/{before}/output/model.tar.gz")
    after = train(request_of())
    assert after != before
    assert train(request_of()) == after


def test_an_artifact_that_somebody_replaced_is_a_miss(request_of: Training, train: Train, s3: Any, bucket: str) -> None:
    before = train(request_of())
    s3.put_object(Bucket=bucket, Key=f"output/{before}/output/model.tar.gz", Body=b"another model")
    assert train(request_of()) != before


def test_force_does_the_work_and_later_runs_take_that(request_of: Training, train: Train) -> None:
    before = train(request_of())
    forced = train(request_of(), force="True")
    assert forced != before
    assert train(request_of(), force="False") == forced


def test_a_persons_clear_does_the_work_and_later_runs_take_that(request_of: Training, train: Train, task: Task) -> None:
    before = train(request_of())
    assert train(request_of(), task) == before
    task.clear()
    again = train(request_of(), task)
    assert again != before
    assert train(request_of()) == again


def test_a_failed_job_is_not_kept(request_of: Training, train: Train) -> None:
    failing = request_of(failure="no wind")
    for _ in range(2):
        with pytest.raises(Exception, match="no wind"):
            train(failing)


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


def test_an_input_that_cannot_be_listed_is_never_a_hit(
    request_of: Training, train: Train, s3: Any, bucket: str
) -> None:
    manifest = json.dumps([{"prefix": f"s3://{bucket}/tides/monday/"}, "rows.csv"])
    s3.put_object(Bucket=bucket, Key="tides/manifest.json", Body=manifest.encode())
    config = request_of()
    config["InputDataConfig"][0]["DataSource"]["S3DataSource"] = {
        "S3DataType": "ManifestFile",
        "S3Uri": f"s3://{bucket}/tides/manifest.json",
    }
    assert train(config) != train(config)


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
