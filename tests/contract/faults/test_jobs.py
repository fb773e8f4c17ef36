"""Jobs that lose their instances while the server dies too, and jobs that do not want to end.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
"""

from __future__ import annotations

import signal
import uuid
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.waiting import until

if TYPE_CHECKING:
    from tests.contract.conftest import Client, LocalServer

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.05, "MaxAttempts": 1200}
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


def _printed(server: LocalServer, name: str, line: str) -> bool:
    files = (server.state / "logs" / "TrainingJobs" / name).glob("*.log")
    return any(line in file.read_text() for file in files)


def test_an_interrupted_job_outlives_kills_of_the_server(server: LocalServer) -> None:
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
        until(partial(_printed, server, name, f"life {life}"), f"life {life}")
        server.faults.add("interrupt", name=name)
        server.end(signal.SIGKILL)  # before, while or after it is interrupted
        server.start()
        if server.faults.list() == [] and not _printed(server, name, f"life {life + 1}"):
            server.faults.add("interrupt", name=name)
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


def test_a_job_that_ignores_sigterm_is_killed_when_its_grace_is_over(server: LocalServer, client: Client) -> None:
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
    until(lambda: _printed(server, name, "waiting"), "it waits")
    sagemaker.stop_training_job(TrainingJobName=name)
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=FAST)
    describe = sagemaker.describe_training_job(TrainingJobName=name)
    steps = [step["Status"] for step in describe["SecondaryStatusTransitions"]]
    assert describe["TrainingJobStatus"] == "Stopped"
    assert steps[-3:] == ["Stopping", "Uploading", "Stopped"]
