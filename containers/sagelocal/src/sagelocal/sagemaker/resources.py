"""What all kinds of SageMaker resources have in common: a name, an ARN, a document and two errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document


@dataclass(frozen=True)
class Resource:
    """Name one kind of resource. `missing` and `taken` are AWS's wording and may use `{name}` and `{arn}`."""

    kind: str  # of the documents in the store
    member: str  # the requests' name member is <member>Name, the responses' ARN member <member>Arn
    segment: str  # of the ARN
    missing: str
    taken: str
    taken_code: str = "ValidationException"
    missing_code: str = "ValidationException"

    @property
    def name_member(self) -> str:
        """Return the member that names such a resource in a request."""
        return f"{self.member}Name"

    @property
    def arn_member(self) -> str:
        """Return the member that holds its ARN in a response."""
        return f"{self.member}Arn"

    def arn(self, backend: Backend, name: str) -> str:
        """Return the ARN that a resource of this name has."""
        return backend.arn("sagemaker", f"{self.segment}/{name}")

    def name_of(self, backend: Backend, name_or_arn: str) -> str:
        """Return the name of a resource that a request may give by its ARN; raise AWS's error for a foreign ARN."""
        prefix = self.arn(backend, "")
        if name_or_arn.startswith("arn:") and not name_or_arn.startswith(prefix):
            raise AwsError(self.missing_code, self.missing.format(name=name_or_arn, arn=name_or_arn))
        return name_or_arn.removeprefix(prefix)

    def document(self, backend: Backend, name: str) -> Document:
        """Return the resource's document; raise AWS's error if there is none."""
        document = backend.store.get(self.kind, name)
        if document is None:
            raise self.missing_error(backend, name)
        return document

    def describe(self, backend: Backend, name: str) -> dict[str, Any]:
        """Return the members of the resource's Describe response."""
        members: dict[str, Any] = self.document(backend, name)["describe"]
        return members

    def create(self, backend: Backend, name: str, document: Document) -> str:
        """Claim the name with the document and return the ARN; raise AWS's error if the name is taken."""
        if not backend.store.create(self.kind, name, document):
            raise self.taken_error(backend, name)
        return self.arn(backend, name)

    def update(self, backend: Backend, name: str, change: Callable[[Document], Document | None]) -> Document:
        """Change the resource's document in one step; raise AWS's error if there is none."""
        document = backend.store.update(self.kind, name, change)
        if document is None:
            raise self.missing_error(backend, name)
        return document

    def delete(self, backend: Backend, name: str) -> None:
        """Remove the resource's document; raise AWS's error if there is none."""
        if not backend.store.delete(self.kind, name):
            raise self.missing_error(backend, name)

    def require_free(self, backend: Backend, name: str) -> None:
        """Raise AWS's error if the name is taken, before the request's other parts are looked at.

        Whoever repeats a request learns that the first one was carried out, even if its inputs are gone by now.
        """
        if backend.store.get(self.kind, name) is not None:
            raise self.taken_error(backend, name)

    def missing_error(self, backend: Backend, name: str) -> AwsError:
        """Return AWS's answer where there is no such resource."""
        return AwsError(self.missing_code, self.missing.format(name=name, arn=self.arn(backend, name)))

    def taken_error(self, backend: Backend, name: str) -> AwsError:
        """Return AWS's answer where the name is in use."""
        return AwsError(self.taken_code, self.taken.format(name=name, arn=self.arn(backend, name)))


TRAINING_JOB = Resource(
    kind="training_job",
    member="TrainingJob",
    segment="training-job",
    missing="Requested resource not found.",
    taken="Training job names must be unique within an AWS account and region, "
    "and a training job with this name already exists ({arn})",
    taken_code="ResourceInUse",
)
PROCESSING_JOB = Resource(
    kind="processing_job",
    member="ProcessingJob",
    segment="processing-job",
    missing="Could not find requested job with name: {name}",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})",
    taken_code="ResourceInUse",
)
TRANSFORM_JOB = Resource(
    kind="transform_job",
    member="TransformJob",
    segment="transform-job",
    missing="Could not find requested job with name: {name}",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})",
    taken_code="ResourceInUse",
)
TUNING_JOB = Resource(
    kind="tuning_job",
    member="HyperParameterTuningJob",
    segment="hyper-parameter-tuning-job",
    missing="Amazon SageMaker can't find a tuning job with the name {name}.",
    missing_code="ResourceNotFound",
    taken="Hyperparameter tuning job names must be unique within an AWS account and region, "
    "and a hyperparameter tuning job with this name already exists ({arn})",
    taken_code="ResourceInUse",
)
MODEL = Resource(
    kind="model",
    member="Model",
    segment="model",
    missing='Could not find model "{arn}".',
    taken='Cannot create already existing model "{arn}".',
)
MODEL_PACKAGE_GROUP = Resource(
    kind="model_package_group",
    member="ModelPackageGroup",
    segment="model-package-group",
    missing="ModelPackageGroup {arn} does not exist.",
    taken="Model Package Group already exists: {arn}",
)
MODEL_PACKAGE = Resource(  # named <group>/<version>, an unversioned package by its own name
    kind="model_package",
    member="ModelPackage",
    segment="model-package",
    missing="ModelPackage {arn} does not exist.",
    taken="Model Package already exists: {arn}",
)
ENDPOINT_CONFIG = Resource(
    kind="endpoint_config",
    member="EndpointConfig",
    segment="endpoint-config",
    missing='Could not find endpoint configuration "{arn}".',
    taken='Cannot create already existing endpoint configuration "{arn}".',
)
ENDPOINT = Resource(
    kind="endpoint",
    member="Endpoint",
    segment="endpoint",
    missing='Could not find endpoint "{arn}".',
    taken='Cannot create already existing endpoint "{arn}".',
)
FEATURE_GROUP = Resource(  # its operations are in sagelocal.featurestore; its tags are kept here
    kind="feature_group",
    member="FeatureGroup",
    segment="feature-group",
    missing='Resource Not Found: Amazon SageMaker can\'t find a FeatureGroup with name "{name}".',
    taken="Resource Already Exists: FeatureGroup with name {name} already exists.",
    taken_code="ResourceInUse",
)
EXPERIMENT = Resource(
    kind="experiment",
    member="Experiment",
    segment="experiment",
    missing="Experiment '{arn}' does not exist.",
    missing_code="ResourceNotFound",
    taken="Experiment names must be unique within an AWS account and region. "
    "Experiment with name ({name}) already exists.",
)
PIPELINE = Resource(
    kind="pipeline",
    member="Pipeline",
    segment="pipeline",
    missing="Pipeline '{arn}' does not exist.",
    missing_code="ResourceNotFound",
    taken="Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) already exists.",
)
PIPELINE_EXECUTION = Resource(  # named <pipeline>/execution/<id>; it has no tags
    kind="pipeline_execution",
    member="PipelineExecution",
    segment="pipeline",
    missing="Pipeline execution '{arn}' does not exist.",
    missing_code="ResourceNotFound",
    taken="Pipeline execution '{arn}' already exists.",
)

RESOURCES = (
    TRAINING_JOB,
    PROCESSING_JOB,
    TRANSFORM_JOB,
    TUNING_JOB,
    MODEL,
    MODEL_PACKAGE_GROUP,
    MODEL_PACKAGE,
    ENDPOINT_CONFIG,
    ENDPOINT,
    FEATURE_GROUP,
    EXPERIMENT,
    PIPELINE,
)


def pick(members: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return those of the named members that are there."""
    return {name: members[name] for name in names if members.get(name) is not None}
