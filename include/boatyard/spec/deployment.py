"""Where Boatyard runs: the few things that differ between a laptop and each AWS account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from boatyard.spec.fields import seconds
from boatyard.spec.images import ManagedImage
from boatyard.spec.notify import NOTIFY_VARIABLE, DeploymentNotify, deployment_notify
from boatyard.spec.problems import SpecError

# Field -> the environment variables that set it, first one wins.
_VARIABLES: dict[str, tuple[str, ...]] = {
    "bucket": ("BOATYARD_BUCKET",),
    "role_arn": ("BOATYARD_ROLE_ARN",),
    "image_registry": ("BOATYARD_IMAGE_REGISTRY",),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "id": ("BOATYARD_DEPLOYMENT",),
    "max_job_runtime": ("BOATYARD_MAX_JOB_RUNTIME",),
    "subnets": ("BOATYARD_SUBNETS",),
    "security_groups": ("BOATYARD_SECURITY_GROUPS",),
    "kms_key": ("BOATYARD_KMS_KEY",),
}


VARIABLES = tuple(name for names in _VARIABLES.values() for name in names)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_READERS: dict[str, Callable[[str], Any]] = {
    "max_job_runtime": seconds,
    "subnets": _listed,
    "security_groups": _listed,
}


class DeploymentError(Exception):
    """Name every missing setting at once."""


@dataclass(frozen=True)
class Deployment:
    """Hold the settings of one installation of Boatyard."""

    bucket: str
    role_arn: str  # the execution role of jobs, models and feature groups
    image_registry: str  # what goes before an image's name, such as <account>.dkr.ecr.<region>.amazonaws.com/boatyard
    region: str
    id: str = "default"  # tells installations in one account apart, in job names and tags
    max_job_runtime: int = 432_000  # seconds that the account lets one training job run; SageMaker's default is 5 days
    subnets: tuple[str, ...] = ()  # of every job and model, unless a model names its own
    security_groups: tuple[str, ...] = ()
    kms_key: str = ""  # of every job's volumes and outputs, and endpoints' volumes, unless a model names its own
    notify: tuple[DeploymentNotify, ...] = ()  # who is told about all models

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Deployment:
        """Read BOATYARD_BUCKET, BOATYARD_ROLE_ARN, BOATYARD_IMAGE_REGISTRY and AWS_REGION, which must be there.

        These have defaults: BOATYARD_DEPLOYMENT ("default"), BOATYARD_NOTIFY (nobody is told), BOATYARD_MAX_JOB_RUNTIME
        (such as 28d; 5d), BOATYARD_SUBNETS and BOATYARD_SECURITY_GROUPS (ids with commas between them; no VPC) and
        BOATYARD_KMS_KEY (AWS's own keys). Raises DeploymentError naming all that are missing, or what cannot be read.
        """
        missing = missing_settings(environment)
        if missing:
            raise DeploymentError(
                f'not set in the environment: {", ".join(missing)} (for the local stack: eval "$(uv run boatyard env)")'
            )
        try:
            notify = deployment_notify(environment.get(NOTIFY_VARIABLE, ""))
        except SpecError as error:
            raise DeploymentError(str(error)) from None
        return cls(**_found(environment), notify=notify)

    @property
    def glue_database(self) -> str:
        """Return the Glue database of this installation's training sets."""
        return "boatyard_" + "".join(letter if letter.isalnum() else "_" for letter in self.id.lower())

    def image_uri(self, image: str | ManagedImage) -> str:
        """Return the URI of an image of a spec: one with a slash is a URI already.

        Raises DeploymentError if AWS does not have one of its own images in this region.
        """
        if isinstance(image, ManagedImage):
            if self.region not in image.registries:
                there = ", ".join(image.registries)
                raise DeploymentError(f"AWS has no {image.repository} in {self.region}; it has it in {there}")
            return f"{image.registries[self.region]}/{image.repository}"
        return image if "/" in image else f"{self.image_registry}/{image}"


EXAMPLE = Deployment(
    bucket="example-bucket",
    role_arn="arn:aws:iam::123456789012:role/example-execution",
    image_registry="123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard",
    region="us-east-1",
)


def missing_settings(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that are not set and have no default."""
    there = {field for field, _, _ in _given(environment)}
    needed = {field.name for field in fields(Deployment) if field.default is MISSING}
    return tuple(" or ".join(names) for field, names in _VARIABLES.items() if field in needed - there)


def malformed_settings(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with each variable that cannot be read."""
    problems = []
    for field, variable, text in _given(environment):
        try:
            _read(field, variable, text)
        except DeploymentError as error:
            problems.append(str(error))
    return tuple(problems)


def with_examples(environment: Mapping[str, str]) -> Deployment:
    """Return the deployment with the values of EXAMPLE where the environment sets none."""
    return replace(EXAMPLE, **_found(environment))


def _found(environment: Mapping[str, str]) -> dict[str, Any]:
    return {field: _read(field, variable, text) for field, variable, text in _given(environment)}


def _given(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each field that is set, the variable that sets it, and to what."""
    for field, variables in _VARIABLES.items():
        variable = next((name for name in variables if environment.get(name)), None)
        if variable is not None:
            yield field, variable, environment[variable]


def _read(field: str, variable: str, text: str) -> Any:
    try:
        return _READERS.get(field, str)(text)
    except ValueError as error:
        raise DeploymentError(f"{variable}: {error}") from None
