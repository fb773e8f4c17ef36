"""What SageMaker's description of a job says about it, the same for every kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from boatyard.aws.jobs import JOBS, Job

Path = tuple[str, ...]


@dataclass(frozen=True)
class Members:
    """Where a kind of job has what, in its Describe response."""

    machine: Path
    started: str
    ended: str
    inputs: str
    input_name: str
    input_uri: Path
    image: Path = ()
    has_machines: bool = True  # a tuning job's are those of its training jobs, and so is their time


MEMBERS = {
    "training": Members(
        machine=("ResourceConfig",),
        started="TrainingStartTime",
        ended="TrainingEndTime",
        inputs="InputDataConfig",
        input_name="ChannelName",
        input_uri=("DataSource", "S3DataSource", "S3Uri"),
        image=("AlgorithmSpecification", "TrainingImage"),
    ),
    "processing": Members(
        machine=("ProcessingResources", "ClusterConfig"),
        started="ProcessingStartTime",
        ended="ProcessingEndTime",
        inputs="ProcessingInputs",
        input_name="InputName",
        input_uri=("S3Input", "S3Uri"),
        image=("AppSpecification", "ImageUri"),
    ),
    "transform": Members(
        machine=("TransformResources",),
        started="TransformStartTime",
        ended="TransformEndTime",
        inputs="TransformInput",
        input_name="input",
        input_uri=("DataSource", "S3DataSource", "S3Uri"),
    ),
}
MEMBERS["tuning"] = replace(
    MEMBERS["training"], started="CreationTime", ended="HyperParameterTuningEndTime", has_machines=False
)

_MODEL = ("ModelArtifacts", "S3ModelArtifacts")
_FOLDERS = {
    "training_output": ("OutputDataConfig", "S3OutputPath"),
    "transform_output": ("TransformOutput", "S3OutputPath"),
}


def job_facts(job: Job) -> dict[str, Any]:
    """Return what ran, where, as whom and for how long; members that AWS does not tell are None."""
    members, found = MEMBERS[job.kind], _told(job)
    machine = _at(found, members.machine) or {}
    started, ended = found.get(members.started), found.get(members.ended)
    return {
        "kind": job.kind,
        "name": job.name,
        "arn": job.arn,
        "status": job.status,
        "reason": job.reason or None,
        "image": _at(found, members.image) if members.image else None,
        "model": found.get("ModelName"),
        "role": found.get("RoleArn"),
        "instance_type": machine.get("InstanceType"),
        "instance_count": machine.get("InstanceCount"),
        "started_at": started.isoformat() if started else None,
        "ended_at": ended.isoformat() if ended else None,
        # of one instance, as AWS tells it
        "billable_seconds": found.get("BillableTimeInSeconds", _between(started, ended))
        if members.has_machines
        else None,
        "log_group": JOBS[job.kind].log_group,
    }


def job_inputs(job: Job) -> dict[str, str]:
    """Return the S3 URI of each input by its name."""
    members = MEMBERS[job.kind]
    given = _told(job).get(members.inputs) or []
    listed = given if isinstance(given, list) else [{members.input_name: members.input_name, **given}]
    named = {str(one[members.input_name]): _at(one, members.input_uri) for one in listed}
    return {name: str(uri) for name, uri in named.items() if uri}


def job_outputs(job: Job) -> dict[str, str]:
    """Return the S3 URI of each output by its name."""
    found = _told(job)
    outputs = found.get("ProcessingOutputConfig", {}).get("Outputs", [])
    uris = {one["OutputName"]: _at(one, ("S3Output", "S3Uri")) for one in outputs}
    folders = {name: _at(found, path) for name, path in _FOLDERS.items()}
    uris = {"model": _at(found, _MODEL)} | {name: f"{uri.rstrip('/')}/" for name, uri in folders.items() if uri} | uris
    return {name: str(uri) for name, uri in uris.items() if uri}


def _told(job: Job) -> dict[str, Any]:
    """Return a description, in which a tuning job says of its training jobs what they say of themselves."""
    return {**job.description.get("TrainingJobDefinition", {}), **job.description}


def _between(started: datetime | None, ended: datetime | None) -> int | None:
    return round((ended - started).total_seconds()) if started and ended else None


def _at(found: Any, path: Path) -> Any:
    for member in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(member)
    return found
