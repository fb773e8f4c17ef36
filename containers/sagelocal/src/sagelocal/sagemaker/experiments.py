"""CreateExperiment, DescribeExperiment, ListExperiments, UpdateExperiment, DeleteExperiment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import EXPERIMENT, pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

LISTING = Listing(
    EXPERIMENT,
    "ExperimentSummaries",
    ("ExperimentName", "ExperimentArn", "DisplayName", "CreationTime", "LastModifiedTime"),
    order="Descending",
)


@operation("sagemaker", "CreateExperiment")
def create_experiment(backend: Backend, request: Request) -> Response:
    """Create an experiment."""
    check_fields("CreateExperiment", request)
    name, now = request["ExperimentName"], time.time()
    describe = {
        **pick(request, "ExperimentName", "Description"),
        "DisplayName": request.get("DisplayName") or name,
        "ExperimentArn": EXPERIMENT.arn(backend, name),
        "CreationTime": now,
        "CreatedBy": {},
        "LastModifiedTime": now,
        "LastModifiedBy": {},
    }
    return {"ExperimentArn": EXPERIMENT.create(backend, name, {"request": request, "describe": describe})}


@operation("sagemaker", "DescribeExperiment")
def describe_experiment(backend: Backend, request: Request) -> Response:
    """Describe an experiment."""
    return EXPERIMENT.describe(backend, request["ExperimentName"])


@operation("sagemaker", "ListExperiments")
def list_experiments(backend: Backend, request: Request) -> Response:
    """List experiments."""
    check_fields("ListExperiments", request)
    return LISTING.page(request, [document["describe"] for document in backend.store.list(EXPERIMENT.kind)])


@operation("sagemaker", "UpdateExperiment")
def update_experiment(backend: Backend, request: Request) -> Response:
    """Change an experiment's display name and description; what the request leaves out stays."""
    name = request["ExperimentName"]

    def change(document: Document) -> None:
        changes = pick(request, "DisplayName", "Description")
        document["describe"] |= {**changes, "LastModifiedTime": time.time()}

    EXPERIMENT.update(backend, name, change)
    return {"ExperimentArn": EXPERIMENT.arn(backend, name)}


@operation("sagemaker", "DeleteExperiment")
def delete_experiment(backend: Backend, request: Request) -> Response:
    """Delete an experiment."""
    name = request["ExperimentName"]
    EXPERIMENT.delete(backend, name)
    return {"ExperimentArn": EXPERIMENT.arn(backend, name)}
