"""Endpoints whose containers are processes of the image `echo`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.conftest import Client

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


class Endpoints:
    """Make endpoints whose variants answer with the colour that they were given."""

    def __init__(self, client: Client) -> None:
        self.sagemaker = client("sagemaker")
        self.runtime = client("sagemaker-runtime")
        self.started: list[str] = []

    def configure(self, *colours: str, count: int = 1, **config: Any) -> str:
        """Return the name of a configuration with a variant for each colour, called like it."""
        name = f"c-{uuid.uuid4()}"
        variants = []
        for colour in colours:
            container = {"Image": IMAGE, "Environment": {"COLOUR": colour}}
            self.sagemaker.create_model(
                ModelName=f"{name}-{colour}"[:63], PrimaryContainer=container, ExecutionRoleArn=ROLE
            )
            variants.append(
                {
                    "VariantName": colour.partition("-")[0],
                    "ModelName": f"{name}-{colour}"[:63],
                    "InitialInstanceCount": count,
                    "InstanceType": "ml.m5.large",
                }
            )
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **config)
        return name

    def start(self, config: str) -> str:
        """Return the name of an endpoint in service."""
        name = f"e-{uuid.uuid4()}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.started.append(name)
        self.settled(name)
        return name

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until an endpoint is in service and describe it."""
        self.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=FAST)
        described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return described

    def ask(self, name: str, body: str = "env COLOUR", **more: Any) -> str:
        """Return an endpoint's answer."""
        answer: str = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **more)["Body"].read().decode()
        return answer

    def ask_often(self, name: str, times: int, body: str = "env COLOUR") -> set[str]:
        """Return the different answers to a question."""
        return {self.ask(name, body) for _ in range(times)}


@pytest.fixture
def endpoints(client: Client) -> Iterator[Endpoints]:
    """Give endpoints of the shared server; the test's own are deleted after it."""
    made = Endpoints(client)
    yield made
    for name in made.started:
        made.settled(name)
        made.sagemaker.delete_endpoint(EndpointName=name)
