"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.engines.engine import SERVE, Invocation
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.existence import require_model_data
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.model_packages import approved_container
from sagelocal.sagemaker.resources import MODEL, pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend

LISTING = Listing(MODEL, "Models", ("ModelName", "ModelArn", "CreationTime"), order="Descending")


def container_definition(request: Request) -> dict[str, Any]:
    """Return the one container that the request defines."""
    primary, containers = request.get("PrimaryContainer"), request.get("Containers") or []
    if primary and containers:
        raise validation_error("PrimaryContainer and Containers cannot both be specified.")
    defined: list[dict[str, Any]] = [primary] if primary else containers
    if not defined:
        raise validation_error("A model needs a PrimaryContainer.")
    if len(defined) > 1:
        raise validation_error("sagelocal does not support models with more than one container yet.")
    definition = defined[0]
    if bool(definition.get("Image")) == bool(definition.get("ModelPackageName")):
        raise validation_error("A container needs either an Image or a ModelPackageName.")
    if definition.get("ModelPackageName") and definition.get("ModelDataUrl"):
        raise validation_error("ModelDataUrl cannot be specified with a ModelPackageName, which has its own.")
    return definition


def resolve_container(backend: Backend, definition: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be served: image, model data and environment, those of the model package if it names one."""
    base: dict[str, Any] = {}
    if package := definition.get("ModelPackageName"):
        base = approved_container(backend, package)
    container = {**base, **pick(definition, "Image", "ModelDataUrl")}
    container["Environment"] = {**(base.get("Environment") or {}), **(definition.get("Environment") or {})}
    return container


def require_deployable(backend: Backend, model_name: str) -> None:
    """Raise an error unless the model exists and its package, if it has one, is approved at this moment."""
    definition = container_definition(MODEL.document(backend, model_name)["request"])
    if package := definition.get("ModelPackageName"):
        approved_container(backend, package)


@operation("sagemaker", "CreateModel")
def create_model(backend: Backend, request: Request) -> Response:
    """Create a model."""
    check_fields("CreateModel", request)
    name = request["ModelName"]
    MODEL.require_free(backend, name)
    container = resolve_container(backend, container_definition(request))
    engine_of(backend).require(backend, container["Image"], Invocation(arguments=SERVE))
    if url := container.get("ModelDataUrl"):
        require_model_data(backend, url)
    describe = {
        "EnableNetworkIsolation": False,
        **{member: value for member, value in request.items() if member != "Tags"},
        "ModelArn": MODEL.arn(backend, name),
        "CreationTime": time.time(),
    }
    # `container` is what runs, also when the model package has been deleted since.
    document = {"request": request, "describe": describe, "container": container}
    return {"ModelArn": MODEL.create(backend, name, document)}


@operation("sagemaker", "DescribeModel")
def describe_model(backend: Backend, request: Request) -> Response:
    """Describe a model."""
    return MODEL.describe(backend, request["ModelName"])


@operation("sagemaker", "ListModels")
def list_models(backend: Backend, request: Request) -> Response:
    """List models."""
    return LISTING.page(request, [document["describe"] for document in backend.store.list(MODEL.kind)])


@operation("sagemaker", "DeleteModel")
def delete_model(backend: Backend, request: Request) -> Response:
    """Delete a model; endpoints that serve it go on."""
    MODEL.delete(backend, request["ModelName"])
    return {}
