"""Where Boatyard runs is read from the environment."""

import pytest

from boatyard.spec import Deployment, DeploymentError
from boatyard.spec.deployment import with_examples

SET = {
    "BOATYARD_BUCKET": "b",
    "BOATYARD_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
    "BOATYARD_IMAGE_REGISTRY": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/boatyard",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def test_the_environment_is_the_deployment() -> None:
    assert Deployment.from_environment(SET | {"BOATYARD_DEPLOYMENT": "blue-1"}) == Deployment(
        bucket="b",
        role_arn="arn:aws:iam::123456789012:role/r",
        image_registry="123456789012.dkr.ecr.eu-west-1.amazonaws.com/boatyard",
        region="eu-west-1",
        id="blue-1",
    )


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(DeploymentError, match="BOATYARD_BUCKET, BOATYARD_ROLE_ARN, AWS_REGION or AWS_DEFAULT_REGION"):
        Deployment.from_environment({"BOATYARD_IMAGE_REGISTRY": "r", "BOATYARD_BUCKET": ""})


def test_examples_stand_only_for_what_is_missing() -> None:
    deployment = with_examples({"BOATYARD_BUCKET": "mine"})
    assert (deployment.bucket, deployment.region) == ("mine", "us-east-1")


def test_an_installation_has_a_glue_database_of_its_own() -> None:
    assert Deployment.from_environment(SET).glue_database == "boatyard_default"
    assert Deployment.from_environment(SET | {"BOATYARD_DEPLOYMENT": "Blue-1"}).glue_database == "boatyard_blue_1"


def test_an_image_with_a_slash_is_a_uri_of_its_own() -> None:
    deployment = Deployment.from_environment(SET)
    registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert deployment.image_uri("tabular:0.1.0") == f"{registry}/boatyard/tabular:0.1.0"
    assert deployment.image_uri(f"{registry}/other:1") == f"{registry}/other:1"
