"""CreateEndpoint, DescribeEndpoint, ListEndpoints, UpdateEndpoint, its weights and capacities, DeleteEndpoint."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.endpoints.plans import RETAINABLE
from sagelocal.endpoints.rollout import problem
from sagelocal.errors import validation_error
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.models import require_deployable
from sagelocal.sagemaker.resources import ENDPOINT, ENDPOINT_CONFIG

if TYPE_CHECKING:
    from sagelocal.backend import Backend

IN_PROGRESS = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}

LISTING = Listing(
    ENDPOINT,
    "Endpoints",
    ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus"),
    status="EndpointStatus",
    order="Descending",
)


def describe_new(request: Request, arn: str, now: float) -> dict[str, Any]:
    """Return the Describe response of an endpoint that was just accepted."""
    return {
        "EndpointName": request["EndpointName"],
        "EndpointArn": arn,
        "EndpointConfigName": request["EndpointConfigName"],
        "EndpointStatus": "Creating",
        "CreationTime": now,
        "LastModifiedTime": now,
        "PendingDeploymentSummary": {"EndpointConfigName": request["EndpointConfigName"], "StartTime": now},
    }


def _require_deployable_config(backend: Backend, config_name: str) -> None:
    for variant in ENDPOINT_CONFIG.describe(backend, config_name)["ProductionVariants"]:
        require_deployable(backend, variant["ModelName"])


def _require_settled(describe: dict[str, Any]) -> None:
    if describe["EndpointStatus"] in IN_PROGRESS:
        raise validation_error(f'Cannot update in-progress endpoint "{describe["EndpointArn"]}".')


@operation("sagemaker", "CreateEndpoint")
def create_endpoint(backend: Backend, request: Request) -> Response:
    """Start an endpoint."""
    check_fields("CreateEndpoint", request)
    name, config_name = request["EndpointName"], request["EndpointConfigName"]
    ENDPOINT.require_free(backend, name)
    _require_deployable_config(backend, config_name)
    describe = describe_new(request, ENDPOINT.arn(backend, name), time.time())
    # From here on the endpoint is wanted: a server that dies now deploys it when it starts again.
    document = {"request": request, "describe": describe, "WantedConfigName": config_name}
    arn = ENDPOINT.create(backend, name, document)
    backend.endpoints.deploy(name)
    return {"EndpointArn": arn}


@operation("sagemaker", "DescribeEndpoint")
def describe_endpoint(backend: Backend, request: Request) -> Response:
    """Describe an endpoint."""
    return ENDPOINT.describe(backend, request["EndpointName"])


@operation("sagemaker", "ListEndpoints")
def list_endpoints(backend: Backend, request: Request) -> Response:
    """List endpoints."""
    return LISTING.page(request, [document["describe"] for document in backend.store.list(ENDPOINT.kind)])


@operation("sagemaker", "UpdateEndpoint")
def update_endpoint(backend: Backend, request: Request) -> Response:
    """Switch an endpoint to another configuration; the old one serves until the new one is healthy."""
    check_fields("UpdateEndpoint", request)
    name, config_name = request["EndpointName"], request["EndpointConfigName"]
    asked = request.get("DeploymentConfig")
    if reason := problem(asked) if asked else "":
        raise validation_error(reason)
    ENDPOINT.document(backend, name)
    _require_deployable_config(backend, config_name)
    retained = _retained(request)

    def want(document: dict[str, Any]) -> None:
        _require_updatable(document["describe"])
        config = asked or (document.get("LastDeploymentConfig") if request.get("RetainDeploymentConfig") else None)
        document["WantedConfigName"] = config_name
        document["Retained"] = retained
        if config:
            document["DeploymentConfig"] = document["LastDeploymentConfig"] = config
            document["describe"]["LastDeploymentConfig"] = config
        _begin(document["describe"], config_name)

    arn: str = ENDPOINT.update(backend, name, want)["describe"]["EndpointArn"]
    backend.endpoints.deploy(name)
    return {"EndpointArn": arn}


def _retained(request: Request) -> list[str]:
    """Return which properties the variants keep: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html"""
    excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties") or ()}
    if not request.get("RetainAllVariantProperties"):
        if excluded:
            raise validation_error("ExcludeRetainedVariantProperties needs RetainAllVariantProperties to be true.")
        return []
    return [member for name, member in RETAINABLE.items() if name not in excluded]


def _require_updatable(describe: dict[str, Any]) -> None:
    _require_settled(describe)
    if describe["EndpointStatus"] == "Failed":
        raise validation_error(
            f'Cannot update endpoint "{describe["EndpointArn"]}" in status Failed. '
            "DeleteEndpoint is the only operation that can be performed on a failed endpoint."
        )


def _begin(describe: dict[str, Any], config_name: str) -> None:
    now = time.time()
    describe.pop("FailureReason", None)
    describe["PendingDeploymentSummary"] = {"EndpointConfigName": config_name, "StartTime": now}
    describe.update(EndpointStatus="Updating", LastModifiedTime=now)


@operation("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(backend: Backend, request: Request) -> Response:
    """Change the variants' shares of the requests, or the numbers of their workers."""
    check_fields("UpdateEndpointWeightsAndCapacities", request)
    desired = {item["VariantName"]: item for item in request["DesiredWeightsAndCapacities"]}
    arn = want_capacities(backend, request["EndpointName"], desired)
    return {"EndpointArn": arn}


def want_capacities(backend: Backend, name: str, desired: dict[str, dict[str, Any]]) -> str:
    """Start changing weights and numbers of workers, by the variants' names; return the endpoint's ARN."""

    def want(document: dict[str, Any]) -> None:
        describe = document["describe"]
        _require_updatable(describe)
        variants = {variant["VariantName"]: variant for variant in describe["ProductionVariants"]}
        for variant_name, wanted in desired.items():
            if variant_name not in variants:
                raise validation_error(f'Could not find variant "{variant_name}" of endpoint "{name}".')
            for member in ("DesiredWeight", "DesiredInstanceCount"):
                if member in wanted:
                    variants[variant_name][member] = wanted[member]
            if wanted.get("DesiredInstanceCount") == 0:  # only inference components may come down to none
                raise validation_error(f'The DesiredInstanceCount of variant "{variant_name}" must be at least 1.')
        if not any(variant["DesiredWeight"] for variant in variants.values()):
            raise validation_error("At least one variant needs a DesiredWeight above 0.")
        document["WantedCapacities"] = desired
        describe.pop("FailureReason", None)
        describe.update(EndpointStatus="Updating", LastModifiedTime=time.time())

    arn: str = ENDPOINT.update(backend, name, want)["describe"]["EndpointArn"]
    backend.endpoints.deploy(name)
    return arn


@operation("sagemaker", "DeleteEndpoint")
def delete_endpoint(backend: Backend, request: Request) -> Response:
    """Delete an endpoint and stop its processes."""
    name = request["EndpointName"]

    def unwant(document: dict[str, Any]) -> None:
        _require_settled(document["describe"])
        document["describe"].update(EndpointStatus="Deleting", LastModifiedTime=time.time())

    ENDPOINT.update(backend, name, unwant)
    backend.endpoints.remove(name)
    return {}
