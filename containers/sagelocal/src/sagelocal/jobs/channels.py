"""A training job's channels: how the data of each comes to /opt/ml/input/data/<channel>.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.jobs.filesystems import directory
from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.optml import gets
from sagelocal.jobs.sources import SOURCES, Found, copy_all, share
from sagelocal.jobs.transfer import TransferError

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container

Json = dict[str, Any]


def bring(container: Container, request: Json, channel: Json) -> None:
    """Make a channel's data appear in the container."""
    if not gets(channel, container.host):
        return
    path = f"{OPT_ML}/input/data/{channel['ChannelName']}"
    if system := channel["DataSource"].get("FileSystemDataSource"):
        container.show(path, directory(container.backend, system), read_only=system["FileSystemAccessMode"] == "ro")
        return
    found = _shared(container, channel)
    mode = channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"]
    if mode == "FastFile":
        # On AWS an object is read when the job reads it; here it is on this disk already, and shown as it is.
        container.show(path, container.hold(found, channel["ChannelName"]), read_only=True)
    else:
        copy_all(found, container.locate(path))


def _shared(container: Container, channel: Json) -> list[Found]:
    """Return what this instance gets of a channel's objects."""
    source = channel["DataSource"]["S3DataSource"]
    found = list(SOURCES[source["S3DataType"]](container.backend.objects, source["S3Uri"]))
    if not found:
        raise TransferError(
            f"Data download failed: no object under '{source['S3Uri']}' of channel '{channel['ChannelName']}'."
        )
    if source.get("S3DataDistributionType") != "ShardedByS3Key":
        return found
    sharing = [host for host in container.cluster if gets(channel, host)]
    seed = (channel.get("ShuffleConfig") or {}).get("Seed")
    return share(found, sharing.index(container.host), len(sharing), seed)
