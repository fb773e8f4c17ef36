"""The files below /opt/ml that tell a container what it is to do; pure: document members in, file contents out."""

import sys
from typing import Any

HOST = "algo-1"  # the only instance
INSTANCE_GROUP = "homogeneousCluster"
NETWORK_INTERFACE = "lo" if sys.platform == "linux" else "lo0"

Json = dict[str, Any]


def training_files(describe: Json) -> dict[str, Json]:
    """Return the files of a training container by their path below /opt/ml.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    cluster = describe.get("ResourceConfig") or {}
    return {
        "input/config/hyperparameters.json": describe.get("HyperParameters") or {},
        "input/config/inputdataconfig.json": {
            channel["ChannelName"]: _channel(channel) for channel in describe.get("InputDataConfig") or []
        },
        "input/config/resourceconfig.json": {
            **_resources(cluster.get("InstanceType", "")),
            "current_group_name": INSTANCE_GROUP,
            "instance_groups": [
                {
                    "instance_group_name": INSTANCE_GROUP,
                    "instance_type": cluster.get("InstanceType", ""),
                    "hosts": [HOST],
                }
            ],
        },
    }


def processing_files(request: Json, describe: Json) -> dict[str, Json]:
    """Return the files of a processing container by their path below /opt/ml.

    https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-config.html
    """
    cluster = describe["ProcessingResources"]["ClusterConfig"]
    config = {name: value for name, value in request.items() if name != "Tags"}
    return {
        "config/processingjobconfig.json": {**config, "ProcessingJobArn": describe["ProcessingJobArn"]},
        "config/resourceconfig.json": _resources(cluster.get("InstanceType", "")),
    }


def _resources(instance_type: str) -> Json:
    return {
        "current_host": HOST,
        "current_instance_type": instance_type,
        "hosts": [HOST],
        "network_interface_name": NETWORK_INTERFACE,
    }


def _channel(channel: Json) -> Json:
    source = channel["DataSource"]["S3DataSource"]
    shown = {
        "ContentType": channel.get("ContentType"),
        "TrainingInputMode": channel.get("InputMode") or "File",
        "S3DistributionType": source.get("S3DataDistributionType") or "FullyReplicated",
        "RecordWrapperType": channel.get("RecordWrapperType") or "None",
        "CompressionType": channel.get("CompressionType"),
    }
    return {name: value for name, value in shown.items() if value is not None}
