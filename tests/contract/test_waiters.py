"""Every waiter that botocore has for an operation of sagelocal's SageMaker, Athena and S3, in right and wrong states.

https://docs.aws.amazon.com/boto3/latest/guide/clients.html#waiters
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError, WaiterError
from botocore.session import Session
from botocore.waiter import WaiterModel
from tests.contract.provider.requests import endpoint_config, model, numbers, processing, training, transform

from sagelocal import coverage

Client = Callable[..., Any]
Make = Callable[[Any, str, str], dict[str, Any]]  # from a client, a name and a bucket to the waiter's arguments

pytestmark = pytest.mark.unverified

FAST = {"Delay": 0.1, "MaxAttempts": 600}
ONCE = {"Delay": 0.1, "MaxAttempts": 2}
FAILURE = "Waiter encountered a terminal failure state"
TIMEOUT = "Max attempts exceeded"


@dataclass(frozen=True)
class Case:
    """Say what makes a waiter return, and what makes it raise."""

    right: Make
    wrong: Make
    error: str = FAILURE


def _training(sagemaker: Any, name: str, bucket: str, **hyperparameters: str) -> dict[str, Any]:
    sagemaker.create_training_job(**numbers(training(name, bucket, **hyperparameters)))
    return {"TrainingJobName": name}


def _processing(sagemaker: Any, name: str, bucket: str, *script: str) -> dict[str, Any]:
    sagemaker.create_processing_job(**numbers(processing(name, bucket, *script)))
    return {"ProcessingJobName": name}


def _transform(sagemaker: Any, name: str, bucket: str, **environment: str) -> dict[str, Any]:
    sagemaker.create_model(**model(name, **environment))
    sagemaker.create_transform_job(**numbers(transform(name, name, bucket)))
    return {"TransformJobName": name}


def _endpoint(sagemaker: Any, name: str, bucket: str, **environment: str) -> dict[str, Any]:
    sagemaker.create_model(**model(name, **environment))
    sagemaker.create_endpoint_config(**numbers(endpoint_config(name)))
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return {"EndpointName": name}


def _failing_endpoint(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    return _endpoint(sagemaker, name, bucket, ECHO_EXIT="1")


def _deleted_endpoint(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    made = _endpoint(sagemaker, name, bucket)
    sagemaker.get_waiter("endpoint_in_service").wait(**made, WaiterConfig=FAST)
    sagemaker.delete_endpoint(**made)
    return made


def _bucket(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    return {"Bucket": bucket}


def _no_bucket(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    return {"Bucket": name}


def _object(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": "data/train.csv"}


def _no_object(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": name}


CASES: dict[str, dict[str, Case]] = {
    "sagemaker": {
        "TrainingJobCompletedOrStopped": Case(_training, lambda *made: _training(*made, failure="no such column")),
        "ProcessingJobCompletedOrStopped": Case(_processing, lambda *made: _processing(*made, "raise SystemExit(3)")),
        "TransformJobCompletedOrStopped": Case(_transform, lambda *made: _transform(*made, ECHO_EXIT="1")),
        "EndpointInService": Case(_endpoint, _failing_endpoint),
        "EndpointDeleted": Case(_deleted_endpoint, _failing_endpoint),
    },
    "athena": {},  # botocore has none
    "s3": {
        "BucketExists": Case(_bucket, _no_bucket, TIMEOUT),
        "BucketNotExists": Case(_no_bucket, _bucket, TIMEOUT),
        "ObjectExists": Case(_object, _no_object, TIMEOUT),
        "ObjectNotExists": Case(_no_object, _object, TIMEOUT),
    },
}
EACH = [(service, name) for service, cases in CASES.items() for name in cases]


def test_every_waiter_of_an_operation_that_is_there_is_tested() -> None:
    for service, cases in CASES.items():
        real = {found.name for found in coverage.operations(service) if found.answered == coverage.REAL}
        waiters = _waiters(service)
        assert {name for name, operation in waiters.items() if operation in real} == set(cases)


def _waiters(service: str) -> dict[str, str]:
    try:
        known: WaiterModel = Session().get_waiter_model(service)
    except UnknownServiceError:  # what botocore calls a service without waiters
        return {}
    return {name: known.get_waiter(name).operation for name in known.waiter_names}


@pytest.mark.parametrize(("service", "name"), EACH)
def test_the_waiter_returns_when_the_state_is_there(client: Client, data: str, service: str, name: str) -> None:
    made = client(service)
    arguments = CASES[service][name].right(made, f"w-{uuid.uuid4()}", data)
    made.get_waiter(xform_name(name)).wait(**arguments, WaiterConfig=FAST)


@pytest.mark.parametrize(("service", "name"), EACH)
def test_the_waiter_raises_where_the_state_cannot_come(client: Client, data: str, service: str, name: str) -> None:
    made, case = client(service), CASES[service][name]
    arguments = case.wrong(made, f"w-{uuid.uuid4()}", data)
    with pytest.raises(WaiterError, match=case.error):
        made.get_waiter(xform_name(name)).wait(**arguments, WaiterConfig=FAST if case.error == FAILURE else ONCE)
