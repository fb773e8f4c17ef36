"""`boatyard images` and `boatyard check`, with the SageMaker SDK's own answers."""

import json
import shutil
from pathlib import Path

import pytest

from boatyard.cli import main

REPOSITORY = Path(__file__).resolve().parents[3]
OWN = "image: tabular:0.1.0"


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """Give a copy of the digits model, its image AWS's XGBoost."""
    dags = tmp_path / "dags"
    for folder in ("digits", "features/digits"):
        shutil.copytree(REPOSITORY / "dags" / folder, dags / folder, ignore=shutil.ignore_patterns("__pycache__"))
    say(dags, OWN, 'image: {framework: xgboost, version: "1.7-1"}')
    return dags


def say(dags: Path, old: str, new: str) -> None:
    file = dags / "digits" / "model.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_what_the_sdk_answers_is_written_beside_the_spec_and_used_from_there(
    dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "resolve", "--dags", str(dags)]) == 0
    assert "xgboost 1.7-1 is sagemaker-xgboost:1.7-1 in " in capsys.readouterr().out
    lock = json.loads((dags / "digits" / "image.lock").read_text())
    assert lock["image"] == {"framework": "xgboost", "version": "1.7-1", "py_version": None}
    assert lock["registries"]["us-east-1"] == "683313688378.dkr.ecr.us-east-1.amazonaws.com"
    assert main(["check", "digits", "--dags", str(dags)]) == 0
    assert (
        "TrainingImage: 683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (
            '{framework: xgboost, version: "1.7-2"}',
            "image.version: there is no version '1.7-2' of xgboost (did you mean '1.7-1'?)",
        ),
        (
            '{framework: xgbost, version: "1.7-1"}',
            "image.framework: the SageMaker SDK knows no framework 'xgbost' (did you mean 'xgboost'?)",
        ),
    ],
)
def test_check_and_resolve_answer_a_wrong_name_with_the_nearest(
    dags: Path, capsys: pytest.CaptureFixture[str], image: str, error: str
) -> None:
    say(dags, '{framework: xgboost, version: "1.7-1"}', image)
    assert main(["check", "digits", "--dags", str(dags)]) == 1
    assert f"{dags}/digits/model.yaml:4: {error}" in capsys.readouterr().err
    assert main(["images", "resolve", "digits", "--dags", str(dags)]) == 1
    assert capsys.readouterr().out == f"{dags}/digits/model.yaml:4: {error}\n"


def test_a_folder_without_a_framework_image_has_nothing_to_resolve(
    dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "resolve", "features/digits", "--dags", str(dags)]) == 0
    assert "its image is not one of AWS's by framework and version" in capsys.readouterr().out


def test_a_folder_that_there_is_not_is_answered_with_the_nearest(
    dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "resolve", "digts", "--dags", str(dags)]) == 1
    assert "no model or feature group 'digts'" in capsys.readouterr().err
