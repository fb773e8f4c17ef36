"""Inputs of processing jobs that are the results of Athena's queries.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AthenaDatasetDefinition.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import WaiterError

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}

# Each instance writes the rows that it got into a file of its name.
SCRIPT = (
    "zcat /opt/ml/processing/rows/* | sort > "
    "/opt/ml/processing/out/$(grep -o 'algo-[0-9]' /opt/ml/config/resourceconfig.json | head -1)"
)


def _processed(client: Client, bucket: str, query: str, instances: int = 1) -> dict[str, Any]:
    """Run a processing job over the rows of a query, and describe it."""
    name, sagemaker = f"rows-{uuid.uuid4()}", client("sagemaker")
    dataset = {
        "LocalPath": "/opt/ml/processing/rows",
        "DataDistributionType": "FullyReplicated",
        "InputMode": "File",
        "AthenaDatasetDefinition": {
            "Catalog": "AwsDataCatalog",
            "Database": "default",
            "QueryString": query,
            "OutputS3Uri": f"s3://{bucket}/queried/",
            "OutputFormat": "TEXTFILE",
        },
    }
    place = {"S3Uri": f"s3://{bucket}/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["sh", "-c", SCRIPT]},
        RoleArn="arn:aws:iam::123456789012:role/boatyard",
        ProcessingInputs=[{"InputName": "rows", "DatasetDefinition": dataset}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": place}]},
        ProcessingResources={
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": instances, "VolumeSizeInGB": 10}
        },
    )
    with suppress(WaiterError):  # it failed: its description says so
        sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name, WaiterConfig=FAST)
    described: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
    return described


def test_every_instance_gets_the_rows_of_one_query(client: Client, bucket: str) -> None:
    query = "SELECT * FROM (VALUES (1, 'jib'), (2, 'main')) AS sails (knots, sail)"
    assert _processed(client, bucket, query, instances=2)["ProcessingJobStatus"] == "Completed"
    s3 = client("s3")
    for host in ("algo-1", "algo-2"):
        body = s3.get_object(Bucket=bucket, Key=f"out/{host}")["Body"].read()
        assert body == b"1\x01jib\n2\x01main\n"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="queried/", Delimiter="/")
    assert len(listed["CommonPrefixes"]) == 1


def test_a_query_that_fails_fails_the_job_with_its_reason(client: Client, bucket: str) -> None:
    described = _processed(client, bucket, "SELECT knots FROM no_such_sails")
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("ClientError: The Athena query of a dataset has ended FAILED")
    assert "no_such_sails" in described["FailureReason"]
