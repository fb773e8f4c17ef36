"""What the requests of a model say of an image of AWS's, and of packages that its code requires."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boatyard.aws.requests.shapes import shape_errors
from boatyard.spec import ModelSpec
from boatyard.spec.deployment import EXAMPLE
from boatyard.spec.images import FrameworkImage, ImageLock
from boatyard.steps import RunContext, process, register, train

IMAGE = FrameworkImage(framework="xgboost", version="1.7-1")
LOCK = ImageLock(
    IMAGE,
    {"training": {"cpu": "sagemaker-xgboost:1.7-1"}, "inference": {"cpu": "sagemaker-xgboost:1.7-1"}},
    {"us-east-1": "683313688378.dkr.ecr.us-east-1.amazonaws.com"},
)
URI = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
RUN = RunContext.for_check(EXAMPLE)


def params(step: Any, spec: ModelSpec) -> dict[str, Any]:
    found: dict[str, Any] = step.requests(spec, RUN)[-1].params
    return found


def test_an_algorithm_of_aws_is_asked_without_script_and_without_metric_definitions(digits: ModelSpec) -> None:
    spec = digits.model_copy(update={"image": IMAGE, "image_lock": LOCK, "scripts": ("process.py", "evaluate.py")})
    job = params(train, spec)
    assert job["AlgorithmSpecification"] == {"TrainingImage": URI, "TrainingInputMode": "File"}
    assert {name for name in job["HyperParameters"] if name.startswith("sagemaker")} == set()
    container = params(register, spec)["InferenceSpecification"]["Containers"][0]
    assert container.keys() == {"Image", "ModelDataUrl"}
    assert container["Image"] == URI


def test_a_script_in_an_image_of_aws_is_named_as_in_any_other(digits: ModelSpec) -> None:
    spec = digits.model_copy(update={"image": IMAGE, "image_lock": LOCK})
    assert params(train, spec)["HyperParameters"]["sagemaker_program"] == "train.py"
    environment = params(register, spec)["InferenceSpecification"]["Containers"][0]["Environment"]
    assert environment["SAGEMAKER_PROGRAM"] == "inference.py"
    assert environment["SAGEMAKER_SUBMIT_DIRECTORY"].startswith("s3://")


def test_an_image_that_fetches_no_code_looks_for_it_in_the_model(digits: ModelSpec) -> None:
    image = FrameworkImage(framework="pytorch", version="2.3", py_version="py311")
    spec = digits.model_copy(update={"image": image, "image_lock": replace(LOCK, image=image)})
    environment = params(register, spec)["InferenceSpecification"]["Containers"][0]["Environment"]
    assert environment["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"


@pytest.fixture
def entry_point(digits: ModelSpec) -> list[str]:
    spec = digits.model_copy(update={"requirements": ("requirements.txt",)})
    job = params(process, spec) | {"ProcessingJobName": "name"}
    assert shape_errors("sagemaker", "CreateProcessingJob", job) == []
    found: list[str] = job["AppSpecification"]["ContainerEntrypoint"]
    assert found[-1] == "/opt/ml/processing/input/code/process.py"
    return found


def test_a_processing_job_without_requirements_is_its_script(digits: ModelSpec) -> None:
    application = params(process, digits)["AppSpecification"]
    assert application["ContainerEntrypoint"] == ["python3", "/opt/ml/processing/input/code/process.py"]


def program(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
    (folder / name).chmod(0o755)


def started(entry_point: list[str], script: Path, programs: Path) -> str:
    command = [*entry_point[:-1], str(script), "--a", "b c"]
    done = subprocess.run(command, env={"PATH": str(programs)}, capture_output=True, text=True, check=True)
    return done.stdout


def test_an_image_that_knows_requirements_is_asked_to(entry_point: list[str], tmp_path: Path) -> None:
    for name in ("process", "python3"):
        program(tmp_path / "bin", name)
    assert started(entry_point, tmp_path / "x.py", tmp_path / "bin") == f"process {tmp_path}/x.py --a b c\n"


def test_any_other_image_gets_them_by_pip_stage_by_stage(entry_point: list[str], tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3")
    (tmp_path / "requirements").mkdir()
    for name in ("2.txt", "1.txt"):
        (tmp_path / "requirements" / name).touch()
    assert started(entry_point, tmp_path / "x.py", tmp_path / "bin").splitlines() == [
        "python3 -m pip install -r requirements/1.txt",
        "python3 -m pip install -r requirements/2.txt",
        f"python3 {tmp_path}/x.py --a b c",
    ]
