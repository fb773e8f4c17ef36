"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import ENDPOINT_CONFIG, MODEL

if TYPE_CHECKING:
    from sagelocal.backend import Backend

LISTING = Listing(
    ENDPOINT_CONFIG,
    "EndpointConfigs",
    ("EndpointConfigName", "EndpointConfigArn", "CreationTime"),
    order="Descending",
)


def check_request(request: Request) -> None:
    """Raise ValidationException for what the request's shape allows and its rules do not."""
    check_fields("CreateEndpointConfig", request)
    variants: list[dict[str, Any]] = request["ProductionVariants"]
    names = [variant["VariantName"] for variant in variants]
    if len(names) != len(set(names)):
        raise validation_error("Variant names in ProductionVariants must be unique.")
    for variant in variants:
        if not variant.get("ModelName"):
            raise validation_error(
                f"Variant {variant['VariantName']} needs a ModelName: "
                "sagelocal does not support inference components yet."
            )
        missing = [member for member in ("InstanceType", "InitialInstanceCount") if not variant.get(member)]
        if missing:
            raise validation_error(f"Variant {variant['VariantName']} needs {' and '.join(missing)}.")
    if all(variant.get("InitialVariantWeight", 1.0) == 0 for variant in variants):
        raise validation_error("At least one variant needs an InitialVariantWeight above 0.")


def describe_new(request: Request, arn: str, now: float) -> dict[str, Any]:
    """Return the Describe response of a new endpoint configuration."""
    defaults = {"InitialInstanceCount": 1, "InitialVariantWeight": 1.0}
    return {
        **{member: value for member, value in request.items() if member != "Tags"},
        "ProductionVariants": [{**defaults, **variant} for variant in request["ProductionVariants"]],
        "EndpointConfigArn": arn,
        "CreationTime": now,
    }


@operation("sagemaker", "CreateEndpointConfig")
def create_endpoint_config(backend: Backend, request: Request) -> Response:
    """Create an endpoint configuration."""
    check_request(request)
    name = request["EndpointConfigName"]
    ENDPOINT_CONFIG.require_free(backend, name)
    for variant in request["ProductionVariants"]:
        MODEL.document(backend, variant["ModelName"])
    describe = describe_new(request, ENDPOINT_CONFIG.arn(backend, name), time.time())
    return {"EndpointConfigArn": ENDPOINT_CONFIG.create(backend, name, {"request": request, "describe": describe})}


@operation("sagemaker", "DescribeEndpointConfig")
def describe_endpoint_config(backend: Backend, request: Request) -> Response:
    """Describe an endpoint configuration."""
    return ENDPOINT_CONFIG.describe(backend, request["EndpointConfigName"])


@operation("sagemaker", "ListEndpointConfigs")
def list_endpoint_configs(backend: Backend, request: Request) -> Response:
    """List endpoint configurations."""
    return LISTING.page(request, [document["describe"] for document in backend.store.list(ENDPOINT_CONFIG.kind)])


@operation("sagemaker", "DeleteEndpointConfig")
def delete_endpoint_config(backend: Backend, request: Request) -> Response:
    """Delete an endpoint configuration; endpoints that use it go on."""
    ENDPOINT_CONFIG.delete(backend, request["EndpointConfigName"])
    return {}
