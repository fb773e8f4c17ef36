"""DescribeTrainingJob where ten thousand jobs are stored."""

import statistics
import sys
import time
from pathlib import Path

from tests.bench.local_aws import ECHO, sagelocal, scratch
from tests.bench.measure import Row

from sagelocal.sagemaker.training_jobs import describe_new
from sagelocal.store import Store

STORED = 10_000
CALLS = 200
BAR = 5.0  # ms


def describe() -> Row:
    """Measure the call against the bar; the reference is no time at all."""
    with scratch() as folder:
        _fill(folder / "sagelocal" / "documents.sqlite")
        with sagelocal(folder, ECHO.parent) as aws:
            sagemaker = aws.client("sagemaker")
            took = []
            for number in range(CALLS):
                started = time.perf_counter()
                sagemaker.describe_training_job(TrainingJobName=f"job-{number * (STORED // CALLS)}")
                took.append((time.perf_counter() - started) * 1000)
    print(f"  slowest {max(took):.2f} ms of {CALLS}", file=sys.stderr, flush=True)
    return Row("describe", statistics.median(took), 0.0, "ms", "lower", bar_difference=BAR)


def _fill(path: Path) -> None:
    """Store jobs as a server that has run them does."""
    store = Store(path)
    with store.transaction():
        for number in range(STORED):
            name = f"job-{number}"
            request = {
                "TrainingJobName": name,
                "AlgorithmSpecification": {"TrainingImage": "echo", "TrainingInputMode": "File"},
                "RoleArn": "arn:aws:iam::123456789012:role/bench",
                "OutputDataConfig": {"S3OutputPath": "s3://bench/describe"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            }
            arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
            described = {**describe_new(request, arn, float(number)), "TrainingJobStatus": "Completed"}
            store.create("training_job", name, {"request": request, "describe": described})
    store.close()
