"""Nothing that a request or a job names leads out of the job's own folders.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingS3Input.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagelocal.jobs import landlock

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}
NOT_ITS_OWN = [
    *("/", "//", "/etc", "/etc/ssl/certs", "/usr", "/usr/bin", "/bin", "/sbin", "/lib", "/boot", "/run/lock"),
    *("/proc", "/proc/self/root", "/sys", "/dev", "/dev/x", "/opt", "relative", "/opt/ml/../../etc", "/data/.."),
]


@pytest.fixture
def data(client: Client, bucket: str) -> str:
    """Return a bucket with the object data/x."""
    client("s3").put_object(Bucket=bucket, Key="data/x", Body=b"whole")
    return bucket


def processing(bucket: str, inputs: Mapping[str, str], outputs: Mapping[str, str], script: str = "") -> dict[str, Any]:
    """Return a request for a job whose inputs and outputs lie at these paths, by their names."""
    source = {"S3Uri": f"s3://{bucket}/data/", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    target = {"S3Uri": f"s3://{bucket}/out", "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingJobName": f"job-{uuid.uuid4()}",
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", script]},
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {"InputName": name, "S3Input": {**source, "LocalPath": path}} for name, path in inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": name, "S3Output": {**target, "LocalPath": path}} for name, path in outputs.items()
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
    }


def training(bucket: str, channel: str, script: str, **members: Any) -> dict[str, Any]:
    """Return a request for a job with one FastFile channel."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}}
    return {
        "TrainingJobName": f"job-{uuid.uuid4()}",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "FastFile",
            "ContainerEntrypoint": ["python", "-c", script],
        },
        "RoleArn": ROLE,
        "InputDataConfig": [{"ChannelName": channel, "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **members,
    }


def refused(create: Callable[..., Any], request: dict[str, Any]) -> str:
    """Return the message with which AWS's ValidationException refuses a request."""
    with pytest.raises(ClientError) as caught:
        create(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return str(caught.value)


@pytest.mark.parametrize("path", NOT_ITS_OWN)
def test_a_local_path_that_no_job_can_have_is_refused(sagemaker: Any, data: str, path: str) -> None:
    assert path in refused(sagemaker.create_processing_job, processing(data, {"in": path}, {}))
    assert path in refused(sagemaker.create_processing_job, processing(data, {}, {"out": path}))
    checkpoints = {"S3Uri": f"s3://{data}/checkpoints", "LocalPath": path}
    request = training(data, "train", "pass", CheckpointConfig=checkpoints)
    assert path in refused(sagemaker.create_training_job, request)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"a": "/opt/ml/processing/x", "b": "/opt/ml/processing/x/"}, {}),
        ({"a": "/opt/ml/processing/x"}, {"b": "/opt/ml/processing/x"}),
    ],
)
def test_every_local_path_is_for_one_purpose(
    sagemaker: Any, data: str, inputs: dict[str, str], outputs: dict[str, str]
) -> None:
    """As https://github.com/aws/sagemaker-python-sdk/issues/1950 and /4939 tell of the service."""
    assert "must be unique" in refused(sagemaker.create_processing_job, processing(data, inputs, outputs))


@pytest.mark.parametrize("name", [".", ".."])
def test_a_channel_named_like_another_folder_is_refused(sagemaker: Any, data: str, name: str) -> None:
    assert "cannot be named" in refused(sagemaker.create_training_job, training(data, name, "pass"))


def test_names_of_inputs_and_outputs_are_no_paths(sagemaker: Any, client: Client, data: str) -> None:
    script = "open('/opt/ml/processing/out/y', 'w').write(open('/opt/ml/processing/in/x').read())"
    inputs, outputs = {"../../../in": "/opt/ml/processing/in"}, {"../../../out": "/opt/ml/processing/out"}
    request = processing(data, inputs, outputs, script)
    sagemaker.create_processing_job(**request)
    name = {"ProcessingJobName": request["ProcessingJobName"]}
    sagemaker.get_waiter("processing_job_completed_or_stopped").wait(**name, WaiterConfig=FAST)
    assert client("s3").get_object(Bucket=data, Key="out/y")["Body"].read() == b"whole"


TEAR = """
import os, pathlib
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
assert (base / "input/data/train/x").read_text() == "whole"
found = 0
for path in pathlib.Path(os.environ["STATE"]).rglob("*"):
    if path.is_file() and path.stat().st_size == 5 and path.read_text() == "whole":
        found += 1
        try:
            path.write_text("torn!")
        except OSError as error:
            print(error)
assert found
"""


def test_a_job_that_looks_for_the_stores_files_cannot_alter_an_object(
    aws: Any, isolation: str, sagemaker: Any, client: Client, data: str
) -> None:
    """Every file of the state folder with the object's bytes is tried, whatever it is."""
    if isolation == "relocate" and not landlock.is_there():
        pytest.skip("without mounts and Landlock, permissions are all there is")
    script = "import os; exec(os.environ['SCRIPT'])"  # a longer entry point is refused
    request = training(data, "train", script, Environment={"SCRIPT": TEAR, "STATE": str(aws.state)})
    sagemaker.create_training_job(**request)
    name = {"TrainingJobName": request["TrainingJobName"]}
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(**name, WaiterConfig=FAST)
    described = sagemaker.describe_training_job(**name)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    assert client("s3").get_object(Bucket=data, Key="data/x")["Body"].read() == b"whole"
