"""The champion, found behind a real endpoint of a real sagelocal."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.versions import approved, deploy, group, model_data, register

from boatyard.aws.release.champion import Champion, in_service

__all__ = ["approved", "group", "model_data", "register"]

Client = Callable[[str], Any]


@pytest.fixture
def s3(client: Client) -> Any:
    return client("s3")


@pytest.fixture
def serving(approved: Callable[..., str]) -> Callable[..., tuple[str, str]]:
    """Give a function that deploys a new version and returns endpoint and package."""

    def serving(**environment: str) -> tuple[str, str]:
        endpoint, package = f"e-{uuid.uuid4()}", approved(**environment)
        deploy(endpoint, package).execute(Task().context())
        return endpoint, package

    return serving


def test_without_an_endpoint_there_is_no_champion(sagemaker: Any, s3: Any) -> None:
    assert in_service(sagemaker, s3, f"e-{uuid.uuid4()}") is None


def test_the_champion_is_the_package_that_serves(
    sagemaker: Any, s3: Any, serving: Callable[..., tuple[str, str]], model_data: str
) -> None:
    endpoint, package = serving()
    assert in_service(sagemaker, s3, endpoint) == Champion(package, model_data)


def test_a_newer_version_that_is_only_registered_is_no_champion(
    sagemaker: Any, s3: Any, serving: Callable[..., tuple[str, str]], approved: Callable[..., str]
) -> None:
    endpoint, package = serving()
    assert approved() != package
    found = in_service(sagemaker, s3, endpoint)
    assert found is not None
    assert found.package == package


def test_a_champion_whose_model_was_deleted_says_so(
    sagemaker: Any, s3: Any, serving: Callable[..., tuple[str, str]], model_data: str, bucket: str
) -> None:
    endpoint, package = serving()
    s3.delete_object(Bucket=bucket, Key="model.tar.gz")
    assert in_service(sagemaker, s3, endpoint) == Champion(package, problem=f"{model_data} is gone")


def test_a_champion_that_left_the_registry_says_so(
    sagemaker: Any, s3: Any, serving: Callable[..., tuple[str, str]]
) -> None:
    endpoint, package = serving()
    sagemaker.delete_model_package(ModelPackageName=package)
    assert in_service(sagemaker, s3, endpoint) == Champion(package, problem="it is gone from the model registry")


def test_a_champion_whose_configuration_was_deleted_says_so(
    sagemaker: Any, s3: Any, serving: Callable[..., tuple[str, str]]
) -> None:
    endpoint, _ = serving()
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    found = in_service(sagemaker, s3, endpoint)
    assert found is not None
    assert found.problem == f"endpoint configuration {config} is gone"
