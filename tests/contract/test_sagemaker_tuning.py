"""Hyperparameter tuning through boto3: training jobs that really run, and what becomes of them when servers die.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.waiting import until

Client = Callable[..., Any]
Server = Any  # conftest's LocalServer

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
ENDED = {"Completed", "Failed", "Stopped"}


def _tuning(name: str, bucket: str, jobs: int, parallel: int, **hyperparameters: str) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:error"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    {"Name": "eta", "MinValue": "0.001", "MaxValue": "1", "ScalingType": "Logarithmic"}
                ],
                "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9"}],
                "CategoricalParameterRanges": [{"Name": "booster", "Values": ["gbtree", "dart"]}],
            },
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {"message": "{depth} {booster} validation-error:{eta}", **hyperparameters},
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:error", "Regex": r"validation-error:([0-9.e-]+)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/tuned"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    }


def _ended(sagemaker: Any, name: str) -> dict[str, Any]:
    def described() -> dict[str, Any]:
        found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return found

    until(lambda: described()["HyperParameterTuningJobStatus"] in ENDED, f"{name} has ended")
    return described()


def _children(sagemaker: Any, name: str, **query: Any) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    return [
        job
        for page in pages.paginate(HyperParameterTuningJobName=name, **query)
        for job in page["TrainingJobSummaries"]
    ]


def test_a_tuning_job_names_the_training_job_with_the_best_objective(client: Client, bucket: str) -> None:
    sagemaker, name = client("sagemaker"), f"tune-{uuid.uuid4().hex[:20]}"
    arn = sagemaker.create_hyper_parameter_tuning_job(**_tuning(name, bucket, 12, 4))["HyperParameterTuningJobArn"]
    described = _ended(sagemaker, name)
    assert described["HyperParameterTuningJobStatus"] == "Completed"
    assert described["HyperParameterTuningJobArn"] == arn
    assert described["HyperParameterTuningEndTime"] >= described["CreationTime"]
    assert described["ObjectiveStatusCounters"]["Succeeded"] == 12
    jobs = _children(sagemaker, name, SortBy="FinalObjectiveMetricValue", SortOrder="Ascending", MaxResults=5)
    values = [job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in jobs]
    assert len(values) == 12
    assert values == sorted(values)
    best = described["BestTrainingJob"]
    assert best["TrainingJobName"] == jobs[0]["TrainingJobName"]
    assert float(best["TunedHyperParameters"]["eta"]) == pytest.approx(values[0])
    training = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert training["TuningJobArn"] == arn
    place, _, key = training["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert client("s3").head_object(Bucket=place, Key=key)["ContentLength"] > 0
    listed = sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)["HyperParameterTuningJobSummaries"]
    assert [(job["Strategy"], job["ResourceLimits"]["MaxParallelTrainingJobs"]) for job in listed] == [("Bayesian", 4)]


def test_a_name_is_taken_once_and_a_missing_job_is_not_found(client: Client, bucket: str) -> None:
    sagemaker, name = client("sagemaker"), f"tune-{uuid.uuid4().hex[:20]}"
    sagemaker.create_hyper_parameter_tuning_job(**_tuning(name, bucket, 1, 1))
    with pytest.raises(ClientError) as taken:
        sagemaker.create_hyper_parameter_tuning_job(**_tuning(name, bucket, 1, 1))
    assert taken.value.response["Error"]["Code"] == "ResourceInUse"
    with pytest.raises(ClientError) as missing:
        sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="nobody")
    assert missing.value.response["Error"]["Code"] == "ResourceNotFound"
    _ended(sagemaker, name)


def test_a_tuning_job_whose_server_is_killed_again_and_again_runs_each_training_job_once(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with server.clients() as client:
        client("s3").create_bucket(Bucket="lake")
        client("sagemaker").create_hyper_parameter_tuning_job(**_tuning("tune", "lake", 8, 2, seconds="0.2"))
    for pause in (0.05, 0.2, 0.35, 0.5):
        time.sleep(pause)
        server.end(signal.SIGKILL)
        server.start_again()
    with server.clients() as client:
        sagemaker = client("sagemaker")
        described = _ended(sagemaker, "tune")
        names = sorted(job["TrainingJobName"] for job in _children(sagemaker, "tune"))
        every = sagemaker.get_paginator("list_training_jobs").paginate().build_full_result()["TrainingJobSummaries"]
    assert described["TrainingJobStatusCounters"]["Completed"] == 8
    assert sorted(job["TrainingJobName"] for job in every) == names
    assert len(names) == 8
    for name in names:
        logs = list((server.state / "logs" / "TrainingJobs" / name).glob("*.log"))
        lines = [line for log in logs for line in log.read_text().splitlines() if "validation-error" in line]
        assert len(lines) == 1, name
