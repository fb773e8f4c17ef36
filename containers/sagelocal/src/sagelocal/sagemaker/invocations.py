"""InvokeEndpoint and its streaming form, of SageMaker's runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.resources import ENDPOINT

if TYPE_CHECKING:
    from sagelocal.backend import Backend

SERVING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}

# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
REQUEST_HEADERS = {
    "ContentType": "Content-Type",
    "Accept": "Accept",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
}
RESPONSE_MEMBERS = {
    "content-type": "ContentType",
    "x-amzn-sagemaker-custom-attributes": "CustomAttributes",
    "x-amzn-invoked-production-variant": "InvokedProductionVariant",
}
MAX_MESSAGE = 1024  # characters of the container's answer that an error's message repeats


def request_headers(request: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the container gets."""
    return {header: request[member] for member, header in REQUEST_HEADERS.items() if request.get(member)}


def response_members(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the members of the response that the container's headers make."""
    found = {name.lower(): value for name, value in headers.items()}
    return {member: found[name] for name, member in RESPONSE_MEMBERS.items() if name in found}


def model_error(backend: Backend, endpoint_name: str, status: int, body: bytes) -> AwsError:
    """Return AWS's answer where the container did not answer with 2xx."""
    group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
    text = body.decode("utf-8", "replace")
    side = "client" if 400 <= status < 500 else "server"
    return AwsError(
        "ModelError",
        f'Received {side} error ({status}) from primary with message "{text[:MAX_MESSAGE]}". '
        f"See log group {group} in account {backend.account} for more information.",
        status=424,
        OriginalStatusCode=status,
        OriginalMessage=text,
        LogStreamArn=backend.arn("logs", f"log-group:{group}"),
    )


def not_found(backend: Backend, endpoint_name: str) -> AwsError:
    """Return AWS's answer to the invocation of an endpoint that is not there."""
    return AwsError("ValidationError", f"Endpoint {endpoint_name} of account {backend.account} not found.")


@operation("sagemaker-runtime", "InvokeEndpoint")
def invoke_endpoint(backend: Backend, request: Request) -> Response:
    """Get a prediction from a live endpoint."""
    check_fields("InvokeEndpoint", request)
    headers, body = _answer(backend, request)
    return {"Body": body, **response_members(headers)}


@operation("sagemaker-runtime", "InvokeEndpointWithResponseStream")
def invoke_endpoint_with_response_stream(backend: Backend, request: Request) -> Response:
    """Get a prediction as a stream of parts: here as one, where `sagelocal.runtime` could not pass the parts on."""
    check_fields("InvokeEndpointWithResponseStream", request)
    headers, body = _answer(backend, request)
    return {"Body": [part(body)], **response_members(headers)}


def part(data: bytes) -> dict[str, dict[str, bytes]]:
    """Return a part of an answer as the stream's member."""
    return {"PayloadPart": {"Bytes": data}}


def _answer(backend: Backend, request: Request) -> tuple[Mapping[str, str], bytes]:
    name = request["EndpointName"]
    document = backend.store.get(ENDPOINT.kind, name)
    if document is None or document["describe"]["EndpointStatus"] not in SERVING:
        raise not_found(backend, name)
    status, headers, body = backend.endpoints.invoke(
        name, request["Body"], request_headers(request), request.get("TargetVariant")
    )
    if not 200 <= status < 300:
        raise model_error(backend, name, status, body)
    return headers, body
