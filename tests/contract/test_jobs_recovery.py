"""Jobs and endpoints outlive the server: no job is lost, none runs twice, however the server ends.

AWS promises what https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html says of an
accepted job: it ends in one of three statuses. Killing servers is ours.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.archives import unpacked
from tests.objects import read
from tests.waiting import until

Server = Any  # conftest's LocalServer
Start = Callable[..., Server]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.05, "MaxAttempts": 1200}
BUCKET = "lake"


@pytest.fixture(scope="module")
def server(start_server: Start) -> Server:
    """Give a server with a bucket and a built image, to be killed and started again."""
    server = start_server()
    with server.clients() as client:
        client("s3").create_bucket(Bucket=BUCKET)
    _train(server, "builds-the-image")
    _trained(server, "builds-the-image")
    return server


def _restart(server: Server, how: signal.Signals) -> None:
    server.end(how)
    server.start_again()


def _train(server: Server, name: str, **hyperparameters: str) -> None:
    with server.clients() as client:
        client("sagemaker").create_training_job(
            TrainingJobName=name,
            HyperParameters={"message": f"{name} ran", **hyperparameters},
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )


def _describe(server: Server, name: str) -> dict[str, Any]:
    with server.clients() as client:
        described: dict[str, Any] = client("sagemaker").describe_training_job(TrainingJobName=name)
    return described


def _trained(server: Server, name: str) -> dict[str, Any]:
    with server.clients() as client:
        waiter = client("sagemaker").get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=name, WaiterConfig=FAST)
    return _describe(server, name)


def _printed(server: Server, name: str) -> list[str]:
    """Return what all of a job's processes ever printed."""
    files = (server.state / "logs" / "TrainingJobs" / name).glob("*.log")
    return [line.partition("\t")[2] for file in files for line in file.read_text().splitlines()]


def _waiting(server: Server, name: str) -> None:
    until(lambda: "waiting" in _printed(server, name), f"{name} runs")


def _ran_once(server: Server, name: str) -> None:
    assert _printed(server, name).count(f"{name} ran") == 1
    with server.clients() as client:
        archive = read(client("s3"), f"s3://{BUCKET}/output/{name}/output/model.tar.gz")
    assert list(unpacked(archive)) == ["model.json"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_running_job_is_taken_over_by_the_next_server(server: Server, how: signal.Signals) -> None:
    name = f"taken-over-{how.name.lower()}"
    _train(server, name, seconds="600")
    _waiting(server, name)
    _restart(server, how)
    assert _describe(server, name)["SecondaryStatus"] == "Training"
    with server.clients() as client:
        client("sagemaker").stop_training_job(TrainingJobName=name)
    assert _trained(server, name)["TrainingJobStatus"] == "Stopped"
    _ran_once(server, name)


def test_a_job_that_ends_while_no_server_runs_is_completed_by_the_next(server: Server) -> None:
    _train(server, "ends-alone", seconds="0.5")
    _waiting(server, "ends-alone")
    server.end(signal.SIGKILL)
    run = server.state / "jobs" / "training_job" / "ends-alone" / "algo-1" / "run"
    until((run / "exit.json").exists, "the job ends without a server")
    server.start_again()
    assert _trained(server, "ends-alone")["TrainingJobStatus"] == "Completed"
    _ran_once(server, "ends-alone")


@pytest.mark.parametrize("pause", [0.0, 0.005, 0.01, 0.02, 0.04, 0.08])
def test_a_server_killed_at_any_instant_neither_loses_nor_repeats_a_job(server: Server, pause: float) -> None:
    name = f"instant-{int(pause * 1000)}"
    _train(server, name)
    time.sleep(pause)
    _restart(server, signal.SIGKILL)
    assert _trained(server, name)["TrainingJobStatus"] == "Completed"
    _ran_once(server, name)


def test_a_job_that_lost_its_supervisor_fails_with_a_reason_and_does_not_run_again(server: Server) -> None:
    _train(server, "orphan", seconds="600")
    _waiting(server, "orphan")
    run = server.state / "jobs" / "training_job" / "orphan" / "algo-1" / "run"
    supervisor = json.loads((run / "started.json").read_text())["pid"]
    os.kill(supervisor, signal.SIGKILL)
    _restart(server, signal.SIGKILL)
    with server.clients() as client:
        until(lambda: _describe(server, "orphan")["TrainingJobStatus"] == "Failed", "the job has failed")
        status = client("sagemaker").describe_training_job(TrainingJobName="orphan")
    assert status["FailureReason"].startswith("InternalServerError: The job's process was lost")
    assert _printed(server, "orphan").count("orphan ran") == 1


def test_a_wish_to_stop_outlives_the_server(server: Server) -> None:
    _train(server, "wished", seconds="600", ignore_sigterm="true")
    _waiting(server, "wished")
    with server.clients() as client:
        client("sagemaker").stop_training_job(TrainingJobName="wished")
    _restart(server, signal.SIGKILL)
    assert _describe(server, "wished")["TrainingJobStatus"] == "Stopping"
    run = server.state / "jobs" / "training_job" / "wished" / "algo-1" / "run"
    os.kill(json.loads((run / "started.json").read_text())["pid"], signal.SIGKILL)
    until(lambda: _describe(server, "wished")["TrainingJobStatus"] != "Stopping", "the job has ended")


# endpoints


@pytest.fixture(scope="module")
def endpoint(server: Server) -> str:
    """Give an endpoint in service."""
    _train(server, "for-the-endpoint")
    model = _trained(server, "for-the-endpoint")["ModelArtifacts"]["S3ModelArtifacts"]
    with server.clients() as client:
        sagemaker = client("sagemaker")
        container = {"Image": IMAGE, "ModelDataUrl": model}
        sagemaker.create_model(ModelName="echo", ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "all", "ModelName": "echo", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="echo", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="echo", EndpointConfigName="echo")
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="echo", WaiterConfig=FAST)
    return "echo"


def _ask(server: Server, endpoint: str, question: str) -> bytes:
    with server.clients() as client:
        answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=question.encode())
        body: bytes = answer["Body"].read()
    return body


def test_an_endpoint_serves_on_with_the_same_process_after_the_server_was_killed(server: Server, endpoint: str) -> None:
    before = _ask(server, endpoint, "pid")
    _restart(server, signal.SIGKILL)
    assert _ask(server, endpoint, "pid") == before


def test_a_clean_stop_leaves_no_process_and_the_endpoint_comes_back(server: Server, endpoint: str) -> None:
    before = _ask(server, endpoint, "pid")
    assert server.end(signal.SIGTERM) == 0
    assert not _processes_that_name(server.state)
    server.start_again()
    assert json.loads(_ask(server, endpoint, "model"))["hyperparameters"]["message"] == "for-the-endpoint ran"
    assert _ask(server, endpoint, "pid") != before


def _processes_that_name(folder: Path) -> list[str]:
    """Return the command lines of the processes that run in a state folder; none where there is no /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found
