from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from boatyard.aws.requests.typed import typed


@pytest.fixture
def sagemaker() -> Iterator[Any]:
    made = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    yield made
    made.close()


def test_text_becomes_the_number_or_boolean_that_the_api_takes(sagemaker: Any) -> None:
    request = {
        "TrainingJobName": "7",
        "HyperParameters": {"max_depth": "5"},
        "EnableManagedSpotTraining": "True",
        "ResourceConfig": {"InstanceCount": "2", "VolumeSizeInGB": 30, "KeepAlivePeriodInSeconds": "600"},
        "StoppingCondition": {"MaxRuntimeInSeconds": "3600", "MaxWaitTimeInSeconds": None},
    }
    assert typed(sagemaker, "create_training_job", request) == {
        "TrainingJobName": "7",
        "HyperParameters": {"max_depth": "5"},
        "EnableManagedSpotTraining": True,
        "ResourceConfig": {"InstanceCount": 2, "VolumeSizeInGB": 30, "KeepAlivePeriodInSeconds": 600},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": None},
    }


def test_lists_are_gone_through(sagemaker: Any) -> None:
    serverless = {"MemorySizeInMB": "2048", "MaxConcurrency": "5"}
    request = {
        "EndpointConfigName": "e",
        "ProductionVariants": [{"VariantName": "v", "InitialVariantWeight": "0.5", "ServerlessConfig": serverless}],
    }
    (variant,) = typed(sagemaker, "create_endpoint_config", request)["ProductionVariants"]
    assert variant["InitialVariantWeight"] == 0.5
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}


def test_text_that_is_no_number_is_left_to_botocores_complaint(sagemaker: Any) -> None:
    request = {"ResourceConfig": {"InstanceCount": "many"}, "Unknown": {"a": "1"}}
    assert typed(sagemaker, "create_training_job", request) == request
