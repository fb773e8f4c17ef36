"""The repository's own image, built from its Dockerfile, does in a container what it does as a process.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.waiting import until

Contained = Any  # conftest's

# the build of the image, with its base, is the most of it
pytestmark = [pytest.mark.unverified, pytest.mark.timeout(1500)]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:latest"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


@pytest.fixture(scope="module")
def contained(make_contained: Callable[..., Contained]) -> Iterator[Contained]:
    """Give a server whose builds trust the authorities that the base image trusts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_SYSTEM_CERTS", "true")
        made = make_contained()
    yield made
    made.server.end()


def test_the_tabular_image_trains_and_serves(contained: Contained, python_base: str) -> None:
    rows = "".join(f"{number % 2},{number % 2},{number % 7}\n" for number in range(200))
    contained.write("tabular/train/rows.csv", rows.encode())
    channel = {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/tabular/train/"}
    name = contained.train(
        "",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"objective": "binary:logistic", "num_round": "5"},
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": channel}}],
    )
    contained.await_end(name, seconds=1200.0)
    described = contained.training(name)
    assert described["TrainingJobStatus"] == "Completed", (described, contained.printed(name))

    model = {"Image": IMAGE, "ModelDataUrl": described["ModelArtifacts"]["S3ModelArtifacts"]}
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    contained.sagemaker("create_model", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=model)
    contained.sagemaker("create_endpoint_config", EndpointConfigName=name, ProductionVariants=[variant])
    contained.sagemaker("create_endpoint", EndpointName=name, EndpointConfigName=name)
    with contained.server.clients() as client:
        client("sagemaker").get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 600}
        )
        asked = client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, Body=b"0,3\n1,3\n", ContentType="text/csv", Accept="text/csv"
        )
        low, high = (float(line) for line in asked["Body"].read().decode().replace(",", "\n").split())
    assert low < 0.5 < high
    contained.sagemaker("delete_endpoint", EndpointName=name)
    until(lambda: not contained.containers(), "the endpoint's container is gone")
