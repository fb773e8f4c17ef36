"""Updates that move an endpoint's traffic by degrees, and go back when an alarm goes off.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import Client
from tests.contract.endpoints.conftest import Endpoints
from tests.waiting import until

pytestmark = pytest.mark.unverified


def _guarded(kind: str, alarm: str, wait: int, **size: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size},
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": 600,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


@pytest.fixture
def alarm(client: Client) -> Iterator[str]:
    """Give the name of an alarm that nothing sets off by itself."""
    name = f"a-{uuid.uuid4()}"
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="test",
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_canary_whose_alarm_goes_off_goes_back_and_says_why(endpoints: Endpoints, client: Client, alarm: str) -> None:
    old = endpoints.configure("blue")
    name = endpoints.start(old)
    new = endpoints.configure("blue-2")
    canary = {"CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}
    endpoints.sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=new, DeploymentConfig=_guarded("CANARY", alarm, 300, **canary)
    )
    pending = endpoints.sagemaker.describe_endpoint(EndpointName=name)
    assert pending["EndpointStatus"] == "Updating"
    assert pending["PendingDeploymentSummary"]["EndpointConfigName"] == new
    until(lambda: endpoints.ask_often(name, 20) == {"blue", "blue-2"}, "both answer")
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="the test says so")
    described = endpoints.settled(name)
    assert described["EndpointConfigName"] == old
    assert alarm in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    assert endpoints.ask_often(name, 20) == {"blue"}


def test_a_linear_update_moves_everything_in_the_end(endpoints: Endpoints, alarm: str) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    new = endpoints.configure("blue-2")
    step = {"LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50}}
    config = _guarded("LINEAR", alarm, 1, **step)
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=config)
    described = endpoints.settled(name)
    assert described["EndpointConfigName"] == new
    assert described["LastDeploymentConfig"] == config
    assert endpoints.ask_often(name, 10) == {"blue-2"}


def test_a_deployment_that_makes_no_sense_changes_nothing(endpoints: Endpoints, alarm: str) -> None:
    config = endpoints.configure("blue")
    name = endpoints.start(config)
    with pytest.raises(ClientError, match="of type CANARY needs CanarySize"):
        endpoints.sagemaker.update_endpoint(
            EndpointName=name, EndpointConfigName=config, DeploymentConfig=_guarded("CANARY", alarm, 1)
        )
    assert endpoints.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
