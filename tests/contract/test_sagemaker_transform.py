"""Batch transform through unmodified boto3, against real `serve` processes.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.logs import lines
from tests.waiting import until

Client = Callable[..., Any]
Start = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


@pytest.fixture
def name() -> str:
    return f"n-{uuid.uuid4()}"


@pytest.fixture
def data(client: Client, bucket: str) -> str:
    """Return a bucket with the object in/rows.csv."""
    client("s3").put_object(Bucket=bucket, Key="in/rows.csv", Body=b"a,1,2\nb,3,4\n")
    return bucket


def _model(name: str, **environment: str) -> dict[str, Any]:
    return {
        "ModelName": name,
        "PrimaryContainer": {"Image": IMAGE, "Environment": environment},
        "ExecutionRoleArn": ROLE,
    }


def _transform(name: str, bucket: str, **changes: Any) -> dict[str, Any]:
    return {
        "TransformJobName": name,
        "ModelName": name,
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": 1,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out", "Accept": "text/csv", "AssembleWith": "Line"},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }


def _ended(sagemaker: Any, name: str) -> dict[str, Any]:
    sagemaker.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=name, WaiterConfig=FAST)
    described: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=name)
    return described


def test_a_transform_job_keeps_ids_beside_answers(sagemaker: Any, client: Client, data: str, name: str) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html"""
    sagemaker.create_model(**_model(name))
    arn = sagemaker.create_transform_job(**_transform(name, data))["TransformJobArn"]
    described = _ended(sagemaker, name)
    assert (described["TransformJobStatus"], described["TransformJobArn"]) == ("Completed", arn)
    assert described["TransformOutput"]["S3OutputPath"] == f"s3://{data}/out"
    assert client("s3").get_object(Bucket=data, Key="out/rows.csv.out")["Body"].read() == b"a,2\nb,4\n"
    (summary,) = sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert summary["TransformEndTime"] == described["TransformEndTime"]


def test_a_job_whose_container_is_gone_says_so_in_its_logs(
    sagemaker: Any, client: Client, data: str, name: str
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"""
    sagemaker.create_model(**_model(name, ECHO_EXIT="4"))
    sagemaker.create_transform_job(**_transform(name, data))
    with pytest.raises(Exception, match="Failed"):
        _ended(sagemaker, name)
    assert "exit code: 4" in sagemaker.describe_transform_job(TransformJobName=name)["FailureReason"]
    assert "going away as told" in lines(client("logs"), name, "TransformJobs")
    assert client("s3").list_objects_v2(Bucket=data, Prefix="out/")["KeyCount"] == 0


def test_names_are_unique_and_missing_jobs_are_told(sagemaker: Any, data: str, name: str) -> None:
    sagemaker.create_model(**_model(name))
    sagemaker.create_transform_job(**_transform(name, data))
    with pytest.raises(ClientError) as taken:
        sagemaker.create_transform_job(**_transform(name, data))
    assert taken.value.response["Error"]["Code"] == "ResourceInUse"
    with pytest.raises(ClientError) as missing:
        sagemaker.describe_transform_job(TransformJobName=f"{name}-2")
    assert missing.value.response["Error"]["Code"] == "ValidationException"
    _ended(sagemaker, name)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_transform_job_outlives_the_server(start_server: Start, how: signal.Signals) -> None:
    """Every accepted job ends in one of three statuses (DescribeTransformJob). Killing servers is ours."""
    server = start_server()
    with server.clients() as client:
        client("s3").create_bucket(Bucket="lake")
        client("s3").put_object(Bucket="lake", Key="in/rows.csv", Body=b"a,1,2\nb,3,4\n")
        sagemaker = client("sagemaker")
        sagemaker.create_model(**_model("slow", ECHO_START_SECONDS="2"))
        sagemaker.create_transform_job(**_transform("slow", "lake"))
        until(lambda: "TransformStartTime" in sagemaker.describe_transform_job(TransformJobName="slow"), "it starts")
    server.end(how)
    server.start_again()
    with server.clients() as client:
        assert _ended(client("sagemaker"), "slow")["TransformJobStatus"] == "Completed"
        assert client("s3").get_object(Bucket="lake", Key="out/rows.csv.out")["Body"].read() == b"a,2\nb,4\n"
        logs = list((server.state / "logs" / "TransformJobs" / "slow").rglob("*.log"))
        assert sum("serving on" in log.read_text() for log in logs) == 1  # nothing ran twice
