"""How weights and numbers of instances change while an endpoint serves: by hand, by an update, by their metric.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html
https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import Client
from tests.contract.endpoints.conftest import Endpoints
from tests.waiting import until

pytestmark = pytest.mark.unverified

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def test_a_variant_of_three_instances_answers_from_three_processes(endpoints: Endpoints) -> None:
    name = endpoints.start(endpoints.configure("blue", count=3))
    described = endpoints.sagemaker.describe_endpoint(EndpointName=name)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    # one at a time goes to the least busy worker, so many must be under way at once
    with ThreadPoolExecutor(12) as threads:
        until(lambda: len(set(threads.map(lambda _: endpoints.ask(name, "pid"), range(60)))) == 3, "three processes")


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


def test_a_variant_never_comes_down_to_no_instance(client: Client, endpoints: Endpoints) -> None:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html"""
    name = endpoints.start(endpoints.configure("blue"))
    none = [{"VariantName": "blue", "DesiredInstanceCount": 0}]
    with pytest.raises(ClientError, match="must be at least 1") as caught:
        endpoints.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=none)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    target = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{name}/variant/blue"}
    with pytest.raises(ClientError, match="must be at least 1"):
        client("application-autoscaling").register_scalable_target(
            **target, ScalableDimension=DIMENSION, MinCapacity=0, MaxCapacity=1
        )
    assert endpoints.ask(name) == "blue"


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
    until(lambda: count() == 2, "two instances")
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
    until(lambda: count() == 3, "three instances")
    activities = scaling.describe_scaling_activities(ServiceNamespace="sagemaker", ResourceId=variant["ResourceId"])
    assert activities["ScalingActivities"][0]["Description"] == "Setting desired instance count to 3."
    scaling.deregister_scalable_target(**variant)
    assert scaling.describe_scaling_policies(**variant)["ScalingPolicies"] == []
