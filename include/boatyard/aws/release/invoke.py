"""Ask an endpoint."""

from __future__ import annotations

from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import EndpointError, error_code, error_message


def invoke(client: Any, request: dict[str, Any]) -> str:
    """Return what an endpoint answers to `request` (of InvokeEndpoint), as text."""
    try:
        response = call(client, "invoke_endpoint", request)
    except client.exceptions.ClientError as error:
        if error_code(error) == "ModelError":
            raise EndpointError(f"endpoint {request['EndpointName']} failed: {error_message(error)}") from None
        raise
    body: bytes = response["Body"].read()
    return body.decode()
