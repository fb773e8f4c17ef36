"""boatyard check: what a model will ask of AWS, without Airflow and without AWS."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from boatyard.steps import BATCH_STEPS, STEPS

DAGS = Path(__file__).parents[3] / "dags"


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DAGS, tmp_path / "dags", ignore=shutil.ignore_patterns("__pycache__")))


def check(dags: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOATYARD_"))}
    command = [str(Path(sys.executable).parent / "boatyard"), "check", *arguments]
    return subprocess.run(
        command, cwd=dags.parent, env=own | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_steps_requests_are_printed_the_same_every_time(dags: Path) -> None:
    first = check(dags, "digits")
    assert first.returncode == 0, first.stderr
    steps = yaml.safe_load(first.stdout)
    assert [step["step"] for step in steps] == [step.name for step in (*STEPS, *BATCH_STEPS)]
    (train,) = (step for step in steps if step["step"] == "train")
    assert train["requests"][0]["params"]["HyperParameters"]["eta"] == "0.2"
    assert check(dags, "digits").stdout == first.stdout


def test_json_and_yaml_say_the_same(dags: Path) -> None:
    assert json.loads(check(dags, "digits", "--json").stdout) == yaml.safe_load(check(dags, "digits").stdout)


def test_settings_come_from_the_environment_and_what_is_missing_is_said(dags: Path) -> None:
    answer = check(dags, "digits", BOATYARD_BUCKET="my-own-bucket")
    assert "s3://my-own-bucket/digits/train" in answer.stdout
    assert "BOATYARD_ROLE_ARN" in answer.stderr
    assert "BOATYARD_BUCKET" not in answer.stderr


def test_every_error_of_a_spec_is_printed_as_seen_from_here(dags: Path) -> None:
    file = dags / "digits" / "model.yaml"
    file.write_text(file.read_text().replace("owner:", "ownr:").replace("num_class: 10", "num_class: {}"))
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "num_class" in text)
    answer = check(dags, "digits")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.splitlines() == [
        "dags/digits/model.yaml:1: owner: is missing",
        "dags/digits/model.yaml:2: ownr: unknown key (did you mean 'owner'?)",
        (
            f"dags/digits/model.yaml:{line}: train.hyperparameters.num_class: "
            "expected a number, a string, true or false, got keys with values"
        ),
    ]


def test_what_only_aws_would_refuse_is_an_error_too(dags: Path) -> None:
    file = dags / "digits" / "model.yaml"
    file.write_text(
        file.read_text().replace(
            "deploy: {endpoint: digits, instance_type: ml.m5.large",
            "deploy: {endpoint: digits, instance_type: ml.m5.larg",
        )
    )
    answer = check(dags, "digits", BOATYARD_ROLE_ARN="me")
    assert answer.returncode == 1
    assert "did you mean 'ml.m5.large'?" in answer.stderr
    assert "ingest: sagemaker CreateProcessingJob: Invalid length for parameter RoleArn" in answer.stderr


def test_an_unknown_model_gets_the_nearest_name(dags: Path) -> None:
    answer = check(dags, "digit")
    assert answer.returncode == 1
    assert answer.stderr == "boatyard: no model 'digit' in dags: did you mean 'digits'?\n"


def test_neither_airflow_nor_boto3_is_needed(dags: Path) -> None:
    script = (
        "import sys; from boatyard.cli import main; main(['check', 'digits']); "
        "print([name for name in ('airflow', 'boto3') if name in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=dags.parent, capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stderr.splitlines()[-1] == "[]"
