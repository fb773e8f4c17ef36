from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.backend import Backend
from sagelocal.errors import AwsError

Call = Callable[..., dict[str, Any]]

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
IN_PROGRESS = ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"]


@pytest.fixture
def endpoint(call: Call, endpoint_config: str, backend: Backend) -> Callable[[str], None]:
    """Create an endpoint; return a function that sets its status."""
    call("CreateEndpoint", EndpointName="endpoint", EndpointConfigName=endpoint_config)

    def set_status(status: str) -> None:
        backend.store.update("endpoint", "endpoint", lambda it: it["describe"].update(EndpointStatus=status))

    set_status("InService")
    return set_status


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("DescribeModel", {"ModelName": "no"}, f'Could not find model "{ARN}:model/no".'),
        ("DeleteModel", {"ModelName": "no"}, f'Could not find model "{ARN}:model/no".'),
        (
            "DescribeEndpointConfig",
            {"EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{ARN}:endpoint-config/no".',
        ),
        ("DescribeEndpoint", {"EndpointName": "no"}, f'Could not find endpoint "{ARN}:endpoint/no".'),
        ("DeleteEndpoint", {"EndpointName": "no"}, f'Could not find endpoint "{ARN}:endpoint/no".'),
        (
            "CreateEndpoint",
            {"EndpointName": "new", "EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{ARN}:endpoint-config/no".',
        ),
        (
            "UpdateEndpoint",
            {"EndpointName": "no", "EndpointConfigName": "config"},
            f'Could not find endpoint "{ARN}:endpoint/no".',
        ),
    ],
)
def test_what_is_not_there_answers_a_validation_exception(
    call: Call, operation: str, request_: dict[str, str], message: str
) -> None:
    with pytest.raises(AwsError) as caught:
        call(operation, **request_)
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "CreateModel",
            {"ModelName": "model", "PrimaryContainer": {"Image": "x/echo"}},
            f'Cannot create already existing model "{ARN}:model/model".',
        ),
        (
            "CreateEndpointConfig",
            {
                "EndpointConfigName": "config",
                "ProductionVariants": [
                    {"VariantName": "a", "ModelName": "model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
                ],
            },
            f'Cannot create already existing endpoint configuration "{ARN}:endpoint-config/config".',
        ),
        (
            "CreateEndpoint",
            {"EndpointName": "endpoint", "EndpointConfigName": "config"},
            f'Cannot create already existing endpoint "{ARN}:endpoint/endpoint".',
        ),
    ],
)
@pytest.mark.usefixtures("endpoint")
def test_a_name_in_use_is_refused(call: Call, operation: str, request_: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as caught:
        call(operation, **request_)
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({}, "needs a PrimaryContainer"),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://bucket/x"}}, "either an Image or a ModelPackageName"),
        ({"PrimaryContainer": {"Image": "x/echo", "ModelPackageName": "a/1"}}, "either an Image or a ModelPackageName"),
        ({"PrimaryContainer": {"Image": "x/echo"}, "Containers": [{"Image": "x/echo"}]}, "cannot both be specified"),
        ({"Containers": [{"Image": "x/echo"}, {"Image": "x/echo"}]}, "more than one container"),
        ({"PrimaryContainer": {"Image": "x/echo:9"}}, "The image 'x/echo:9' does not exist"),
        (
            {"PrimaryContainer": {"Image": "x/echo", "ModelDataUrl": "s3://bucket/no.tar.gz"}},
            "Could not find model data at s3://bucket/no.tar.gz.",
        ),
    ],
)
def test_a_model_that_cannot_be_served_is_not_created(call: Call, container: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message):
        call("CreateModel", ModelName="model", **container)
    assert call("ListModels") == {"Models": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelName": "nobody"}, f'Could not find model "{ARN}:model/nobody".'),
        ({"ModelName": None}, "needs a ModelName"),
        ({"ServerlessConfig": {"MaxConcurrency": 1}}, "does not support ProductionVariants.ServerlessConfig"),
        ({"InitialVariantWeight": 0.0}, "At least one variant needs an InitialVariantWeight above 0"),
    ],
)
def test_a_configuration_that_cannot_be_served_is_not_created(
    call: Call, model: str, variant: Call, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        call("CreateEndpointConfig", EndpointConfigName="config", ProductionVariants=[variant(model) | changes])


def test_variants_of_a_configuration_have_different_names(call: Call, model: str, variant: Call) -> None:
    with pytest.raises(AwsError, match="must be unique"):
        call("CreateEndpointConfig", EndpointConfigName="config", ProductionVariants=[variant(model)] * 2)


def test_a_new_endpoint_is_creating_and_deployed_once(call: Call, endpoint_config: str, notes: Any) -> None:
    arn = call("CreateEndpoint", EndpointName="endpoint", EndpointConfigName=endpoint_config)["EndpointArn"]
    described = call("DescribeEndpoint", EndpointName="endpoint")
    assert (described["EndpointArn"], described["EndpointStatus"]) == (arn, "Creating")
    assert described["EndpointConfigName"] == endpoint_config
    assert notes.calls == [("deploy", "endpoint")]


def test_an_update_wants_the_new_configuration_and_still_shows_the_old_one(
    call: Call, model: str, variant: Call, endpoint: Any, backend: Backend, notes: Any
) -> None:
    call("CreateEndpointConfig", EndpointConfigName="other", ProductionVariants=[variant(model)])
    call("UpdateEndpoint", EndpointName="endpoint", EndpointConfigName="other")
    described = call("DescribeEndpoint", EndpointName="endpoint")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "config")
    document = backend.store.get("endpoint", "endpoint")
    assert document is not None
    assert document["WantedConfigName"] == "other"
    assert notes.calls == [("deploy", "endpoint")] * 2


