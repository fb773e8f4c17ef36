"""A secret reaches the script that needs it, and nothing else: not a request, a log, an XCom, a record or a file."""

import hashlib
import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests.contract.conftest import CONTAINERS, LocalServer
from tests.deferral import fire
from tests.logs import lines
from tests.unit.airflow.conftest import ROLE, Task

from boatyard.airflow.failures import JobFailedError
from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.aws import jobs
from boatyard.aws.outcome import Outcome
from boatyard.aws.records.record import key_of
from boatyard.spec import code_hash
from boatyard.steps import SourceCode
from boatyard.steps.secrets import references

# The program `train` of the image tabular in an image that is made at once: it needs no more than botocore.
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
PROGRAM = ["python3", "-m", "tabular.training.cli"]
PYTHON_PATH = f"{CONTAINERS / 'tabular' / 'src'}:{Path(botocore.__file__).parents[1]}"
VALUE = f"t1de-{uuid.uuid4()}"
DIGEST = f"digest {hashlib.sha256(VALUE.encode()).hexdigest()}"
TRAIN = """
import hashlib, os, pathlib, sys, time
print("digest", hashlib.sha256(os.environ["TOKEN"].encode()).hexdigest(), flush=True)
while not pathlib.Path(sys.argv[2]).exists():  # until somebody has looked at everything
    time.sleep(0.05)
raise PermissionError(f"the token {os.environ['TOKEN']} was refused")
"""


def holding(folder: Path) -> list[Path]:
    """Return the files of sagelocal that hold the secret, its own Secrets Manager (moto's snapshots) left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and folder / "moto" not in path.parents)
    return [path for path in files if VALUE.encode() in path.read_bytes()]


def test_a_secret_is_seen_by_its_script_alone(
    aws: LocalServer,
    client: Callable[[str], Any],
    bucket: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, setting in aws.environment.items():
        monkeypatch.setenv(variable, setting)
    caplog.set_level(logging.INFO)
    task = Task()
    client("secretsmanager").create_secret(Name="harbour/token", SecretString=VALUE)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "train.py").write_text(TRAIN)
    gate, digest = tmp_path / "gate", code_hash(tmp_path / "jobs")
    code = SourceCode(tmp_path / "jobs", digest, f"s3://{bucket}/code/{digest}")
    config = {
        "TrainingJobName": "{job_name}",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": PROGRAM,
        },
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": code.archive,
            "gate": str(gate),
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Environment": {"PYTHONPATH": PYTHON_PATH, **references({"TOKEN": "secretsmanager:harbour/token"})},
    }

    def operator() -> SageMakerTrainingOperator:
        return SageMakerTrainingOperator(
            task_id="train",
            config=config,
            aws_conn_id=None,
            retries=1,
            deferrable=True,
            defer_after=0.1,
            source_code=code,
            records=f"s3://{bucket}/records",
        )

    with pytest.raises(TaskDeferred) as deferred:
        operator().execute(task.context())
    name = str(deferred.value.trigger.serialize()[1]["job_name"])
    while DIGEST not in lines(client("logs"), name):
        job = jobs.describe(client("sagemaker"), "training", name)
        assert job is not None
        assert job.outcome is Outcome.RUNNING
    assert holding(aws.state) == []
    gate.touch()
    carried = {"event": fire(deferred.value.trigger), **(deferred.value.kwargs or {})}
    with pytest.raises(JobFailedError, match=r"PermissionError: the token \*\*\* was refused") as failed:
        operator().resume_execution("execute_complete", carried, task.context())
    described = client("sagemaker").describe_training_job(TrainingJobName=name)
    record = (
        client("s3").get_object(Bucket=bucket, Key=f"records/{key_of(task.run_id)}/train.json")["Body"].read().decode()
    )
    assert "secretsmanager:harbour/token" in record
    assert holding(aws.state) == []
    told = [caplog.text, str(failed.value), str(described), str(task.pushed), repr(deferred.value.kwargs), record]
    assert not any(VALUE in text for text in told)
