"""What changes the numbers of workers: every few seconds it looks at each variant that scales.

AWS waits for three minutes above the target and for fifteen below it; here one minute's metric is enough.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from sagelocal.autoscaling.decision import DEFAULT_COOLDOWN, Tracking, desired_count
from sagelocal.cloudwatch.metrics import Metric
from sagelocal.cloudwatch.statistics import merged, statistic
from sagelocal.endpoints.observation import NAMESPACE
from sagelocal.errors import AwsError
from sagelocal.sagemaker.endpoints import want_capacities

if TYPE_CHECKING:
    from sagelocal.backend import Backend

TARGET, POLICY, ACTIVITY = "scalable_target", "scaling_policy", "scaling_activity"
PREDEFINED = "SageMakerVariantInvocationsPerInstance"
EVERY = 5.0  # seconds
PERIOD = 60  # seconds of a metric

_RESOURCE = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_log = logging.getLogger(__name__)


def policy_name(resource: str, name: str) -> str:
    """Return the name under which a policy is kept."""
    return f"{resource}/{name}"


def find_variant(backend: Backend, resource: str) -> dict[str, Any] | None:
    """Return a variant as DescribeEndpoint shows it, None if no endpoint has it."""
    named = _RESOURCE.fullmatch(resource)
    document = backend.store.get("endpoint", named[1]) if named else None
    variants = document["describe"].get("ProductionVariants") or [] if document else []
    return next((one for one in variants if named and one["VariantName"] == named[2]), None)


class Scaler:
    """Keep every scalable target at the number of workers that its policies want."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._closed = False
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autoscaling", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def look(self) -> None:
        """Look now."""
        self._news.set()

    def close(self) -> None:
        """Stop looking."""
        self._closed = True
        self._news.set()
        self._thread.join()

    def forget(self, resource: str) -> None:
        """Remove a target and its policies."""
        with self._backend.store.transaction():
            self._backend.store.delete(TARGET, resource)
            for document in self._backend.store.list(POLICY):
                policy = document["describe"]
                if policy["ResourceId"] == resource:
                    self._backend.store.delete(POLICY, policy_name(resource, policy["PolicyName"]))

    def _run(self) -> None:
        while not self._closed:
            for document in self._backend.store.list(TARGET):
                try:
                    self._scale(document)
                except Exception:  # noqa: BLE001 - one target that cannot be scaled must not hold up the others
                    _log.exception("scaling of %s", document["describe"]["ResourceId"])
            self._news.wait(EVERY)
            self._news.clear()

    def _scale(self, document: dict[str, Any]) -> None:
        target = document["describe"]
        resource = target["ResourceId"]
        named = _RESOURCE.fullmatch(resource)
        assert named is not None  # noqa: S101 - registered by this form
        endpoint = self._backend.store.get("endpoint", named[1])
        if endpoint is None:
            self.forget(resource)  # as AWS does once the endpoint is deleted
            return
        variant = find_variant(self._backend, resource)
        if endpoint["describe"]["EndpointStatus"] != "InService" or variant is None:
            return
        current, now = variant["CurrentInstanceCount"], time.time()
        policies = [self._tracking(policy, named[1], named[2], now) for policy in self._policies(resource)]
        limits = target["MinCapacity"], target["MaxCapacity"]
        wanted = desired_count(current, *limits, policies, now - document["changed"])
        if wanted != current and not _is_suspended(target, wanted > current):
            self._change(resource, named[1], named[2], current, wanted)

    def _policies(self, resource: str) -> list[dict[str, Any]]:
        found = (document["describe"] for document in self._backend.store.list(POLICY))
        return [policy for policy in found if policy["ResourceId"] == resource]

    def _tracking(self, policy: dict[str, Any], endpoint: str, variant: str, now: float) -> Tracking:
        config = policy["TargetTrackingScalingPolicyConfiguration"]
        custom = config.get("CustomizedMetricSpecification")
        if custom:
            dimensions = {one["Name"]: one["Value"] for one in custom.get("Dimensions") or ()}
            metric = Metric.of(custom["Namespace"], custom["MetricName"], dimensions)
            name = custom.get("Statistic", "Average")
        else:
            dimensions = {"EndpointName": endpoint, "VariantName": variant}
            metric, name = Metric.of(NAMESPACE, "InvocationsPerInstance", dimensions), "Sum"
        # a policy that is younger than a period has not seen one
        whole = merged(sample for _, sample in self._backend.metrics.samples(metric, now - PERIOD, now))
        value = None if whole is None else statistic(name, whole)
        if value is None and custom is None and now - policy["CreationTime"] >= PERIOD:
            value = 0.0  # nobody asks
        return Tracking(
            config["TargetValue"],
            value,
            float(config.get("ScaleOutCooldown", DEFAULT_COOLDOWN)),
            float(config.get("ScaleInCooldown", DEFAULT_COOLDOWN)),
            bool(config.get("DisableScaleIn")),
        )

    def _change(self, resource: str, endpoint: str, variant: str, current: int, wanted: int) -> None:
        now = time.time()
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "Description": f"Setting desired instance count to {wanted}.",
            "Cause": f"The number of instances was {current}.",
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Successful",
            "StatusMessage": f"Successfully set desired instance count to {wanted}.",
        }
        with self._backend.store.transaction():
            try:
                want_capacities(self._backend, endpoint, {variant: {"DesiredInstanceCount": wanted}})
            except AwsError as error:
                _log.info("%s is not scaled now: %s", resource, error.message)
                return
            self._backend.store.update(TARGET, resource, lambda old: old.update(changed=now))
            self._backend.store.create(ACTIVITY, str(activity["ActivityId"]), {"describe": activity})


def _is_suspended(target: dict[str, Any], out: bool) -> bool:
    side = "DynamicScalingOutSuspended" if out else "DynamicScalingInSuspended"
    return bool((target.get("SuspendedState") or {}).get(side))
