"""`boatyard doctor` against a running AWS: each thing that is broken gets its line, and what mends it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

REPOSITORY = Path(__file__).parents[2]
ACCOUNT = "123456789012"
ROLE = "boatyard-execution"
LEVELS = ("OK", "WARNING", "PROBLEM", "NOT CHECKED")
Client = Callable[..., Any]


@dataclass
class Patient:
    """A project with one model, and an environment that is all right until a test breaks something."""

    folder: Path
    environment: dict[str, str]
    printed: str = field(default="", init=False)

    def doctor(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return self._boatyard("doctor", *arguments, **changes)

    def findings(self, **changes: str) -> dict[str, dict[str, tuple[str, str]]]:
        """Return what was found: level -> what -> (words, mend)."""
        ended = self.doctor("--json", **changes)
        assert ended.stderr == ""
        self.printed = ended.stdout
        found: dict[str, dict[str, tuple[str, str]]] = {level: {} for level in LEVELS}
        for one in json.loads(ended.stdout):
            found[one["level"]][one["what"]] = (one["words"], one["mend"])
        assert ended.returncode == int(bool(found["PROBLEM"]))
        return found

    def problem(self, what: str, **changes: str) -> tuple[str, str]:
        """Return the words and the mend of the only problem, which is about `what`."""
        found = self.findings(**changes)["PROBLEM"]
        assert list(found) == [what], found
        return found[what]

    def make_bucket(self) -> None:
        made = self._boatyard("make-bucket")
        assert made.returncode == 0, made.stderr

    def change_model(self, old: str, new: str) -> None:
        file = self.folder / "dags" / "digits" / "model.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def _boatyard(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        changed = {name: value for name, value in (self.environment | changes).items() if value}
        return subprocess.run(
            [str(Path(sys.executable).parent / "boatyard"), *arguments],
            cwd=self.folder,
            env=changed,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )


@pytest.fixture(scope="module")
def account(start_server: Callable[..., LocalServer]) -> LocalServer:
    return start_server("--role", ROLE)


@pytest.fixture
def client(account: LocalServer) -> Iterator[Client]:
    with account.clients() as make:
        yield make


@pytest.fixture
def patient(account: LocalServer, tmp_path: Path) -> Patient:
    for name in ("digits", "features/digits"):
        source = REPOSITORY / "dags" / name
        shutil.copytree(source, tmp_path / "dags" / name, ignore=shutil.ignore_patterns("__pycache__"))
    foreign = ("AWS_", "BOATYARD_", "AIRFLOW_", "PYTHONDONTWRITEBYTECODE")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    healthy = {
        "BOATYARD_BUCKET": f"bucket-{os.urandom(6).hex()}",
        "BOATYARD_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
        "BOATYARD_IMAGE_REGISTRY": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/boatyard",
        "AIRFLOW_CONN_AWS_DEFAULT": '{"conn_type": "aws"}',
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
    }
    patient = Patient(tmp_path, own | account.environment | healthy)
    patient.make_bucket()
    return patient


def test_a_healthy_environment_has_no_problem_and_leaves_nothing_behind(patient: Patient, client: Client) -> None:
    found = patient.findings()
    assert (found["PROBLEM"], found["WARNING"]) == ({}, {})
    assert {"credentials", "role", "bucket", "images", "models", "connection"} <= set(found["OK"])
    # what an endpoint does not answer is said, and is no problem
    assert "service-quotas answered NotImplemented" in found["NOT CHECKED"]["quotas"][0]
    assert "Contents" not in client("s3").list_objects_v2(Bucket=patient.environment["BOATYARD_BUCKET"])
    assert not (patient.folder / "airflow").exists()


def test_a_person_reads_one_line_for_each_finding_and_a_summary(patient: Patient) -> None:
    ended = patient.doctor(BOATYARD_BUCKET="nobody-has-this-bucket")
    assert "PROBLEM      bucket       nobody-has-this-bucket does not exist\n" in ended.stdout
    assert f"{'':26}mend: boatyard make-bucket\n" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("1 problem, ")


def test_settings_that_are_missing_are_named_and_what_needs_them_is_not_tried(patient: Patient) -> None:
    found = patient.findings(BOATYARD_ROLE_ARN="")
    words, mend = found["PROBLEM"]["settings"]
    assert words == "BOATYARD_ROLE_ARN is not set"
    assert "make up" in mend
    assert found["NOT CHECKED"]["bucket"][0] == "first mend settings"


def test_an_environment_without_anything_names_every_setting(patient: Patient) -> None:
    nothing = {name: "" for name in patient.environment if name.startswith(("AWS_", "BOATYARD_"))}
    ended = patient.doctor(**nothing, AWS_EC2_METADATA_DISABLED="true", HOME=str(patient.folder))
    assert ended.returncode == 1
    for name in ("BOATYARD_BUCKET", "BOATYARD_ROLE_ARN", "BOATYARD_IMAGE_REGISTRY", "AWS_REGION"):
        assert f"{name} " in ended.stdout
    assert "Unable to locate credentials" in ended.stdout


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BOATYARD_BUCKET", "s3://bucket", "no bucket's name"),
        ("BOATYARD_ROLE_ARN", "arn:aws:sts::123456789012:assumed-role/r/me", "no role's ARN"),
        ("BOATYARD_IMAGE_REGISTRY", "https://registry.example/boatyard", "does not go before"),
        ("BOATYARD_IMAGE_REGISTRY", f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/b", "lies in eu-west-1"),
        ("BOATYARD_NOTIFY", "[{slack: team, states: [Faild]}]", "did you mean 'Failed'?"),
    ],
)
def test_a_setting_that_cannot_be_right_is_a_problem(patient: Patient, name: str, value: str, said: str) -> None:
    assert said in patient.problem("settings", **{name: value})[0]


def test_a_mistyped_setting_is_answered_with_the_nearest(patient: Patient) -> None:
    words, mend = patient.findings(BOATYARD_BUKET="b")["WARNING"]["settings"]
    assert (words, mend) == ("BOATYARD_BUKET is set and means nothing", "did you mean BOATYARD_BUCKET?")


def test_a_mistyped_region_is_answered_with_the_nearest(patient: Patient) -> None:
    registry = f"{ACCOUNT}.dkr.ecr.eu-centrl-1.amazonaws.com/boatyard"
    found = patient.findings(AWS_REGION="eu-centrl-1", BOATYARD_IMAGE_REGISTRY=registry)["PROBLEM"]
    assert "no region 'eu-centrl-1'" in found["region"][0]
    assert "eu-central-1" in found["region"][1]


def test_nobody_at_the_endpoint_is_a_problem_of_the_endpoint(patient: Patient) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        words, mend = patient.problem("endpoint", AWS_ENDPOINT_URL=address)
    assert address in words
    assert "make up" in mend


def test_refused_credentials_are_a_problem_and_no_secret_is_shown(patient: Patient) -> None:
    words, mend = patient.problem("credentials", AWS_SECRET_ACCESS_KEY="another-secret-than-the-right-one")
    assert words.startswith("SignatureDoesNotMatch")
    assert "belong together" in mend
    assert "another-secret" not in patient.printed
    assert patient.problem("credentials", AWS_ACCESS_KEY_ID="AKIANOBODYSKEY")[0].startswith("InvalidClientTokenId")


def test_a_role_that_is_not_there_is_a_problem(patient: Patient) -> None:
    words, mend = patient.problem("role", BOATYARD_ROLE_ARN=f"arn:aws:iam::{ACCOUNT}:role/nobody")
    assert words.endswith("role/nobody does not exist")
    assert "sagemaker.amazonaws.com" in mend


def test_a_role_that_sagemaker_may_not_assume_is_a_problem(patient: Patient, client: Client) -> None:
    name = f"of-lambda-{os.urandom(4).hex()}"
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)
    words, _ = patient.problem("role", BOATYARD_ROLE_ARN=f"arn:aws:iam::{ACCOUNT}:role/{name}")
    assert words.endswith("does not let SageMaker assume it; it trusts lambda.amazonaws.com")


def test_a_role_of_another_account_is_a_problem(patient: Patient) -> None:
    words, _ = patient.problem("role", BOATYARD_ROLE_ARN=f"arn:aws:iam::999999999999:role/{ROLE}")
    assert "999999999999" in words
    assert ACCOUNT in words


def test_a_bucket_that_is_not_there_is_a_problem_until_it_is_made(patient: Patient) -> None:
    patient.environment["BOATYARD_BUCKET"] = f"later-{os.urandom(6).hex()}"
    assert patient.problem("bucket")[1] == "boatyard make-bucket"
    patient.make_bucket()
    assert patient.findings()["PROBLEM"] == {}


def test_an_image_that_was_never_pushed_is_a_problem(patient: Patient) -> None:
    patient.change_model("image: tabular:0.1.0", "image: tabular:9.9.9")
    words, _ = patient.problem("images")
    assert "boatyard/tabular:9.9.9 (digits)" in words
    patient.change_model("image: tabular:9.9.9", "image: tabulr:0.1.0")
    assert "'boatyard/tabulr'" in patient.problem("images")[0]


def test_a_request_that_aws_would_refuse_is_a_problem(patient: Patient) -> None:
    patient.change_model("instance_type: ml.m5.large", "instance_type: ml.m5.lrge")
    assert "did you mean 'ml.m5.large'?" in patient.problem("requests")[0]


def test_a_spec_s_errors_are_problems_with_file_and_line(patient: Patient) -> None:
    patient.change_model("train:\n", "trian:\n")
    words = patient.findings()["PROBLEM"]["models"][0]
    assert words.startswith("dags/digits/model.yaml:")


@pytest.mark.parametrize(
    ("connection", "level", "said"),
    [
        ("nonsense", "PROBLEM", "neither JSON nor a URI"),
        ('{"conn_type": "http"}', "PROBLEM", "not 'aws'"),
        ("aws://?endpoint_url=http%3A%2F%2Felsewhere%3A1", "WARNING", "http://elsewhere:1"),
        ('{"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}', "WARNING", "region_name eu-west-1"),
        ('{"conn_type": "aws", "login": "AKIA1", "password": "of-the-connection"}', "WARNING", "a key of its own"),
    ],
)
def test_a_connection_that_leads_elsewhere_is_found(patient: Patient, connection: str, level: str, said: str) -> None:
    assert said in patient.findings(AIRFLOW_CONN_AWS_DEFAULT=connection)[level]["connection"][0]
    assert "of-the-connection" not in patient.printed


def test_one_service_that_goes_elsewhere_is_a_warning(patient: Patient) -> None:
    words, mend = patient.findings(AWS_ENDPOINT_URL_ATHENA=patient.environment["AWS_ENDPOINT_URL"])["WARNING"][
        "settings"
    ]
    assert words.startswith("AWS_ENDPOINT_URL_ATHENA is set: athena alone")
    assert mend == "unset AWS_ENDPOINT_URL_ATHENA"
