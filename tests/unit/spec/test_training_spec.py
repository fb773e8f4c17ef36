"""What makes a training long, cheap or shut off, in model.yaml; what excludes each other is told."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import DeploymentError, load_model
from boatyard.spec.deployment import Deployment

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

TRAIN = "  max_runtime: 1h\n"
ENVIRONMENT = {
    "BOATYARD_BUCKET": "b",
    "BOATYARD_ROLE_ARN": "arn:role",
    "BOATYARD_IMAGE_REGISTRY": "registry",
    "AWS_REGION": "us-east-1",
}


def test_a_training_says_how_it_is_long_and_cheap(project: "Project") -> None:
    keys = """\
  max_runtime: 28d
  spot: true
  secrets: {TOKEN: "secretsmanager:harbour/token#key", PASSWORD: ssm:/harbour/password}
  file_systems: {images: {id: fs-0123456789abcdef0, type: EFS, directory: /images}}
"""
    project.replace(project.model_file, TRAIN, keys)
    train = load_model(project.model).train
    assert (train.max_runtime, train.spot, train.keep_alive) == (28 * 86_400, True, None)
    assert train.secrets == {"TOKEN": "secretsmanager:harbour/token#key", "PASSWORD": "ssm:/harbour/password"}
    assert (train.file_systems["images"].access, train.file_systems["images"].directory) == ("ro", "/images")


ERRORS = [
    (
        "spot: true\n  keep_alive: 30m",
        ["10: train.keep_alive: SageMaker keeps no spot machines: leave out keep_alive or spot"],
    ),
    ("keep_alive: 2h", ["9: train.keep_alive: SageMaker keeps instances for at most 1h"]),
    (
        "secrets: {TOKEN: hunter2}",
        [
            (
                "9: train.secrets.TOKEN: expected where the secret is kept: secretsmanager:<name>, "
                "secretsmanager:<name>#<key of its JSON>, ssm:<parameter>, or an ARN of either"
            )
        ],
    ),
    (
        "secrets: {SM_TOKEN: ssm:/token}",
        ["9: train.secrets.SM_TOKEN: SageMaker sets variables like SM_TOKEN itself: choose another name"],
    ),
    (
        "file_systems: {train: {id: fs-01234567, type: EFS, directory: /x}}",
        ["9: train.file_systems.train: a run has a channel 'train' of its own: choose another name"],
    ),
    (
        "file_systems: {images: {id: fs-01234567, type: NFS, directory: images}}",
        [
            (
                "9: train.file_systems.images.directory: expected a folder of the file system, from its root, "
                "such as /images, got 'images'"
            ),
            "9: train.file_systems.images.type: expected EFS or FSxLustre, got 'NFS' (did you mean 'EFS'?)",
        ],
    ),
    (
        "use_spot_instances: true",
        ["9: train.use_spot_instances: unknown key: an argument of the SageMaker SDK (did you mean 'spot'?)"],
    ),
    (
        "max_wait: 1h",
        [
            (
                "9: train.max_wait: unknown key: an argument of the SageMaker SDK, which a spec does not have here: "
                "a spot job may wait as long as it may run, an hour at least"
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("keys", "errors"), ERRORS, ids=[keys.partition(":")[0] + str(n) for n, (keys, _) in enumerate(ERRORS)]
)
def test_an_error_in_a_training_is_told_with_its_line(project: "Project", keys: str, errors: list[str]) -> None:
    project.replace(project.model_file, TRAIN, f"  {keys}\n")
    assert [error.replace("digits/model.yaml:", "") for error in project.model_errors()] == errors


SECURITY = [
    ("subnets: [subnet-01234567]", ["security: subnets and security_groups go together: give both, or neither"]),
    (
        "subnets: [10.0.0.0/8]",
        ["security.subnets[0]: expected a subnet's id such as subnet-0123456789abcdef0, got '10.0.0.0/8'"],
    ),
    (
        "security_groups: [default]",
        ["security.security_groups[0]: expected a security group's id such as sg-0123456789abcdef0, got 'default'"],
    ),
]


@pytest.mark.parametrize(("keys", "errors"), SECURITY, ids=["one of two", "subnet", "group"])
def test_an_error_in_security_is_told(project: "Project", keys: str, errors: list[str]) -> None:
    with project.model_file.open("a") as file:
        file.write(f"security: {{{keys}}}\n")
    assert [error.partition(": ")[2] for error in project.model_errors()] == errors


def test_what_needs_a_network_cannot_be_shut_off(project: "Project") -> None:
    project.replace(project.model_file, TRAIN, "  secrets: {TOKEN: ssm:/token}\n")
    (project.model / "jobs" / "requirements.txt").write_text("pandas\n")
    with project.model_file.open("a") as file:
        file.write("security: {network_isolation: true}\n")
    at = "security.network_isolation: "
    assert [error.partition(": ")[2] for error in project.model_errors()] == [
        f"{at}jobs/requirements.txt could not be installed without a network: bake it into an image",
        f"{at}train.secrets could not be fetched without a network",
    ]


def test_a_deployment_has_defaults_for_all_models() -> None:
    found = Deployment.from_environment(
        ENVIRONMENT
        | {
            "BOATYARD_MAX_JOB_RUNTIME": "28d",
            "BOATYARD_SUBNETS": "subnet-1, subnet-2",
            "BOATYARD_SECURITY_GROUPS": "sg-1",
            "BOATYARD_KMS_KEY": "alias/boatyard",
        }
    )
    assert found.max_job_runtime == 28 * 86_400
    assert (found.subnets, found.security_groups, found.kms_key) == (
        ("subnet-1", "subnet-2"),
        ("sg-1",),
        "alias/boatyard",
    )
    assert Deployment.from_environment(ENVIRONMENT).max_job_runtime == 5 * 86_400


def test_a_wrong_setting_of_a_deployment_is_named() -> None:
    with pytest.raises(DeploymentError, match=r"BOATYARD_MAX_JOB_RUNTIME: expected a time such as 90s, .* got '5'"):
        Deployment.from_environment(ENVIRONMENT | {"BOATYARD_MAX_JOB_RUNTIME": "5"})
