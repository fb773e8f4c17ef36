"""Models, endpoint configurations, endpoints and InvokeEndpoint through unmodified boto3, against real processes.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from tests.archives import packed

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


@pytest.fixture
def invoke(client: Client) -> Callable[..., bytes]:
    """Return a function that invokes an endpoint and returns the body of its answer."""
    runtime = client("sagemaker-runtime")

    def run(name: str, body: bytes, **more: Any) -> bytes:
        answer: bytes = runtime.invoke_endpoint(EndpointName=name, Body=body, **more)["Body"].read()
        return answer

    return run


@pytest.fixture
def model_data(client: Client, bucket: str) -> str:
    """Return the URI of a model artifact."""
    archive = packed({"model.json": b'{"weights": [1, 2]}'})
    client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=archive)
    return f"s3://{bucket}/model.tar.gz"


@pytest.fixture
def configure(sagemaker: Any, model_data: str) -> Callable[..., str]:
    """Return a function that makes a model and its endpoint configuration, and returns the latter's name."""

    def make(**environment: str) -> str:
        name = f"c-{uuid.uuid4()}"
        container = {"Image": IMAGE, "ModelDataUrl": model_data, "Environment": environment}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "InitialVariantWeight": 1.0,
                }
            ],
        )
        return name

    return make


@pytest.fixture
def start(sagemaker: Any) -> Iterator[Callable[[str], str]]:
    """Return a function that starts an endpoint and returns its name."""
    started = []

    def run(config: str) -> str:
        name = f"e-{uuid.uuid4()}"
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        started.append(name)
        return name

    yield run
    for name in started:
        if any(item["EndpointName"] == name for item in sagemaker.list_endpoints(NameContains=name)["Endpoints"]):
            sagemaker.delete_endpoint(EndpointName=name)


def _in_service(sagemaker: Any, name: str) -> dict[str, Any]:
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=FAST)
    described: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    return described


def test_an_endpoint_answers_with_its_model(
    sagemaker: Any, invoke: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    config = configure(COLOUR="blue")
    name = start(config)
    described = _in_service(sagemaker, name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", config)
    [variant] = described["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentWeight"], variant["CurrentInstanceCount"]) == ("AllTraffic", 1.0, 1)
    assert invoke(name, b"model") == b'{"weights": [1, 2]}'
    assert invoke(name, b"env COLOUR") == b"blue"


def test_an_answer_has_the_containers_type_and_the_variants_name(
    client: Client, sagemaker: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    name = start(configure())
    _in_service(sagemaker, name)
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, Body=b"1,2", ContentType="text/csv", Accept="application/json", CustomAttributes="trace=1"
    )
    assert answer["Body"].read() == b"1,2"
    assert answer["ContentType"] == "application/json"
    assert answer["CustomAttributes"] == "trace=1"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_an_updated_endpoint_serves_the_new_configuration(
    sagemaker: Any, invoke: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    name = start(configure(COLOUR="blue"))
    _in_service(sagemaker, name)
    green = configure(COLOUR="green")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=green)
    assert invoke(name, b"env COLOUR") in (b"blue", b"green")  # never without an answer
    assert _in_service(sagemaker, name)["EndpointConfigName"] == green
    assert invoke(name, b"env COLOUR") == b"green"


def test_a_configuration_that_does_not_come_up_leaves_the_old_one_in_service(
    sagemaker: Any, invoke: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    """InService is no proof of success: the name of the configuration is."""
    old = configure(COLOUR="blue")
    name = start(old)
    _in_service(sagemaker, name)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=configure(ECHO_EXIT="3"))
    described = _in_service(sagemaker, name)
    assert described["EndpointConfigName"] == old
    assert described["FailureReason"]
    assert invoke(name, b"env COLOUR") == b"blue"


def test_an_endpoint_that_never_came_up_is_failed_and_says_why(
    sagemaker: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    name = start(configure(ECHO_EXIT="3"))
    with pytest.raises(WaiterError):
        _in_service(sagemaker, name)
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"]
    with pytest.raises(ClientError, match="in status Failed"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=configure())


def test_an_error_of_the_container_is_a_model_error(
    sagemaker: Any, invoke: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    name = start(configure())
    _in_service(sagemaker, name)
    with pytest.raises(ClientError) as caught:
        invoke(name, b"status 500")
    response: Any = caught.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 500
    assert response["OriginalMessage"] == "as you asked"
    assert response["LogStreamArn"].endswith(f"/aws/sagemaker/Endpoints/{name}")


def test_an_endpoint_in_progress_is_left_alone(
    sagemaker: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    config = configure(ECHO_START_SECONDS="2")
    name = start(config)
    for operation, more in (
        (sagemaker.update_endpoint, {"EndpointConfigName": config}),
        (sagemaker.delete_endpoint, {}),
    ):
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            operation(EndpointName=name, **more)
    assert _in_service(sagemaker, name)["EndpointStatus"] == "InService"


def test_a_deleted_endpoint_is_gone_and_its_name_is_free(
    sagemaker: Any, invoke: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    config = configure()
    name = start(config)
    _in_service(sagemaker, name)
    with pytest.raises(ClientError) as caught:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    assert caught.value.response["Error"]["Message"].startswith("Cannot create already existing endpoint")
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=FAST)
    with pytest.raises(ClientError) as caught:
        invoke(name, b"anybody there?")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["Error"]["Message"] == f"Endpoint {name} of account 123456789012 not found."
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    _in_service(sagemaker, name)


def test_an_endpoint_goes_on_when_its_model_and_configuration_are_deleted(
    sagemaker: Any, invoke: Any, configure: Callable[..., str], start: Callable[[str], str]
) -> None:
    config = configure(COLOUR="blue")
    name = start(config)
    _in_service(sagemaker, name)
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    sagemaker.delete_model(ModelName=config)
    assert invoke(name, b"env COLOUR") == b"blue"
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.describe_endpoint_config(EndpointConfigName=config)


def test_models_and_configurations_are_listed_newest_first(sagemaker: Any, configure: Callable[..., str]) -> None:
    names = [configure() for _ in range(3)]
    models = [item["ModelName"] for item in sagemaker.list_models(MaxResults=3)["Models"]]
    configs = [item["EndpointConfigName"] for item in sagemaker.list_endpoint_configs(MaxResults=3)["EndpointConfigs"]]
    assert models == configs == names[::-1]


@pytest.mark.parametrize("missing", ["InstanceType", "InitialInstanceCount"])
def test_a_variant_needs_to_know_its_instances(sagemaker: Any, missing: str) -> None:
    name = f"m-{uuid.uuid4()}"
    sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    del variant[missing]
    with pytest.raises(ClientError, match=f"needs {missing}"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Image": IMAGE.replace("echo", "nowhere")}, "does not exist"),
        ({"ModelDataUrl": "s3://nowhere/model.tar.gz"}, "Could not find model data at s3://nowhere/model.tar.gz"),
    ],
)
def test_a_model_needs_an_image_and_data_that_exist(
    sagemaker: Any, model_data: str, change: dict[str, str], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        sagemaker.create_model(
            ModelName=f"m-{uuid.uuid4()}",
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": model_data, **change},
            ExecutionRoleArn=ROLE,
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
