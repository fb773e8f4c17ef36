"""What an evaluation's request becomes with a champion and without one."""

from __future__ import annotations

from typing import Any

import pytest

from boatyard.aws.release.champion import Champion, evaluated, with_champion
from boatyard.aws.requests.shapes import shape_errors
from boatyard.spec.deployment import EXAMPLE
from boatyard.spec.words import fill

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/digits/1"
CHAMPION = Champion(ARN, "s3://b/old/model.tar.gz", "s3://b/old/sourcedir.tar.gz", "inference.py")


@pytest.fixture
def request_() -> dict[str, Any]:
    def processing_input(name: str, uri: str) -> dict[str, Any]:
        path = f"/opt/ml/processing/input/{name}"
        return {"InputName": name, "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix"}}

    return {
        "ProcessingJobName": "evaluate",
        "RoleArn": EXAMPLE.role_arn,
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [
            processing_input("model", "s3://b/model.tar.gz"),
            processing_input("champion", "{champion.model_data}"),
            processing_input("champion_code", "{champion.code}"),
        ],
        "Environment": {
            "MODEL_NAME": "digits",
            "CHAMPION_MODEL_PACKAGE": "{champion.model_package}",
            "CHAMPION_PROGRAM": "{champion.program}",
            "CHAMPION_PROBLEM": "{champion.problem}",
        },
    }


def inputs(request: dict[str, Any]) -> dict[str, str]:
    return {one["InputName"]: one["S3Input"]["S3Uri"] for one in request["ProcessingInputs"]}


def test_a_champion_comes_with_its_model_its_code_and_its_name(request_: dict[str, Any]) -> None:
    found = with_champion(request_, CHAMPION)
    assert inputs(found) == {
        "model": "s3://b/model.tar.gz",
        "champion": "s3://b/old/model.tar.gz",
        "champion_code": "s3://b/old/sourcedir.tar.gz",
    }
    assert found["Environment"] == {
        "MODEL_NAME": "digits",
        "CHAMPION_MODEL_PACKAGE": ARN,
        "CHAMPION_PROGRAM": "inference.py",
    }
    assert evaluated(found) == ARN


def test_without_a_champion_nothing_of_it_is_asked_for(request_: dict[str, Any]) -> None:
    found = with_champion(request_, None)
    assert inputs(found) == {"model": "s3://b/model.tar.gz"}
    assert found["Environment"] == {"MODEL_NAME": "digits"}
    assert evaluated(found) == ""


def test_a_champion_that_cannot_be_evaluated_comes_as_its_problem_alone(request_: dict[str, Any]) -> None:
    found = with_champion(request_, Champion(ARN, problem="its model is gone " + "x" * 300))
    assert inputs(found) == {"model": "s3://b/model.tar.gz"}
    assert found["Environment"]["CHAMPION_PROBLEM"].startswith("its model is gone")
    assert shape_errors("sagemaker", "CreateProcessingJob", found) == []


def test_a_champion_of_the_built_in_algorithm_brings_no_code(request_: dict[str, Any]) -> None:
    found = with_champion(request_, Champion(ARN, "s3://b/old/model.tar.gz"))
    assert set(inputs(found)) == {"model", "champion"}


def test_the_jobs_own_name_is_still_to_be_filled_in_afterwards(request_: dict[str, Any]) -> None:
    found = with_champion(request_ | {"ProcessingJobName": "{job_name}"}, CHAMPION)
    assert fill(found, {"{job_name}": "x"})["ProcessingJobName"] == "x"
