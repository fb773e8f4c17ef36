"""The rules for how many instances a job has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.jobs.cluster import LARGEST
from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.optml import Cluster, cluster_of

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Json = dict[str, Any]


def check_resources(resources: Json) -> None:
    """Raise ValidationException unless a ResourceConfig says which instances a training job has, in one way."""
    groups = [group["InstanceGroupName"] for group in resources.get("InstanceGroups") or []]
    alike = [member for member in ("InstanceType", "InstanceCount") if resources.get(member)]
    if groups and alike:
        raise validation_error(f"ResourceConfig has both InstanceGroups and {' and '.join(alike)}: give one of them.")
    if len(set(groups)) != len(groups):
        raise validation_error("InstanceGroupName must be unique within ResourceConfig.")
    if not cluster_of(resources):
        raise validation_error("ResourceConfig must have at least one instance.")


def require_instances(backend: Backend, resources: Json, *, meet: bool) -> Cluster:
    """Raise AWS's error unless a job can have its instances here; `meet`: whether they have to find each other."""
    cluster = cluster_of(resources)
    if len(cluster) > LARGEST:
        raise AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{cluster[0].instance_type} for one job' is {LARGEST} Instances, with a "
            f"request delta of {len(cluster)} Instances: each is a process of this machine.",
        )
    if meet and len(cluster) > 1 and not engine_of(backend).names_hosts:
        raise validation_error(
            "A training job of several instances needs mount namespaces, by which their names algo-1, algo-2 ... lead "
            "to their addresses; this server runs with --isolation relocate, or this system has none."
        )
    return cluster
