"""The training job of a model: its machine, its hyperparameters, and what makes it long or cheap."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from boatyard.spec.fields import Duration, MetricName, Part, Value, wrong
from boatyard.spec.script_job import ScriptJob

# Parameters of a run and of the image's own contract; a hyperparameter of that name would be lost.
RESERVED_HYPERPARAMETERS = (
    "as_of",
    "budget",
    "force",
    "train_instance_type",
    "sagemaker_program",
    "sagemaker_submit_directory",
)
OWN_CHANNELS = ("train", "code")
LONGEST_KEEP_ALIVE = 3600  # seconds; SageMaker's


def _hyperparameter_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,255}", name):
        raise wrong(f"expected a name of letters, digits, '_', '-' and '.', got {name!r}")
    if name in RESERVED_HYPERPARAMETERS:
        raise wrong(f"the name {name!r} has a meaning of its own in a run: choose another")
    return name


def _regex(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise wrong(f"not a regular expression: {error}") from None
    if groups != 1:
        raise wrong(f"expected exactly one group, the metric's number, in {pattern!r}")
    return pattern


def _channel_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise wrong(f"expected a channel's name of letters, digits, '_', '-' and '.', got {name!r}")
    if name in OWN_CHANNELS:
        raise wrong(f"a run has a channel {name!r} of its own: choose another name")
    return name


def _file_system_id(text: str) -> str:
    if not re.fullmatch(r"fs-[0-9a-f]{8,40}", text):
        raise wrong(f"expected a file system's id such as fs-0123456789abcdef0, got {text!r}")
    return text


def _directory(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/"):
        raise wrong(f"expected a folder of the file system, from its root, such as /images, got {path!r}")
    return path


def _keep_alive(seconds: int) -> int:
    if seconds > LONGEST_KEEP_ALIVE:
        raise wrong("SageMaker keeps instances for at most 1h")
    return seconds


class FileSystem(Part):
    """A folder of an EFS or FSx file system, which the training job sees as a channel."""

    id: Annotated[str, AfterValidator(_file_system_id)]
    type: Literal["EFS", "FSxLustre"]
    directory: Annotated[str, AfterValidator(_directory)]
    access: Literal["ro", "rw"] = "ro"


class Train(ScriptJob):
    """The training job. Its `max_runtime` may be longer than a job may run: it then goes on in a next job."""

    hyperparameters: dict[Annotated[str, AfterValidator(_hyperparameter_name)], Value] = Field(
        default_factory=dict, max_length=90
    )
    metrics: dict[MetricName, Annotated[str, AfterValidator(_regex)]] = Field(default_factory=dict, max_length=40)
    spot: bool = False  # on machines that AWS may take away and give back: cheaper, and longer
    keep_alive: Annotated[Duration, AfterValidator(_keep_alive)] | None = None  # machines kept for the next job
    file_systems: dict[Annotated[str, AfterValidator(_channel_name)], FileSystem] = Field(
        default_factory=dict, max_length=18
    )
