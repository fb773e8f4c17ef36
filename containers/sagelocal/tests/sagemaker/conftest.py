"""A backend with a real store and real objects, whose jobs and endpoints only note what they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import sagelocal.sagemaker  # registers the operations
import sagelocal.tuning  # noqa: F401 - registers the operations
from sagelocal.backend import Backend
from sagelocal.faults.faults import Faults
from sagelocal.operations import OPERATIONS
from sagelocal.s3.objects import ObjectStore
from sagelocal.store import Store

if TYPE_CHECKING:
    from sagelocal.endpoints.fleet import EndpointFleet
    from sagelocal.jobs.runner import JobRunner

Call = Callable[..., dict[str, Any]]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


class Notes:
    """Stand where the runner and the fleet would start processes: these tests are about requests and documents."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")

    def submit(self, kind: str, name: str) -> None:
        self.calls.append(("submit", kind, name))

    def stop(self, kind: str, name: str) -> None:
        self.calls.append(("stop", kind, name))

    def deploy(self, name: str) -> None:
        self.calls.append(("deploy", name))

    def remove(self, name: str) -> None:
        self.calls.append(("remove", name))

    def invoke(
        self, name: str, body: bytes, headers: dict[str, str], variant: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        self.calls.append(("invoke", name, body, headers, variant))
        return self.answer


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def backend(tmp_path: Path, notes: Notes) -> Iterator[Backend]:
    image = tmp_path / "images" / "echo"
    image.mkdir(parents=True)
    (image / "pyproject.toml").write_text('[project]\nname = "echo"\nversion = "0.1.0"\n')
    (image / "uv.lock").write_text("version = 1\n")
    backend = Backend(
        folder=tmp_path / "state",
        images=tmp_path / "images",
        region="us-east-1",
        account="123456789012",
        access_key="AKIDEXAMPLE",
        secret_key="secret",
    )
    backend.faults = Faults()
    backend.store = Store(tmp_path / "state" / "documents.sqlite")
    backend.objects = ObjectStore(tmp_path / "state" / "s3")
    backend.jobs = cast("JobRunner", notes)
    backend.endpoints = cast("EndpointFleet", notes)
    backend.objects.create_bucket("bucket")
    backend.objects.put("bucket", "data/train.csv", b"1,2\n")
    backend.objects.put("bucket", "model/model.tar.gz", b"not really")
    yield backend
    backend.objects.close()
    backend.store.close()


@pytest.fixture
def call(backend: Backend) -> Call:
    """Return a function that calls an operation of SageMaker."""

    def run(operation: str, **request: Any) -> dict[str, Any]:
        service = "sagemaker-runtime" if operation == "InvokeEndpoint" else "sagemaker"
        return OPERATIONS[service, operation](backend, request)

    return run


def _training_request(name: str = "job", **changes: Any) -> dict[str, Any]:
    """Return a CreateTrainingJob request that is accepted."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **changes,
    }


def _processing_request(name: str = "job", **changes: Any) -> dict[str, Any]:
    """Return a CreateProcessingJob request that is accepted."""
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["process"]},
        "RoleArn": ROLE,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://bucket/out",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        **changes,
    }


def _package_request(group: str = "group", **changes: Any) -> dict[str, Any]:
    """Return a CreateModelPackage request that is accepted once the group is there."""
    return {
        "ModelPackageGroupName": group,
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": IMAGE,
                    "ModelDataUrl": "s3://bucket/model/model.tar.gz",
                    "Environment": {"A": "package", "B": "package"},
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        **changes,
    }


def _variant(model: str, name: str = "AllTraffic", **changes: Any) -> dict[str, Any]:
    """Return a ProductionVariant that is accepted."""
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        **changes,
    }


@pytest.fixture
def training() -> Call:
    """Return the function that makes CreateTrainingJob requests."""
    return _training_request


@pytest.fixture
def processing() -> Call:
    """Return the function that makes CreateProcessingJob requests."""
    return _processing_request


@pytest.fixture
def package() -> Call:
    """Return the function that makes CreateModelPackage requests."""
    return _package_request


@pytest.fixture
def variant() -> Call:
    """Return the function that makes ProductionVariants."""
    return _variant


@pytest.fixture
def model(call: Call) -> str:
    """Return the name of a model."""
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model/model.tar.gz"}
    call("CreateModel", ModelName="model", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    return "model"


@pytest.fixture
def endpoint_config(call: Call, model: str) -> str:
    """Return the name of an endpoint configuration."""
    call("CreateEndpointConfig", EndpointConfigName="config", ProductionVariants=[_variant(model)])
    return "config"
