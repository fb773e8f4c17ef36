"""Calls that are refused, lost or held on demand, as unmodified clients meet them.

The errors are those of https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://docs.aws.amazon.com/athena/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

import signal
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from tests.waiting import until

if TYPE_CHECKING:
    from tests.contract.conftest import Client, LocalServer

    from sagelocal.faults.client import FaultsClient

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.05, "MaxAttempts": 1200}

CALLS: dict[str, Callable[[Any], Any]] = {
    "sagemaker": lambda client: client.list_models(),
    "s3": lambda client: client.list_buckets(),
    "athena": lambda client: client.list_work_groups(),
    "sagemaker-featurestore-runtime": lambda client: client.batch_get_record(
        Identifiers=[{"FeatureGroupName": "g", "RecordIdentifiersValueAsString": ["1"]}]
    ),
    "logs": lambda client: client.describe_log_groups(),
    "iam": lambda client: client.list_roles(),
    "sqs": lambda client: client.list_queues(),
    "cloudwatch": lambda client: client.list_metrics(),
}
CODES = [
    ("sagemaker", "throttle", {}, "ThrottlingException", 400),
    ("s3", "throttle", {}, "SlowDown", 503),
    ("athena", "throttle", {}, "TooManyRequestsException", 400),
    ("sagemaker-featurestore-runtime", "throttle", {}, "ThrottlingException", 400),
    ("logs", "throttle", {}, "ThrottlingException", 400),
    ("iam", "throttle", {}, "Throttling", 400),
    ("cloudwatch", "throttle", {}, "Throttling", 400),
    ("sqs", "throttle", {}, "RequestThrottled", 403),
    ("sagemaker", "fail", {}, "InternalFailure", 500),
    ("sagemaker", "fail", {"status": 503}, "ServiceUnavailable", 503),
    ("s3", "fail", {}, "InternalError", 500),
    ("athena", "fail", {}, "InternalServerException", 500),
    ("iam", "fail", {"status": 503}, "ServiceUnavailable", 503),
    ("sagemaker", "limit", {}, "ResourceLimitExceeded", 400),
    ("sagemaker", "throttle", {"code": "RequestLimitExceeded"}, "RequestLimitExceeded", 400),
]


@pytest.mark.parametrize(("service", "action", "members", "code", "status"), CODES)
def test_a_call_gets_the_services_own_error_once(
    client: Client, faults: FaultsClient, service: str, action: str, members: dict[str, Any], code: str, status: int
) -> None:
    faults.add(action, service=service, **members)
    with pytest.raises(ClientError) as refused:
        CALLS[service](client(service))
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    if service != "sagemaker-featurestore-runtime":  # there is no such group
        CALLS[service](client(service))
    (told,) = faults.list()
    assert told["fired"] == 1


def test_a_client_that_tries_again_gets_past_a_passing_fault(client: Client, faults: FaultsClient) -> None:
    faults.add("throttle", operation="ListModels")
    faults.add("hang", operation="ListModels", seconds=0)
    patient = client("sagemaker", config=Config(retries={"total_max_attempts": 4, "mode": "standard"}))
    assert patient.list_models()["Models"] == []
    assert [told["fired"] for told in faults.list()] == [1, 1]


def test_a_lost_answer_is_that_of_a_call_that_was_carried_out(client: Client, faults: FaultsClient) -> None:
    name = f"lost-{uuid.uuid4().hex[:12]}"
    faults.add("lose", operation="CreateBucket", contains=name)
    with pytest.raises(ConnectionClosedError):
        client("s3").create_bucket(Bucket=name)
    assert name in [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]


def test_a_call_that_hangs_is_never_carried_out(client: Client, faults: FaultsClient) -> None:
    name = f"hung-{uuid.uuid4().hex[:12]}"
    faults.add("hang", operation="CreateBucket", contains=name)
    impatient = client("s3", config=Config(read_timeout=0.2))
    with pytest.raises(ReadTimeoutError):
        impatient.create_bucket(Bucket=name)
    faults.clear()
    assert name not in [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize(("action", "acted"), [("delay", False), ("late", True)])
def test_a_held_call_is_seen_and_goes_on_when_it_is_let_go(
    client: Client, faults: FaultsClient, action: str, acted: bool
) -> None:
    name = f"{action}-{uuid.uuid4().hex[:12]}"
    fault = faults.add(action, operation="CreateBucket", contains=name)
    s3 = client("s3")
    caller = threading.Thread(target=s3.create_bucket, kwargs={"Bucket": name})
    caller.start()
    until(lambda: faults.list()[0]["waiting"] == 1, "the call is held")

    def exists() -> bool:
        return name in [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]

    if acted:
        until(exists, "the bucket is made while the answer is held")
    else:
        assert not exists()
    faults.remove(fault["id"])
    caller.join(60)
    assert exists()


def test_a_fault_hits_the_calls_that_contain_a_text_and_no_other(client: Client, faults: FaultsClient) -> None:
    faults.add("fail", operation="DescribeTrainingJob", contains="mine", times=None)
    sagemaker = client("sagemaker")
    for name, code in (("mine-1", "InternalFailure"), ("yours-1", "ValidationException")):
        with pytest.raises(ClientError) as refused:
            sagemaker.describe_training_job(TrainingJobName=name)
        assert refused.value.response["Error"]["Code"] == code


def test_an_invocation_on_an_open_connection_is_hit_too(client: Client, faults: FaultsClient) -> None:
    sagemaker, runtime, name = client("sagemaker"), client("sagemaker-runtime"), f"echo-{uuid.uuid4().hex[:8]}"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=FAST)

    def invoke() -> bytes:
        answer: bytes = runtime.invoke_endpoint(EndpointName=name, Body=b"hello")["Body"].read()
        return answer

    assert invoke() == b"hello"
    faults.add("throttle", service="sagemaker-runtime", contains=name)
    faults.add("lose", operation="InvokeEndpoint")
    with pytest.raises(ClientError) as refused:
        invoke()
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    with pytest.raises(ConnectionClosedError):
        invoke()
    assert invoke() == b"hello"
    faults.clear()
    assert invoke() == b"hello"
    sagemaker.delete_endpoint(EndpointName=name)


def test_a_server_ends_at_once_though_a_fault_holds_calls_and_has_none_when_it_starts_anew(server: LocalServer) -> None:
    server.faults.add("hang", operation="ListModels", times=None)
    with server.clients() as client:
        caller = threading.Thread(target=pytest.raises, args=(ConnectionClosedError, client("sagemaker").list_models))
        caller.start()
        until(lambda: server.faults.list()[0]["waiting"] == 1, "the call is held")
        assert server.end(signal.SIGTERM) == 0
        caller.join(60)
    server.start()
    assert server.faults.list() == []
