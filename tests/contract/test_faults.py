"""Faults on demand, as unmodified clients meet them.

The errors are those of https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://docs.aws.amazon.com/athena/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sagelocal.faults.client import FaultsClient, FaultsError

Server = Any  # conftest's LocalServer
Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.05, "MaxAttempts": 1200}


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    return start_server("--faults", "--stop-grace", "1")


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.clients() as make:
        yield make


@pytest.fixture
def faults(server: Server) -> Iterator[FaultsClient]:
    made = _faults(server)
    yield made
    _faults(server).clear()


def _faults(server: Server) -> FaultsClient:
    environment = server.environment
    return FaultsClient(server.url, environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])


def _eventually(test: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if answer := test():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


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
    _eventually(lambda: faults.list()[0]["waiting"] == 1, "the call is held")

    def exists() -> bool:
        return name in [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]

    if acted:
        _eventually(exists, "the bucket is made while the answer is held")
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


def test_a_server_ends_at_once_though_a_fault_holds_calls_and_has_none_when_it_starts_anew(server: Server) -> None:
    _faults(server).add("hang", operation="ListModels", times=None)
    with server.clients() as client:
        caller = threading.Thread(target=pytest.raises, args=(ConnectionClosedError, client("sagemaker").list_models))
        caller.start()
        _eventually(lambda: _faults(server).list()[0]["waiting"] == 1, "the call is held")
        assert server.end(signal.SIGTERM) == 0
        caller.join(60)
    server.start()
    assert _faults(server).list() == []


def test_faults_are_off_unless_the_server_was_started_with_them(aws: Server) -> None:
    with pytest.raises(FaultsError, match="Start the server with `sagelocal serve --faults`"):
        _faults(aws).add("throttle")


def test_only_the_folders_own_key_arms_faults(server: Server, client: Client, faults: FaultsClient) -> None:
    with pytest.raises(FaultsError, match="security token"):
        FaultsClient(server.url, "AKIANOBODY", "secret").list()
    with pytest.raises(FaultsError, match="signature"):
        FaultsClient(server.url, server.environment["AWS_ACCESS_KEY_ID"], "secret").list()
    lent = client("sts").get_session_token()["Credentials"]
    with pytest.raises(FaultsError, match="security token"):
        FaultsClient(server.url, lent["AccessKeyId"], lent["SecretAccessKey"]).add("throttle")
    assert faults.list() == []


def _command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sagelocal", "faults", arguments[0], "--state", str(server.state), *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_arms_lists_and_clears(server: Server, client: Client, faults: FaultsClient) -> None:
    added = _command(server, "add", "throttle", "operation=ListModels", "times=null", "skip=1")
    assert added.returncode == 0, added.stderr
    fault = json.loads(added.stdout)
    assert (fault["operation"], fault["times"], fault["skip"]) == ("ListModels", None, 1)
    client("sagemaker").list_models()
    with pytest.raises(ClientError):
        client("sagemaker").list_models()
    listed = [json.loads(line) for line in _command(server, "list").stdout.splitlines()]
    assert [(told["id"], told["seen"], told["fired"]) for told in listed] == [(fault["id"], 2, 1)]
    assert _command(server, "clear", fault["id"]).returncode == 0
    assert faults.list() == []


def test_the_command_says_what_is_wrong(server: Server, faults: FaultsClient) -> None:
    refused = _command(server, "add", "throttle", "operatoin=ListModels")
    assert refused.returncode == 1
    assert "did you mean 'operation'" in refused.stderr
    assert faults.list() == []


# a job that loses its instances while the server dies too

STAY = """
import os, pathlib, time
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
mark = base / "checkpoints" / "mark.txt"
lives = len(mark.read_text()) if mark.exists() else 0
mark.write_text("x" * (lives + 1))
print("life", lives, flush=True)
if lives < 2:
    time.sleep(600)
(base / "model" / "lives.txt").write_text(str(lives))
"""


def _printed(server: Server, name: str, line: str) -> bool:
    files = (server.state / "logs" / "TrainingJobs" / name).glob("*.log")
    return any(line in file.read_text() for file in files)


def test_an_interrupted_job_outlives_kills_of_the_server(server: Server) -> None:
    name = f"spot-{uuid.uuid4().hex[:8]}"
    with server.clients() as client:
        client("s3").create_bucket(Bucket=name)
        client("sagemaker").create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "-c", "import os; exec(os.environ['SCRIPT'])"],
            },
            Environment={"SCRIPT": STAY},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": f"s3://{name}/output"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
            EnableManagedSpotTraining=True,
            CheckpointConfig={"S3Uri": f"s3://{name}/checkpoints/"},
        )
    for life in range(2):
        _eventually(partial(_printed, server, name, f"life {life}"), f"life {life}")
        _faults(server).add("interrupt", name=name)
        server.end(signal.SIGKILL)  # before, while or after it is interrupted
        server.start()
        if _faults(server).list() == [] and not _printed(server, name, f"life {life + 1}"):
            _faults(server).add("interrupt", name=name)
    with server.clients() as client:
        client("sagemaker").get_waiter("training_job_completed_or_stopped").wait(
            TrainingJobName=name, WaiterConfig=FAST
        )
        describe = client("sagemaker").describe_training_job(TrainingJobName=name)
        marks = client("s3").get_object(Bucket=name, Key="checkpoints/mark.txt")["Body"].read()
    steps = [step["Status"] for step in describe["SecondaryStatusTransitions"]]
    assert describe["TrainingJobStatus"] == "Completed"
    assert steps.count("Interrupted") >= 2
    assert steps.count("Training") == steps.count("Interrupted") + 1
    assert 3 <= len(marks) <= steps.count("Training"), "each attempt began with what the one before it had left"
    assert describe["BillableTimeInSeconds"] <= describe["TrainingTimeInSeconds"]


def test_a_job_that_ignores_sigterm_is_killed_when_its_grace_is_over(server: Server, client: Client) -> None:
    name = f"deaf-{uuid.uuid4().hex[:8]}"
    client("s3").create_bucket(Bucket=name)
    sagemaker = client("sagemaker")
    sagemaker.create_training_job(
        TrainingJobName=name,
        HyperParameters={"ignore_sigterm": "true", "seconds": "600"},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": f"s3://{name}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    _eventually(lambda: _printed(server, name, "waiting"), "it waits")
    sagemaker.stop_training_job(TrainingJobName=name)
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=FAST)
    describe = sagemaker.describe_training_job(TrainingJobName=name)
    steps = [step["Status"] for step in describe["SecondaryStatusTransitions"]]
    assert describe["TrainingJobStatus"] == "Stopped"
    assert steps[-3:] == ["Stopping", "Uploading", "Stopped"]