@pytest.mark.parametrize("status", IN_PROGRESS)
@pytest.mark.parametrize("operation", ["UpdateEndpoint", "DeleteEndpoint"])
def test_an_endpoint_in_progress_is_neither_updated_nor_deleted(
    call: Call, endpoint: Callable[[str], None], notes: Any, operation: str, status: str
) -> None:
    endpoint(status)
    request = {"EndpointConfigName": "config"} if operation == "UpdateEndpoint" else {}
    with pytest.raises(AwsError, match=f'Cannot update in-progress endpoint "{ARN}:endpoint/endpoint".'):
        call(operation, EndpointName="endpoint", **request)
    assert notes.calls == [("deploy", "endpoint")]


def test_a_failed_endpoint_can_only_be_deleted(call: Call, endpoint: Callable[[str], None], notes: Any) -> None:
    endpoint("Failed")
    with pytest.raises(AwsError, match="in status Failed"):
        call("UpdateEndpoint", EndpointName="endpoint", EndpointConfigName="config")
    call("DeleteEndpoint", EndpointName="endpoint")
    assert call("DescribeEndpoint", EndpointName="endpoint")["EndpointStatus"] == "Deleting"
    assert notes.calls[-1] == ("remove", "endpoint")


def test_an_invocation_passes_body_and_headers_and_returns_the_containers(
    call: Call, endpoint: Any, notes: Any
) -> None:
    notes.answer = (200, {"content-type": "text/csv", "X-Amzn-Invoked-Production-Variant": "AllTraffic"}, b"7")
    response = call(
        "InvokeEndpoint",
        EndpointName="endpoint",
        Body=b"1,2",
        ContentType="text/csv",
        Accept="text/csv",
        CustomAttributes="trace",
        TargetVariant="AllTraffic",
    )
    assert response == {"Body": b"7", "ContentType": "text/csv", "InvokedProductionVariant": "AllTraffic"}
    headers = {"Content-Type": "text/csv", "Accept": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "trace"}
    assert notes.calls[-1] == ("invoke", "endpoint", b"1,2", headers, "AllTraffic")


@pytest.mark.parametrize("status", ["Creating", "Failed", "OutOfService", "Deleting"])
def test_an_endpoint_that_does_not_serve_is_not_found(call: Call, endpoint: Callable[[str], None], status: str) -> None:
    endpoint(status)
    with pytest.raises(AwsError) as caught:
        call("InvokeEndpoint", EndpointName="endpoint", Body=b"")
    assert caught.value.code == "ValidationError"
    assert caught.value.message == "Endpoint endpoint of account 123456789012 not found."


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")])
def test_a_containers_error_is_a_model_error(call: Call, endpoint: Any, notes: Any, status: int, side: str) -> None:
    notes.answer = (status, {}, b"no such thing")
    with pytest.raises(AwsError) as caught:
        call("InvokeEndpoint", EndpointName="endpoint", Body=b"")
    error = caught.value
    assert (error.code, error.status) == ("ModelError", 424)
    assert error.message.startswith(f'Received {side} error ({status}) from primary with message "no such thing".')
    assert error.fields["OriginalStatusCode"] == status
    assert error.fields["OriginalMessage"] == "no such thing"
    assert error.fields["LogStreamArn"].endswith("log-group:/aws/sagemaker/Endpoints/endpoint")


@pytest.mark.parametrize("member", ["TargetModel", "InferenceComponentName", "SessionId", "TargetContainerHostname"])
def test_an_invocation_asks_for_nothing_that_is_not_there(call: Call, endpoint: Any, member: str) -> None:
    with pytest.raises(AwsError, match=f"does not support {member} in InvokeEndpoint"):
        call("InvokeEndpoint", EndpointName="endpoint", Body=b"", **{member: "x"})
