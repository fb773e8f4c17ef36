"""Packages that a job's code requires: installed once per content, and there for training, processing and serving."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.archives import packed
from tests.logs import lines

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:latest"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 3000}
SCRIPT = "import tiny_ship; print('found', tiny_ship.VERSION, flush=True)"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Give a folder with one small package."""
    info = "tiny_ship-1.0.dist-info"
    with zipfile.ZipFile(tmp_path / "tiny_ship-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_ship.py", "VERSION = '1.0'")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-ship\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return tmp_path


@pytest.mark.unverified
@pytest.mark.parametrize("isolation", ["namespace", "relocate"])
def test_a_training_job_installs_and_the_next_processing_job_finds_what_is_required(
    start_server: Callable[..., LocalServer], index: Path, isolation: str
) -> None:
    server = start_server("--isolation", isolation)
    name = f"requires-{uuid.uuid4()}"
    environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
    with server.clients() as client:
        s3, sagemaker = client("s3"), client("sagemaker")
        s3.create_bucket(Bucket=name)
        files = {"script.py": SCRIPT.encode(), "requirements/01-build.txt": b"tiny-ship==1.0"}
        s3.put_object(Bucket=name, Key="sourcedir.tar.gz", Body=packed(files))
        for path, content in files.items():
            s3.put_object(Bucket=name, Key=f"code/{path}", Body=content)
        sagemaker.create_training_job(
            TrainingJobName=name,
            HyperParameters={
                "sagemaker_program": "script.py",
                "sagemaker_submit_directory": f"s3://{name}/sourcedir.tar.gz",
            },
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": f"s3://{name}/output"},
            ResourceConfig=_cluster(),
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            Environment=environment,
            RoleArn=ROLE,
        )
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=FAST)
        for file in index.glob("*.whl"):
            file.unlink()  # from here on the package can only come from what was installed
        place = {"LocalPath": "/opt/ml/processing/input/code", "S3DataType": "S3Prefix", "S3InputMode": "File"}
        sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification={
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["process", "/opt/ml/processing/input/code/script.py"],
            },
            ProcessingInputs=[{"InputName": "code", "S3Input": {"S3Uri": f"s3://{name}/code/", **place}}],
            ProcessingResources={"ClusterConfig": _cluster()},
            Environment=environment,
            RoleArn=ROLE,
        )
        sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name, WaiterConfig=FAST)
        logs = client("logs")
        assert lines(logs, name) == ["Installing 01-build.txt", "found 1.0"]
        assert lines(logs, name, "ProcessingJobs") == ["found 1.0"]


def _cluster() -> dict[str, Any]:
    return {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
