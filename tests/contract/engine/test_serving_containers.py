"""Endpoints and transform jobs whose containers are those of the real image.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from tests.archives import packed
from tests.waiting import until

Contained = Any  # conftest's

pytestmark = pytest.mark.unverified

ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


def _model(contained: Contained, name: str, image: str = "", **members: Any) -> None:
    contained.write(f"packed/{name}.tar.gz", packed({"model.txt": name.encode()}))
    container = {"Image": image or contained.image, "ModelDataUrl": f"s3://lake/packed/{name}.tar.gz", **members}
    contained.sagemaker("create_model", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)


def _deploy(contained: Contained, name: str, workers: int = 1) -> None:
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": workers,
    }
    contained.sagemaker("create_endpoint_config", EndpointConfigName=name, ProductionVariants=[variant])
    contained.sagemaker("create_endpoint", EndpointName=name, EndpointConfigName=name)
    with contained.server.clients() as client:
        client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=FAST)


def _ask(contained: Contained, name: str, body: bytes) -> bytes:
    with contained.server.clients() as client:
        answer: bytes = client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body)["Body"].read()
    return answer


def _delete(contained: Contained, name: str) -> None:
    contained.sagemaker("delete_endpoint", EndpointName=name)
    until(lambda: not contained.containers(), "the endpoint's containers are gone")


def test_workers_that_all_listen_on_8080_answer_and_know_their_model(contained: Contained) -> None:
    _model(contained, "echo")
    _deploy(contained, "echo", workers=2)
    assert _ask(contained, "echo", b"hello") == b"hello"
    assert _ask(contained, "echo", b"model") == b"echo"
    assert ["Up" in line for line in contained.containers()] == [True, True]
    _delete(contained, "echo")


def test_a_container_that_serves_reaches_the_server_at_its_endpoint_url(contained: Contained) -> None:
    _model(contained, "caller")
    _deploy(contained, "caller")
    assert b"HTTP/1.1 403" in _ask(contained, "caller", b"server")
    _delete(contained, "caller")


def test_an_endpoint_serves_on_with_the_same_container_after_the_server_was_killed(
    make_contained: Callable[..., Contained],
) -> None:
    contained = make_contained()
    _model(contained, "kept")
    _deploy(contained, "kept")
    before = _ask(contained, "kept", b"hostname")
    server = contained.server
    server.end(signal.SIGKILL)
    server.start_again()
    assert _ask(contained, "kept", b"hostname") == before
    server.end(signal.SIGTERM)
    until(lambda: not contained.containers(), "a clean stop leaves no container")
    server.start_again()
    assert _ask(contained, "kept", b"hostname") != before
    _delete(contained, "kept")
    server.end(signal.SIGTERM)


def test_an_endpoint_of_an_image_that_is_nowhere_fails_with_aws_s_words(contained: Contained) -> None:
    _model(contained, "nowhere", image="127.0.0.1:9/no/such-image:1")
    with pytest.raises(WaiterError):
        _deploy(contained, "nowhere")
    described = contained.sagemaker("describe_endpoint", EndpointName="nowhere")
    assert described["FailureReason"].startswith(
        "Please make sure all images included in the model for the production variant all exist"
    )
    contained.sagemaker("delete_endpoint", EndpointName="nowhere")


def test_a_transform_job_asks_a_container_of_the_image(contained: Contained) -> None:
    _model(contained, "batch")
    contained.write("records/a.txt", b"first\nsecond\n")
    contained.sagemaker(
        "create_transform_job",
        TransformJobName="batch",
        ModelName="batch",
        BatchStrategy="SingleRecord",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/records/"}},
            "ContentType": "text/plain",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": "s3://lake/transformed", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    with contained.server.clients() as client:
        waiter = client("sagemaker").get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName="batch", WaiterConfig=FAST)
    assert contained.read("transformed/a.txt.out") == b"first\nsecond\n"
    assert not contained.containers()


def test_a_stopped_transform_job_leaves_no_container(contained: Contained) -> None:
    _model(contained, "slow", Environment={"SLEEP": "600"})
    contained.write("records/a.txt", b"first\n")
    contained.sagemaker(
        "create_transform_job",
        TransformJobName="slow",
        ModelName="slow",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/records/"}}},
        TransformOutput={"S3OutputPath": "s3://lake/transformed"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    until(lambda: any("Up" in line for line in contained.containers()), "its container runs")
    contained.sagemaker("stop_transform_job", TransformJobName="slow")
    with contained.server.clients() as client:
        waiter = client("sagemaker").get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName="slow", WaiterConfig=FAST)
    assert contained.sagemaker("describe_transform_job", TransformJobName="slow")["TransformJobStatus"] == "Stopped"
    assert not contained.containers()
