"""Which model an endpoint serves."""

from __future__ import annotations

from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import PermanentError, is_missing
from boatyard.aws.outcome import serves


class NothingInServiceError(PermanentError):
    """An endpoint that serves no model."""


def model_in_service(client: Any, endpoint: str) -> str:
    """Return the name of the model that an endpoint serves now: of several variants, the one with the most weight."""
    try:
        found = call(client, "describe_endpoint", {"EndpointName": endpoint})
    except client.exceptions.ClientError as error:
        if is_missing(error):
            raise NothingInServiceError(f"no model is in service: there is no endpoint {endpoint}") from None
        raise
    if not serves(found["EndpointStatus"]):
        raise NothingInServiceError(f"no model is in service: endpoint {endpoint} is {found['EndpointStatus']}")
    config = call(client, "describe_endpoint_config", {"EndpointConfigName": found["EndpointConfigName"]})
    variant = max(config["ProductionVariants"], key=lambda one: float(one.get("InitialVariantWeight", 1.0)))
    name: str = variant["ModelName"]
    return name


def model_package(client: Any, model: str) -> str:
    """Return the ARN of the model package that a model was made from, "" for none."""
    found = call(client, "describe_model", {"ModelName": model})
    (container, *_) = found.get("Containers") or [found["PrimaryContainer"]]
    arn: str = container.get("ModelPackageName", "")
    return arn
