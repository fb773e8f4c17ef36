"""What a model is: the shape of model.yaml, and the model that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from boatyard.spec.batch import Batch
from boatyard.spec.checks import Checks
from boatyard.spec.feature_group import FeatureGroupSpec
from boatyard.spec.fields import (
    Duration,
    InstanceType,
    Part,
    ResourceName,
    Text,
    wrong,
)
from boatyard.spec.gate import Gate
from boatyard.spec.images import AnyImage, ImageLock, ManagedImage, image_for
from boatyard.spec.notify import NotifyList
from boatyard.spec.schedule import When
from boatyard.spec.script_job import ScriptJob
from boatyard.spec.security import Security
from boatyard.spec.training import Train


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
    process: ScriptJob
    train: Train
    evaluate: ScriptJob
    gate: Gate
    registration: Register = Field(alias="register")  # pydantic has a `register` of its own
    approve: Approve
    deploy: Deploy
    smoke_test: SmokeTest = SmokeTest()
    security: Security = Security()
    batch: Batch | None = None  # default: no DAG of batches
    cache: bool = True  # whether a step takes what an earlier run did with the same inputs, code, image and parameters
    budget: Annotated[float, Field(gt=0)] | None = None  # USD that a run may spend; default: no limit
    notify: NotifyList = ()  # who is told when a job or the endpoint changes its state


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
