"""How endpoints change while they serve, and what they leave behind: real processes, unmodified boto3.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


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
    made = Endpoints(client)
    yield made
    for name in made.started:
        made.settled(name)
        made.sagemaker.delete_endpoint(EndpointName=name)


def _until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)
    return found


def test_a_variant_of_three_instances_answers_from_three_processes(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue", count=3))
    described = endpoints.sagemaker.describe_endpoint(EndpointName=name)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    # one at a time goes to the least busy worker, so many must be under way at once
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(12) as threads:
        _until(lambda: len(set(threads.map(lambda _: endpoints.ask(name, "pid"), range(60)))) == 3)


def test_weights_and_numbers_of_workers_change_while_it_serves(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue", "green"))
    assert endpoints.ask_often(name, 60) == {"blue", "green"}
    wanted = [
        {"VariantName": "blue", "DesiredWeight": 0},
        {"VariantName": "green", "DesiredWeight": 2, "DesiredInstanceCount": 2},
    ]
    endpoints.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    described = {one["VariantName"]: one for one in endpoints.settled(name)["ProductionVariants"]}
    assert (described["blue"]["CurrentWeight"], described["green"]["CurrentInstanceCount"]) == (0, 2)
    assert endpoints.ask_often(name, 20) == {"green"}


def test_a_variant_that_is_not_there_gets_no_capacity(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    wanted = [{"VariantName": "red", "DesiredInstanceCount": 2}]
    with pytest.raises(ClientError, match='Could not find variant "red"'):
        endpoints.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=wanted
        )
    assert endpoints.settled(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_retained_properties_outlive_the_configuration(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue", count=2))
    endpoints.sagemaker.update_endpoint(
        EndpointName=name,
        EndpointConfigName=endpoints.configure("blue-2", count=1),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    assert endpoints.settled(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert endpoints.ask(name) == "blue-2"


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
    _until(lambda: endpoints.ask_often(name, 20) == {"blue", "blue-2"})
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


def test_captured_requests_and_answers_lie_in_s3(endpoints: Endpoints, client: Client, bucket: str) -> None:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    name = endpoints.start(endpoints.configure("blue", DataCaptureConfig=capture))
    summary = endpoints.sagemaker.describe_endpoint(EndpointName=name)["DataCaptureConfig"]
    assert (summary["CaptureStatus"], summary["CurrentSamplingPercentage"]) == ("Started", 100)
    endpoints.ask(name, "1,2,3", ContentType="text/csv", Accept="text/csv", InferenceId="my-id")
    s3 = client("s3")
    prefix = f"captured/{name}/blue/{datetime.now(UTC):%Y/%m/%d/}"
    found = _until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents"))
    (line,) = s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read().decode().splitlines()
    record = json.loads(line)
    sent, answered = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
    assert sent == {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2,3", "encoding": "CSV"}
    assert answered == {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "1,2,3", "encoding": "CSV"}
    assert record["eventMetadata"]["inferenceId"] == "my-id"
    assert record["eventVersion"] == "0"


def test_a_streamed_answer_arrives_in_its_parts(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    answer = endpoints.runtime.invoke_endpoint_with_response_stream(EndpointName=name, Body="stream 4")
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/plain", "blue")
    parts = [event["PayloadPart"]["Bytes"].decode() for event in answer["Body"]]
    assert parts == ["part 0\n", "part 1\n", "part 2\n", "part 3\n"]


def test_invocations_are_counted(endpoints: Endpoints, client: Client) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    for _ in range(3):
        endpoints.ask(name)
    with pytest.raises(ClientError, match="ModelError"):
        endpoints.ask(name, "status 500")
    cloudwatch = client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "blue"}]

    def total(metric: str) -> float:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(float(point["Sum"]) for point in points)

    _until(lambda: total("Invocations") == 4)
    _until(lambda: total("Invocation5XXErrors") == 1)  # metrics come one by one
    _until(lambda: total("ModelLatency") > 0)


def test_a_scalable_variant_comes_into_its_limits_and_follows_its_metric(endpoints: Endpoints, client: Client) -> None:
    name = endpoints.start(endpoints.configure("blue"))
    scaling = client("application-autoscaling")
    variant = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/blue",
        "ScalableDimension": DIMENSION,
    }

    def count() -> int:
        described = endpoints.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]
        return int(described["CurrentInstanceCount"])

    scaling.register_scalable_target(**variant, MinCapacity=2, MaxCapacity=3)
    _until(lambda: count() == 2)
    scaling.put_scaling_policy(
        **variant,
        PolicyName="busy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleOutCooldown": 0,
            "ScaleInCooldown": 600,
        },
    )
    for _ in range(40):
        endpoints.ask(name)
    _until(lambda: count() == 3)
    activities = scaling.describe_scaling_activities(ServiceNamespace="sagemaker", ResourceId=variant["ResourceId"])
    assert activities["ScalingActivities"][0]["Description"] == "Setting desired instance count to 3."
    scaling.deregister_scalable_target(**variant)
    assert scaling.describe_scaling_policies(**variant)["ScalingPolicies"] == []
