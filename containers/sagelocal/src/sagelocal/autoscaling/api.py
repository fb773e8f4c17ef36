"""The operations of Application Auto Scaling on variants of endpoints; other resources are moto's.

https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from sagelocal.autoscaling.scaler import ACTIVITY, PREDEFINED, TARGET, find_variant, policy_name
from sagelocal.errors import AwsError
from sagelocal.operations import FallThrough, Request, Response, operation
from sagelocal.paging import position

if TYPE_CHECKING:
    from sagelocal.backend import Backend

SERVICE = "application-autoscaling"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
POLICY = "scaling_policy"
_PAGE = 50


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _bad_token(request: Request) -> AwsError:
    return AwsError("InvalidNextTokenException", f"NextToken {request.get('NextToken')!r} was not given out here.")


def _require_ours(request: Request) -> None:
    position(request.get("NextToken"), _bad_token(request))  # moto, whom others are handed to, does not look
    if request["ServiceNamespace"] != "sagemaker":
        raise FallThrough
    dimension = request.get("ScalableDimension", DIMENSION)
    if dimension != DIMENSION:
        raise _invalid(f"sagelocal scales {DIMENSION}, not {dimension}.")


def _target(backend: Backend, resource: str) -> dict[str, Any]:
    document = backend.store.get(TARGET, resource)
    if document is None:
        message = f"No scalable target found for service namespace: sagemaker, resource ID: {resource}, {DIMENSION}"
        raise AwsError("ObjectNotFoundException", message)
    return document


@operation(SERVICE, "RegisterScalableTarget")
def register_scalable_target(backend: Backend, request: Request) -> Response:
    """Let the number of a variant's workers change by itself, within limits."""
    _require_ours(request)
    resource = request["ResourceId"]
    if find_variant(backend, resource) is None:
        raise _invalid(f"{resource} is no variant of an endpoint in service: endpoint/NAME/variant/NAME is expected.")
    given = {name: request[name] for name in ("MinCapacity", "MaxCapacity", "SuspendedState") if name in request}
    with backend.store.transaction():
        document = backend.store.get(TARGET, resource)
        described = {**(document["describe"] if document else _new_target(backend, resource, request)), **given}
        if not {"MinCapacity", "MaxCapacity"} <= described.keys():
            raise _invalid("MinCapacity and MaxCapacity are required for a new scalable target.")
        if described["MinCapacity"] < 1:  # only inference components may come down to none
            raise _invalid("Minimum capacity of a variant must be at least 1.")
        if described["MinCapacity"] > described["MaxCapacity"]:
            raise _invalid("Maximum capacity cannot be less than minimum capacity.")
        if not backend.store.create(TARGET, resource, {"describe": described, "changed": 0.0}):
            backend.store.update(TARGET, resource, lambda old: old.update(describe=described))
    backend.scaler.look()
    return {"ScalableTargetARN": described["ScalableTargetARN"]}


def _new_target(backend: Backend, resource: str, request: Request) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "RoleARN": request.get("RoleARN") or backend.arn("iam", "role/AWSServiceRoleForApplicationAutoScaling"),
        "CreationTime": time.time(),
        "ScalableTargetARN": backend.arn(SERVICE, f"scalable-target/{uuid.uuid4().hex}"),
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
    }


@operation(SERVICE, "DescribeScalableTargets")
def describe_scalable_targets(backend: Backend, request: Request) -> Response:
    """Tell the variants that scale."""
    _require_ours(request)
    wanted = request.get("ResourceIds")
    found = [document["describe"] for document in backend.store.list(TARGET)]
    return _page(request, "ScalableTargets", [one for one in found if not wanted or one["ResourceId"] in wanted])


@operation(SERVICE, "DeregisterScalableTarget")
def deregister_scalable_target(backend: Backend, request: Request) -> Response:
    """Leave a variant as it is from now on, and forget its policies."""
    _require_ours(request)
    resource = request["ResourceId"]
    with backend.store.transaction():
        _target(backend, resource)
        backend.scaler.forget(resource)
    return {}


@operation(SERVICE, "PutScalingPolicy")
def put_scaling_policy(backend: Backend, request: Request) -> Response:
    """Say by which metric a variant scales."""
    _require_ours(request)
    resource, name = request["ResourceId"], request["PolicyName"]
    _target(backend, resource)
    config = _tracking(backend, request, resource, name)
    described = {
        "PolicyARN": backend.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:policyName/{name}"),
        "PolicyName": name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": config,
        "Alarms": [],
        "CreationTime": time.time(),
    }
    with backend.store.transaction():
        key = policy_name(resource, name)
        if not backend.store.create(POLICY, key, {"describe": described}):
            kept = ("PolicyARN", "CreationTime")
            backend.store.update(
                POLICY,
                key,
                lambda old: {"describe": described | {member: old["describe"][member] for member in kept}},
            )
        stored = backend.store.get(POLICY, key)
    return {"PolicyARN": (stored or {})["describe"]["PolicyARN"], "Alarms": []}


def _tracking(backend: Backend, request: Request, resource: str, name: str) -> dict[str, Any]:
    config: dict[str, Any] | None = request.get("TargetTrackingScalingPolicyConfiguration")
    if config is None:
        before = backend.store.get(POLICY, policy_name(resource, name))
        config = before["describe"]["TargetTrackingScalingPolicyConfiguration"] if before else None
    if request.get("PolicyType", "TargetTrackingScaling") != "TargetTrackingScaling" or config is None:
        raise _invalid("sagelocal scales by TargetTrackingScaling policies only.")
    predefined = (config.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    customized = config.get("CustomizedMetricSpecification")
    if bool(predefined) == bool(customized) or (customized and customized.get("Metrics")):
        raise _invalid("A policy needs one of PredefinedMetricSpecification and a CustomizedMetricSpecification.")
    if predefined and predefined != PREDEFINED:
        raise _invalid(f"sagelocal has the predefined metric {PREDEFINED}, not {predefined}.")
    if config["TargetValue"] <= 0:
        raise _invalid("TargetValue must be above 0.")
    return config


@operation(SERVICE, "DescribeScalingPolicies")
def describe_scaling_policies(backend: Backend, request: Request) -> Response:
    """Tell the policies of variants."""
    _require_ours(request)
    names, resource = request.get("PolicyNames"), request.get("ResourceId")
    found = [document["describe"] for document in backend.store.list(POLICY)]
    chosen = [
        one for one in found if (not names or one["PolicyName"] in names) and resource in (None, one["ResourceId"])
    ]
    return _page(request, "ScalingPolicies", chosen)


@operation(SERVICE, "DeleteScalingPolicy")
def delete_scaling_policy(backend: Backend, request: Request) -> Response:
    """Forget a policy."""
    _require_ours(request)
    resource, name = request["ResourceId"], request["PolicyName"]
    if not backend.store.delete(POLICY, policy_name(resource, name)):
        raise AwsError("ObjectNotFoundException", f"No scaling policy found with name {name} for {resource}")
    return {}


@operation(SERVICE, "DescribeScalingActivities")
def describe_scaling_activities(backend: Backend, request: Request) -> Response:
    """Tell what was scaled, newest first."""
    _require_ours(request)
    resource = request.get("ResourceId")
    found = [document["describe"] for document in backend.store.list(ACTIVITY)]
    return _page(request, "ScalingActivities", [one for one in found[::-1] if resource in (None, one["ResourceId"])])


def _page(request: Request, member: str, found: list[dict[str, Any]]) -> Response:
    start, size = position(request.get("NextToken"), _bad_token(request)), request.get("MaxResults") or _PAGE
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {member: found[start : start + size], **more}
