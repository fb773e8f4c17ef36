"""The files below /opt/ml that tell a container what it is to do; pure: document members in, file contents out."""

import sys
from dataclasses import dataclass
from typing import Any

HOST = "algo-1"  # the first instance, or the only one
INSTANCE_GROUP = "homogeneousCluster"
_CHECKPOINTS = {"LocalPath": "/opt/ml/checkpoints"}  # unless the request says otherwise
NETWORK_INTERFACE = "lo" if sys.platform == "linux" else "lo0"

Json = dict[str, Any]


@dataclass(frozen=True)
class Host:
    """One instance of a job."""

    name: str = HOST
    group: str = INSTANCE_GROUP
    instance_type: str = ""


Cluster = tuple[Host, ...]
ONE_HOST: Cluster = (Host(),)


def cluster_of(resources: Json) -> Cluster:
    """Return the instances, algo-1 and on, of a training job's ResourceConfig or a processing job's ClusterConfig."""
    groups = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": INSTANCE_GROUP,
            "InstanceType": resources.get("InstanceType", ""),
            "InstanceCount": resources.get("InstanceCount") or 1,
        }
    ]
    places = [group for group in groups for _ in range(group["InstanceCount"])]
    return tuple(
        Host(f"algo-{number}", group["InstanceGroupName"], group["InstanceType"])
        for number, group in enumerate(places, start=1)
    )


def training_files(describe: Json, host: Host) -> dict[str, Json]:
    """Return the files of a training container by their path below /opt/ml.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    cluster = cluster_of(describe["ResourceConfig"])
    mode = describe["AlgorithmSpecification"]["TrainingInputMode"]
    groups = {each.group: each.instance_type for each in cluster}
    checkpoints = describe.get("CheckpointConfig")
    return {
        **({"input/config/checkpointconfig.json": {**_CHECKPOINTS, **checkpoints}} if checkpoints else {}),
        "input/config/hyperparameters.json": describe.get("HyperParameters") or {},
        "input/config/inputdataconfig.json": {
            channel["ChannelName"]: _channel(channel, mode)
            for channel in describe.get("InputDataConfig") or []
            if gets(channel, host)
        },
        "input/config/resourceconfig.json": {
            **_resources(cluster, host),
            "current_group_name": host.group,
            "instance_groups": [
                {
                    "instance_group_name": group,
                    "instance_type": instance_type,
                    "hosts": [each.name for each in cluster if each.group == group],
                }
                for group, instance_type in groups.items()
            ],
        },
    }


def processing_files(request: Json, describe: Json, host: Host) -> dict[str, Json]:
    """Return the files of a processing container by their path below /opt/ml.

    https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-config.html
    """
    cluster = cluster_of(describe["ProcessingResources"]["ClusterConfig"])
    config = {name: value for name, value in request.items() if name != "Tags"}
    return {
        "config/processingjobconfig.json": {**config, "ProcessingJobArn": describe["ProcessingJobArn"]},
        "config/resourceconfig.json": _resources(cluster, host),
    }


def gets(channel: Json, host: Host) -> bool:
    """Say whether an instance gets the data of a channel, which may be for some instance groups only."""
    groups = (channel["DataSource"].get("S3DataSource") or {}).get("InstanceGroupNames")
    return not groups or host.group in groups


def _resources(cluster: Cluster, host: Host) -> Json:
    return {
        "current_host": host.name,
        "current_instance_type": host.instance_type,
        "hosts": [each.name for each in cluster],
        "network_interface_name": NETWORK_INTERFACE,
    }


def _channel(channel: Json, mode: str) -> Json:
    source = channel["DataSource"].get("S3DataSource")
    shown = {
        "ContentType": channel.get("ContentType"),
        "TrainingInputMode": channel.get("InputMode") or mode,
        "S3DistributionType": source and (source.get("S3DataDistributionType") or "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType") or "None",
        "CompressionType": channel.get("CompressionType"),
    }
    return {name: value for name, value in shown.items() if value is not None}
