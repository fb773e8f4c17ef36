"""The poller, whose credentials are replaced while it waits; a real job of a real sagelocal."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.contract.conftest import LocalServer

from boatyard.aws import jobs
from boatyard.aws.clients import client as client_of
from boatyard.aws.waiting.poll import news
from boatyard.aws.waiting.watch import Look, Watch, Watched

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
WRONG = {"key": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, "secret": {"AWS_SECRET_ACCESS_KEY": "no longer"}}


@pytest.fixture
def job(client: Callable[[str], Any], bucket: str) -> Iterator[str]:
    name = bucket
    client("sagemaker").create_training_job(
        TrainingJobName=name,
        HyperParameters={"seconds": "1.5"},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::123456789012:role/boatyard",
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    yield name
    jobs.wait(client("sagemaker"), "training", name)


def status_when_told(aws: LocalServer, job: str, wrong: dict[str, str], *, replaced: bool) -> str:
    """Wait for the job by a poller that has wrong credentials at first, and return the job's status at its news."""
    right = client_of("sagemaker", aws.environment)
    current = [client_of("sagemaker", aws.environment | wrong)]

    async def client() -> Any:
        return current[-1]

    def renew() -> bool:
        if replaced:
            current.append(right)
        return replaced

    async def first() -> dict[int, bool]:
        watch = Watch()
        watch.add(Watched(Look("training", job), born=time.time()), time.time())
        return await anext(aiter(news(watch, client, renew)))

    assert asyncio.run(first()) == {0: True}
    return str(right.describe_training_job(TrainingJobName=job)["TrainingJobStatus"])


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_credentials_that_were_replaced_are_taken_up_and_wake_nobody(
    aws: LocalServer, job: str, wrong: dict[str, str]
) -> None:
    assert status_when_told(aws, job, wrong, replaced=True) == "Completed"


def test_credentials_that_stay_wrong_are_left_to_whoever_waits(aws: LocalServer, job: str) -> None:
    assert status_when_told(aws, job, WRONG["key"], replaced=False) == "InProgress"
