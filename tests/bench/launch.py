"""A training job from CreateTrainingJob to Completed, against its script alone in the same environment."""

import json
import subprocess
import time
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.local_aws import BUCKET, ECHO, Sagelocal, own_environment, sagelocal, scratch, until
from tests.bench.measure import NotMeasuredError, Row, Sample, alternate

ROUNDS = 15
POLL = 0.01  # seconds
BAR = 0.3  # seconds
ENDED = frozenset({"Completed", "Failed", "Stopped"})


def launch() -> Row:
    """Measure both; the environment is built by a first job that does not count."""
    with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
        job = _job(aws)
        job()
        ours, reference = alternate(job, _script(aws, folder / "alone"), ROUNDS)
    return Row("launch", ours, reference, "s", "lower", bar_difference=BAR)


def _job(aws: Sagelocal) -> Sample:
    sagemaker = aws.client("sagemaker")
    numbers = count()

    def status(name: str) -> str:
        return str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])

    def sample() -> float:
        name = f"bench-{next(numbers)}"
        started = time.perf_counter()
        sagemaker.create_training_job(**_request(aws, name))
        until(lambda: status(name) in ENDED, 300, POLL, f"training job {name} ends")
        seconds = time.perf_counter() - started
        described = sagemaker.describe_training_job(TrainingJobName=name)
        if described["TrainingJobStatus"] != "Completed":
            raise NotMeasuredError(f"the job ended {described['TrainingJobStatus']}: {described.get('FailureReason')}")
        return seconds

    return sample


def _request(aws: Sagelocal, name: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": aws.image("echo"), "TrainingInputMode": "File"},
        "RoleArn": aws.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/launch"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {"message": "hello"},
    }


def _script(aws: Sagelocal, base: Path) -> Sample:
    for name in ("input/config", "model", "output", "checkpoints"):
        (base / name).mkdir(parents=True)
    (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps({"message": "hello"}))
    command = [str(aws.image_environment("echo") / "bin" / "train")]
    environment = own_environment() | {"SAGEMAKER_BASE_DIR": str(base)}

    def sample() -> float:
        started = time.perf_counter()
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - started

    return sample
