"""What decides whether a job is the same: its request, with contents in place of places. No effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from boatyard.aws.cache.contents import UnknownContentsError, digest
from boatyard.aws.jobs import JOBS
from boatyard.aws.jobs.facts import MEMBERS

VERSION = 1
CACHED = frozenset({"training", "processing", "transform"})  # the kinds of job whose inputs and outputs are known

# What does not change what comes out: names, owners, limits of time, ways to pay less.
_IRRELEVANT = frozenset(
    {"Tags", "StoppingCondition", "RetryStrategy", "EnableManagedSpotTraining", "CheckpointConfig", "ExperimentConfig"}
)
_IRRELEVANT_OF_MACHINES = frozenset({"VolumeSizeInGB", "KeepAlivePeriodInSeconds", "VolumeKmsKeyId"})


def request_key(kind: str, request: Mapping[str, Any], image: Callable[[str], str]) -> str:
    """Return the digest of a Create request without its inputs' places, its name still unfilled.

    `image` tells an image's digest. `UnknownContentsError` for a job that does something besides writing to S3.
    """
    members = MEMBERS[kind]
    written = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    if any("S3Output" not in one for one in written):
        raise UnknownContentsError("the job writes elsewhere than to S3, and that can be done only by doing it")
    left_out = {*_IRRELEVANT, JOBS[kind].name_key}
    kept = {name: value for name, value in request.items() if name not in left_out}
    if members.image:
        kept = _replaced(kept, members.image, image)
    kept = _replaced(kept, members.machine, _machines)
    if members.inputs in kept:
        kept[members.inputs] = [
            _replaced(one, members.input_uri, lambda _: "") for one in _listed(kept[members.inputs])
        ]
    return digest({"version": VERSION, "kind": kind, "request": kept})


def inputs(kind: str, job: Mapping[str, Any]) -> dict[str, str]:
    """Return the S3 prefix of each input by its name, of a request or a description.

    `UnknownContentsError` names an input that is something else, such as a manifest or a file system.
    """
    members = MEMBERS[kind]
    return {
        str(one.get(members.input_name, members.input_name)): _prefix(one, members.input_uri)
        for one in _listed(job.get(members.inputs) or [])
    }


def _listed(given: Any) -> list[Mapping[str, Any]]:
    return list(given) if isinstance(given, list) else [given]


def _prefix(one: Mapping[str, Any], path: tuple[str, ...]) -> str:
    source: Any = one
    for member in path[:-1]:
        source = source.get(member) or {}
    if path[-1] not in source or source.get("S3DataType", "S3Prefix") != "S3Prefix":
        raise UnknownContentsError("an input is no S3 prefix: what it holds is not known")
    return str(source[path[-1]])


def _machines(cluster: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cluster.items() if name not in _IRRELEVANT_OF_MACHINES}


def _replaced(value: Mapping[str, Any], path: tuple[str, ...], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return `value` with what lies at `path` changed; where there is nothing, as it is."""
    member, *rest = path
    if member not in value:
        return dict(value)
    inner = value[member]
    return {**value, member: _replaced(inner, tuple(rest), change) if rest else change(inner)}
