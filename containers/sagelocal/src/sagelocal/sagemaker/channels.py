"""The rules for a training job's channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.jobs.filesystems import require_file_system
from sagelocal.s3.uri import split_uri
from sagelocal.sagemaker.existence import require_objects

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Json = dict[str, Any]


def channels(request: Json) -> list[Json]:
    """Return a request's channels."""
    found: list[Json] = request.get("InputDataConfig") or []
    return found


def check_channels(request: Json) -> None:
    """Raise ValidationException for channels that the request's shape allows and AWS's rules do not."""
    names = [channel["ChannelName"] for channel in channels(request)]
    if len(names) != len(set(names)):
        raise validation_error("Channel names in InputDataConfig must be unique.")
    if {".", ".."} & set(names):  # AWS's pattern lets them through
        raise validation_error("A channel in InputDataConfig cannot be named '.' or '..'.")
    groups = {group["InstanceGroupName"] for group in request["ResourceConfig"].get("InstanceGroups") or []}
    for channel in channels(request):
        _check_channel(channel, request, groups)


def _check_channel(channel: Json, request: Json, groups: set[str]) -> None:
    name, source = channel["ChannelName"], channel.get("DataSource") or {}
    mode = channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"]
    objects, system = source.get("S3DataSource"), source.get("FileSystemDataSource")
    if bool(objects) == bool(system):
        raise validation_error(f"Channel {name} needs a DataSource with an S3DataSource or a FileSystemDataSource.")
    if system and mode != "File":
        raise validation_error(f"Channel {name} is a file system, which needs the input mode File, not {mode}.")
    if system and not request.get("VpcConfig"):
        raise validation_error(f"Channel {name} is a file system: VpcConfig with its subnets is required to reach it.")
    if objects and mode == "FastFile" and objects["S3DataType"] != "S3Prefix":
        raise validation_error(f"Channel {name}: FastFile mode supports S3 prefixes only, not {objects['S3DataType']}.")
    unknown = set((objects or {}).get("InstanceGroupNames") or []) - groups
    if unknown:
        raise validation_error(
            f"Channel {name} is for instance groups that are not there: {', '.join(sorted(unknown))}."
        )


def require_channels(backend: Backend, request: Json) -> None:
    """Raise AWS's error unless the data of every channel is there."""
    for channel in channels(request):
        source = channel["DataSource"]
        if system := source.get("FileSystemDataSource"):
            require_file_system(backend, system)
        elif source["S3DataSource"]["S3DataType"] == "ManifestFile":
            require_manifest(backend, source["S3DataSource"]["S3Uri"])
        else:
            require_objects(backend, source["S3DataSource"]["S3Uri"], request["RoleArn"])


def require_manifest(backend: Backend, uri: str) -> None:
    """Raise AWS's error unless the manifest exists."""
    try:
        backend.objects.get(*split_uri(uri))
    except AwsError as error:
        raise validation_error(f'The manifest "{uri}" does not exist: {error.message}') from error
