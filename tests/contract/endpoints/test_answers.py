"""What an endpoint's answers leave behind, and answers in parts: captures, metrics, streams.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import Client
from tests.contract.endpoints.conftest import Endpoints
from tests.waiting import until

pytestmark = pytest.mark.unverified


def test_captured_requests_and_answers_lie_in_s3(endpoints: Endpoints, client: Client, bucket: str) -> None:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    name = endpoints.start(endpoints.configure("blue", DataCaptureConfig=capture))
    summary = endpoints.sagemaker.describe_endpoint(EndpointName=name)["DataCaptureConfig"]
    assert (summary["CaptureStatus"], summary["CurrentSamplingPercentage"]) == ("Started", 100)
    endpoints.ask(name, "1,2,3", ContentType="text/csv", Accept="text/csv", InferenceId="my-id")
    s3 = client("s3")
    prefix = f"captured/{name}/blue/{datetime.now(UTC):%Y/%m/%d/}"
    found = until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents"), "the capture")
    (line,) = s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read().decode().splitlines()
    record = json.loads(line)
    sent, answered = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
    assert sent == {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2,3", "encoding": "CSV"}
    assert answered == {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "1,2,3", "encoding": "CSV"}
    assert record["eventMetadata"]["inferenceId"] == "my-id"
    assert record["eventVersion"] == "0"


def test_a_streamed_answer_arrives_in_its_parts(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    answer = endpoints.runtime.invoke_endpoint_with_response_stream(EndpointName=name, Body="stream 4")
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/plain", "blue")
    parts = [event["PayloadPart"]["Bytes"].decode() for event in answer["Body"]]
    assert parts == ["part 0\n", "part 1\n", "part 2\n", "part 3\n"]


def test_invocations_are_counted(endpoints: Endpoints, client: Client) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    for _ in range(3):
        endpoints.ask(name)
    with pytest.raises(ClientError, match="ModelError"):
        endpoints.ask(name, "status 500")
    cloudwatch = client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "blue"}]

    def total(metric: str) -> float:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(float(point["Sum"]) for point in points)

    until(lambda: total("Invocations") == 4, "four invocations")
    until(lambda: total("Invocation5XXErrors") == 1, "one error")  # metrics come one by one
    until(lambda: total("ModelLatency") > 0, "latencies")
