"""Job logs through CloudWatch Logs.

https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
GROUP = "/aws/sagemaker/ProcessingJobs"


@pytest.fixture
def job(client: Client) -> str:
    """Give a processing job that printed three lines and failed."""
    name = f"job-{uuid.uuid4()}"
    sagemaker = client("sagemaker")
    script = "import sys; print('first'); print('zweite Zeile: ä'); sys.exit('third')"
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", script]},
        RoleArn=ROLE,
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    )
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    with pytest.raises(Exception, match="Failed"):
        waiter.wait(ProcessingJobName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    return name


def test_a_jobs_lines_are_the_events_of_its_stream(client: Client, job: str) -> None:
    logs = client("logs")
    (stream,) = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
    assert stream["logStreamName"].startswith(f"{job}/algo-1-")
    page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"], startFromHead=True)
    assert [event["message"] for event in page["events"]] == ["first", "zweite Zeile: ä", "third"]
    times = [event["timestamp"] for event in page["events"]]
    assert stream["firstEventTimestamp"] == times[0] <= times[-1] == stream["lastEventTimestamp"]


def test_a_jobs_events_can_be_filtered_and_paged(client: Client, job: str) -> None:
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=GROUP, logStreamNamePrefix=job, PaginationConfig={"PageSize": 2})
    )
    assert [event["message"] for page in pages for event in page["events"]] == ["first", "zweite Zeile: ä", "third"]
    found = client("logs").filter_log_events(logGroupName=GROUP, logStreamNamePrefix=job, filterPattern="third")
    assert [event["message"] for event in found["events"]] == ["third"]


def test_a_stream_that_is_not_there_is_not_found(client: Client, job: str) -> None:
    with pytest.raises(ClientError) as caught:
        client("logs").get_log_events(logGroupName=GROUP, logStreamName="nobody/algo-1-1")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_groups_of_other_services_work_beside_them(client: Client) -> None:
    logs = client("logs")
    group = f"/my/app-{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": 1_795_000_000_000, "message": "hello"}]
    )
    page = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)
    assert [event["message"] for event in page["events"]] == ["hello"]
