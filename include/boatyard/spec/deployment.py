"""Where Boatyard runs: the few things that differ between a laptop and each AWS account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from boatyard.spec.images import ManagedImage

# Field -> the environment variables that set it, first one wins.
_VARIABLES: dict[str, tuple[str, ...]] = {
    "bucket": ("BOATYARD_BUCKET",),
    "role_arn": ("BOATYARD_ROLE_ARN",),
    "image_registry": ("BOATYARD_IMAGE_REGISTRY",),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "id": ("BOATYARD_DEPLOYMENT",),
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

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Deployment:
        """Read BOATYARD_BUCKET, BOATYARD_ROLE_ARN, BOATYARD_IMAGE_REGISTRY, BOATYARD_DEPLOYMENT and AWS_REGION.

        Raises DeploymentError naming all that are missing; only BOATYARD_DEPLOYMENT may be (default "default").
        """
        missing = missing_settings(environment)
        if missing:
            raise DeploymentError(
                f'not set in the environment: {", ".join(missing)} (for the local stack: eval "$(uv run boatyard env)")'
            )
        return cls(**_found(environment))

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
    """Return the variables that are needed and not set; BOATYARD_DEPLOYMENT has a default."""
    found = _found(environment)
    return tuple(" or ".join(names) for field, names in _VARIABLES.items() if field not in found and field != "id")


def with_examples(environment: Mapping[str, str]) -> Deployment:
    """Return the deployment with the values of EXAMPLE where the environment sets none."""
    return replace(EXAMPLE, **_found(environment))


def _found(environment: Mapping[str, str]) -> dict[str, str]:
    values = {
        name: next((environment[variable] for variable in variables if environment.get(variable)), "")
        for name, variables in _VARIABLES.items()
    }
    return {name: value for name, value in values.items() if value}
