"""Training and processing jobs through unmodified boto3, against real processes.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from tests.archives import unpacked
from tests.logs import lines
from tests.objects import read
from tests.waiting import until

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


@pytest.fixture
def s3(client: Client) -> Any:
    return client("s3")


@pytest.fixture
def name() -> str:
    return f"job-{uuid.uuid4()}"


def _training(name: str, bucket: str, hyperparameters: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "HyperParameters": hyperparameters or {},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **changes,
    }


def _processing(name: str, bucket: str, script: str, **changes: Any) -> dict[str, Any]:
    place = {"S3Uri": f"s3://{bucket}/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", script]},
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": f"s3://{bucket}/data/",
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": place}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "Environment": {"COLOUR": "blue"},
        **changes,
    }


def _artifact(s3: Any, described: dict[str, Any]) -> dict[str, Any]:
    """Return what the job wrote into its model."""
    files = unpacked(read(s3, described["ModelArtifacts"]["S3ModelArtifacts"]))
    content: dict[str, Any] = json.loads(files["model.json"])
    return content


def _trained(sagemaker: Any, name: str) -> dict[str, Any]:
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=FAST)
    described: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    return described


def test_a_training_job_really_trains(sagemaker: Any, s3: Any, data: str, name: str) -> None:
    definitions = [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]
    request = _training(name, data, {"message": "accuracy=0.93"})
    request["AlgorithmSpecification"]["MetricDefinitions"] = definitions
    arn = sagemaker.create_training_job(**request)["TrainingJobArn"]
    described = _trained(sagemaker, name)
    assert described["TrainingJobArn"] == arn
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Completed"
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{data}/output/{name}/output/model.tar.gz"
    model = _artifact(s3, described)
    assert model["data"] == {"train/train.csv": "1,2\n"}
    assert model["hyperparameters"] == {"message": "accuracy=0.93"}
    [metric] = described["FinalMetricDataList"]
    assert (metric["MetricName"], round(metric["Value"], 2)) == ("accuracy", 0.93)


def test_a_finished_training_job_tells_its_story(sagemaker: Any, data: str, name: str) -> None:
    sagemaker.create_training_job(**_training(name, data))
    described = _trained(sagemaker, name)
    steps = [step["Status"] for step in described["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(step["StatusMessage"] for step in described["SecondaryStatusTransitions"])
    assert described["CreationTime"] <= described["TrainingStartTime"] <= described["TrainingEndTime"]
    assert described["LastModifiedTime"] >= described["TrainingEndTime"]
    assert described["BillableTimeInSeconds"] >= 1
    assert described["ResourceConfig"]["InstanceCount"] == 1


def test_a_training_job_that_fails_says_why_and_leaves_no_model(sagemaker: Any, s3: Any, data: str, name: str) -> None:
    sagemaker.create_training_job(**_training(name, data, {"failure": "no such column", "exit_code": "3"}))
    with pytest.raises(WaiterError):
        _trained(sagemaker, name)
    described = sagemaker.describe_training_job(TrainingJobName=name)
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: no such column, exit code: 3"
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=data, Prefix="output").get("Contents", [])]
    assert not any(key.endswith("model.tar.gz") for key in keys)


def test_a_stopped_training_job_keeps_what_it_had(client: Client, s3: Any, data: str, name: str) -> None:
    """The container gets SIGTERM and may still write its model.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
    """
    sagemaker = client("sagemaker")
    sagemaker.create_training_job(**_training(name, data, {"seconds": "300"}))
    until(lambda: "waiting" in lines(client("logs"), name), "it waits")
    sagemaker.stop_training_job(TrainingJobName=name)
    described = _trained(sagemaker, name)
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Stopped"
    assert _artifact(s3, described)["stopped"] is True
    with pytest.raises(ClientError, match="The request was rejected because the training job is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName=name)


def test_one_name_is_one_job_however_many_ask_at_once(sagemaker: Any, data: str, name: str) -> None:
    """Creating by name is the claim that makes jobs happen once."""

    def create(_: int) -> str:
        try:
            sagemaker.create_training_job(**_training(name, data))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(create, range(8)))
    assert sorted(answers) == ["ResourceInUse"] * 7 + ["created"]
    _trained(sagemaker, name)


def test_jobs_accepted_just_before_the_server_is_killed_run_once(start_server: Callable[..., Any]) -> None:
    server = start_server()
    with server.clients() as client:
        client("s3").create_bucket(Bucket="data")
        client("s3").put_object(Bucket="data", Key="data/train.csv", Body=b"1,2\n")
        for number in range(4):
            client("sagemaker").create_training_job(**_training(f"job-{number}", "data"))
        server.end(signal.SIGKILL)
    server.start()
    with server.clients() as client:
        for number in range(4):
            assert _trained(client("sagemaker"), f"job-{number}")["TrainingJobStatus"] == "Completed"
        streams = client("logs").describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"]
        assert sorted(stream["logStreamName"][:5] for stream in streams) == ["job-0", "job-1", "job-2", "job-3"]
    server.end()


def test_a_name_in_use_is_refused_with_its_arn(sagemaker: Any, data: str, name: str) -> None:
    arn = sagemaker.create_training_job(**_training(name, data))["TrainingJobArn"]
    with pytest.raises(ClientError) as caught:
        sagemaker.create_training_job(**_training(name, data))
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    assert arn in caught.value.response["Error"]["Message"]
    _trained(sagemaker, name)


def test_a_missing_job_answers_a_validation_exception(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Requested resource not found") as caught:
        sagemaker.describe_training_job(TrainingJobName="nobody")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find requested job with name: nobody") as caught:
        sagemaker.describe_processing_job(ProcessingJobName="nobody")
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_what_is_not_supported_is_refused_by_name(sagemaker: Any, data: str, name: str) -> None:
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "Pipe"}
    refusal = r"sagelocal does not support AlgorithmSpecification\.TrainingInputMode = Pipe"
    with pytest.raises(ClientError, match=refusal):
        sagemaker.create_training_job(**_training(name, data, AlgorithmSpecification=algorithm))
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName=name)


def test_a_metric_whose_regex_cannot_be_read_is_refused_before_the_job_runs(
    sagemaker: Any, data: str, name: str
) -> None:
    definitions = [{"Name": "loss", "Regex": "loss=("}]
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": definitions}
    with pytest.raises(ClientError, match=r"Invalid regular expression .* of metric 'loss'") as caught:
        sagemaker.create_training_job(**_training(name, data, AlgorithmSpecification=algorithm))
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName=name)


def test_a_processing_job_really_processes(sagemaker: Any, s3: Any, data: str, name: str) -> None:
    script = "; ".join(
        [
            "import os, pathlib",
            "base = pathlib.Path('/opt/ml')",
            "text = (base / 'processing/in/train.csv').read_text() + os.environ['COLOUR']",
            "(base / 'processing/out/result.txt').write_text(text)",
            "(base / 'output/message').write_text('all is well')",
        ]
    )
    sagemaker.create_processing_job(**_processing(name, data, script))
    sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name, WaiterConfig=FAST)
    described = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert described["ProcessingJobStatus"] == "Completed"
    assert described["ExitMessage"] == "all is well"
    assert described["CreationTime"] <= described["ProcessingStartTime"] <= described["ProcessingEndTime"]
    assert s3.get_object(Bucket=data, Key="out/result.txt")["Body"].read() == b"1,2\nblue"


def test_a_processing_job_that_fails_says_with_which_exit_code(sagemaker: Any, data: str, name: str) -> None:
    sagemaker.create_processing_job(**_processing(name, data, "raise SystemExit(7)"))
    with pytest.raises(WaiterError):
        sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name, WaiterConfig=FAST)
    described = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert described["ProcessingJobStatus"] == "Failed"
    assert "exit code: 7" in described["FailureReason"]


def test_a_processing_job_can_be_stopped(sagemaker: Any, data: str, name: str) -> None:
    sagemaker.create_processing_job(**_processing(name, data, "import time; time.sleep(300)"))
    sagemaker.stop_processing_job(ProcessingJobName=name)
    sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name, WaiterConfig=FAST)
    assert sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "Stopped"


def test_jobs_are_listed_by_name_and_status(sagemaker: Any, data: str, name: str) -> None:
    sagemaker.create_training_job(**_training(name, data))
    _trained(sagemaker, name)
    sagemaker.create_processing_job(**_processing(name, data, "pass"))
    [job] = sagemaker.list_training_jobs(NameContains=name, StatusEquals="Completed")["TrainingJobSummaries"]
    assert job["TrainingJobName"] == name
    assert job["TrainingEndTime"] >= job["CreationTime"]
    assert sagemaker.list_training_jobs(NameContains=name, StatusEquals="Failed")["TrainingJobSummaries"] == []
    [job] = sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    assert job["ProcessingJobName"] == name


def test_the_tags_of_a_job_say_whose_it_is(sagemaker: Any, data: str, name: str) -> None:
    tags = [{"Key": "boatyard:dag", "Value": "digits"}]
    arn = sagemaker.create_training_job(**_training(name, data, Tags=tags))["TrainingJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    _trained(sagemaker, name)
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["boatyard:dag"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "more", "Value": ""}]
