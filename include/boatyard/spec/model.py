"""What a model is: the shape of model.yaml, and the model that it describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from boatyard.spec.batch import Batch
from boatyard.spec.checks import Checks
from boatyard.spec.feature_group import FeatureGroupSpec
from boatyard.spec.fields import (
    Duration,
    InstanceType,
    JobResources,
    MetricName,
    Part,
    ResourceName,
    Text,
    Value,
    wrong,
)
from boatyard.spec.gate import Gate
from boatyard.spec.images import AnyImage, ImageLock, ManagedImage, image_for
from boatyard.spec.schedule import When

# Parameters of a run and of the image's own contract; a hyperparameter of that name would be lost.
RESERVED_HYPERPARAMETERS = ("as_of", "train_instance_type", "sagemaker_program", "sagemaker_submit_directory")


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


def _policy(policy: object) -> object:
    if policy == "manual":
        raise wrong("'manual' is not there yet; there is 'auto'")
    return policy


class Spine(Part):
    """The feature group that gives the rows of the training set."""

    group: str
    label: str
    features: Annotated[tuple[str, ...], Field(min_length=1)] | None = None  # default: all but the label


class Join(Part):
    """A feature group that adds features to each row, as they were at the row's event time."""

    group: str
    features: Annotated[tuple[str, ...], Field(min_length=1)]
    on: str | None = None  # column of the spine; default: the one called like the group's record identifier
    max_age: Duration | None = None  # older features count as absent

    def entity(self, groups: Mapping[str, FeatureGroupSpec]) -> str:
        """Return the spine's column that holds the group's record identifier."""
        return self.on or groups[self.group].record_identifier


class Features(Part):
    """What the training set is made of."""

    spine: Spine
    join: tuple[Join, ...] = ()


class Train(JobResources):
    """The training job."""

    hyperparameters: dict[Annotated[str, AfterValidator(_hyperparameter_name)], Value] = Field(
        default_factory=dict, max_length=90
    )
    metrics: dict[MetricName, Annotated[str, AfterValidator(_regex)]] = Field(default_factory=dict, max_length=40)


class Register(Part):
    """The model package group of the registry."""

    group: ResourceName


class Approve(Part):
    """Who decides that a version may be deployed."""

    policy: Annotated[Literal["auto"], BeforeValidator(_policy)]


class Deploy(Part):
    """The endpoint."""

    endpoint: ResourceName
    instance_type: InstanceType
    instance_count: Annotated[int, Field(ge=1)] = 1


class SmokeTest(Part):
    """How the endpoint is tried."""

    rows: Annotated[int, Field(ge=1, le=1000)] = 20


class ModelFile(Part):
    """The keys of model.yaml."""

    description: Text
    owner: Text
    schedule: When | None = None  # default: started by hand
    image: AnyImage
    features: Features
    checks: Checks = ()
    process: JobResources
    train: Train
    evaluate: JobResources
    gate: Gate
    registration: Register = Field(alias="register")  # pydantic has a `register` of its own
    approve: Approve
    deploy: Deploy
    smoke_test: SmokeTest = SmokeTest()
    batch: Batch | None = None  # default: no DAG of batches


class ModelSpec(ModelFile):
    """A model: its file, its folder and the feature groups it uses."""

    name: str  # of the folder
    folder: Path
    code_hash: str  # of jobs/
    scripts: tuple[str, ...] = ()  # the Python files of jobs/
    requirements: tuple[str, ...] = ()  # files of jobs/ whose packages are installed, in this order
    image_lock: ImageLock | None = None  # what `image` means, if it is one of AWS's
    groups: dict[str, FeatureGroupSpec]

    @property
    def jobs(self) -> Path:
        """Return the folder of the code that runs in SageMaker."""
        return self.folder / "jobs"

    def image_for(self, scope: str, instance_type: str) -> str | ManagedImage:
        """Return the image that trains or serves ("training", "inference") on a machine."""
        return image_for(self.image, self.image_lock, scope, instance_type)

    @property
    def table_name(self) -> str:
        """Return the name as Athena allows it for a table."""
        return self.name.replace("-", "_")

    @property
    def spine_group(self) -> FeatureGroupSpec:
        """Return the feature group that gives the rows."""
        return self.groups[self.features.spine.group]

    def group(self, name: str) -> FeatureGroupSpec:
        """Return a feature group of the model."""
        return self.groups[name]

    @property
    def ingests(self) -> bool:
        """Tell whether a run fills the spine's feature group itself: not where its ingestion is what starts the run."""
        return self.schedule is None or self.features.spine.group not in self.schedule.assets
