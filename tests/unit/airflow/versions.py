"""What every test of a release needs: registered, approved and deployed model versions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.archives import packed
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

from boatyard.airflow.operators import DeployModelPackageOperator, RegisterModelOperator
from boatyard.aws.release import registry

Client = Callable[[str], Any]


@pytest.fixture
def group() -> str:
    return f"g-{uuid.uuid4()}"


@pytest.fixture
def model_data(client: Client, bucket: str) -> str:
    client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=packed({"model.json": b""}))
    return f"s3://{bucket}/model.tar.gz"


@pytest.fixture
def register(group: str, model_data: str) -> Callable[..., RegisterModelOperator]:
    """Give a function that returns an operator which registers a version with `environment`."""

    def register(**environment: str) -> RegisterModelOperator:
        container = {"Image": IMAGE, "ModelDataUrl": model_data, "Environment": environment}
        package = {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "ClientToken": "{client_token}",
        }
        return RegisterModelOperator(
            task_id="register", group={"ModelPackageGroupName": group}, package=package, aws_conn_id=None
        )

    return register


@pytest.fixture
def approved(sagemaker: Any, register: Callable[..., RegisterModelOperator]) -> Callable[..., str]:
    """Give a function that returns a new approved version."""

    def approved(**environment: str) -> str:
        arn = str(register(**environment).execute(Task().context())["model_package_arn"])
        registry.approve(sagemaker, {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"})
        return arn

    return approved


def deploy(endpoint: str, package: str, **arguments: Any) -> DeployModelPackageOperator:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "{model_name}",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    config = {
        "Model": {
            "ModelName": "{model_name}",
            "PrimaryContainer": {"ModelPackageName": package},
            "ExecutionRoleArn": ROLE,
        },
        "EndpointConfig": {"EndpointConfigName": "{endpoint_config_name}", "ProductionVariants": [variant]},
        "Endpoint": {
            "EndpointName": endpoint,
            "EndpointConfigName": "{endpoint_config_name}",
            "RetainAllVariantProperties": False,
        },
    }
    return DeployModelPackageOperator(
        task_id="deploy", model_package=package, config=config, aws_conn_id=None, **arguments
    )
