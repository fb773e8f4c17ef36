"""Endpoints whose workers die, or for which there are no instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.faults.fault import Fault

Account = Any  # conftest's class
Eventually = Callable[[Callable[[], Any], str], Any]
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


def _create(account: Account, name: str) -> None:
    account.call("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    account.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])
    account.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)


def _describe(account: Account, name: str) -> dict[str, Any]:
    described: dict[str, Any] = account.call("DescribeEndpoint", EndpointName=name)
    return described


def _settled(account: Account, eventually: Eventually, name: str) -> dict[str, Any]:
    eventually(lambda: _describe(account, name)["EndpointStatus"] != "Creating", f"{name} settled")
    return _describe(account, name)


def _process(account: Account, name: str) -> bytes | None:
    """Return who answers; None if he died over the question."""
    try:
        answer: bytes = account.backend.endpoints.invoke(name, b"pid", {}, None)[2]
    except AwsError as error:
        if error.code != "ModelError":
            raise
        return None
    return answer


@pytest.mark.parametrize("action", ["kill", "crash"])
def test_an_endpoint_goes_on_with_another_worker_when_one_dies(
    account_relocated: Account, eventually: Eventually, action: str
) -> None:
    account = account_relocated
    for name in ("struck", "spared"):
        _create(account, name)
        assert _settled(account, eventually, name)["EndpointStatus"] == "InService"
    struck, spared = _process(account, "struck"), _process(account, "spared")
    account.backend.faults.add(Fault(action, kind="endpoint", name="struck"))
    eventually(lambda: account.backend.faults.list()[0]["fired"], "it is struck")
    eventually(lambda: _process(account, "struck") not in {struck, None}, "another worker answers")
    assert _process(account, "spared") == spared
    assert account.backend.faults.list()[0]["fired"] == 1


@pytest.mark.unverified
def test_an_endpoint_without_capacity_fails(account_relocated: Account, eventually: Eventually) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/real-time-endpoints-troubleshooting.html"""
    account = account_relocated
    account.backend.faults.add(Fault("capacity", kind="endpoint"))
    _create(account, "refused")
    described = _settled(account, eventually, "refused")
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"].startswith("Unable to provision requested ML compute capacity")


def test_an_endpoint_waits_for_capacity_that_comes(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    fault = account.backend.faults.add(Fault("capacity", kind="endpoint", seconds=600.0))
    _create(account, "patient")
    eventually(lambda: account.backend.faults.list()[0]["fired"], "it waits")
    assert _describe(account, "patient")["EndpointStatus"] == "Creating"
    account.backend.faults.remove(fault["id"])
    assert _settled(account, eventually, "patient")["EndpointStatus"] == "InService"
