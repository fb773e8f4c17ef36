"""CreateModelPackageGroup, DescribeModelPackageGroup, ListModelPackageGroups, DeleteModelPackageGroup."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import MODEL_PACKAGE, MODEL_PACKAGE_GROUP, pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend

LISTING = Listing(
    MODEL_PACKAGE_GROUP,
    "ModelPackageGroupSummaryList",
    (
        "ModelPackageGroupName",
        "ModelPackageGroupArn",
        "ModelPackageGroupDescription",
        "CreationTime",
        "ModelPackageGroupStatus",
    ),
)


@operation("sagemaker", "CreateModelPackageGroup")
def create_model_package_group(backend: Backend, request: Request) -> Response:
    """Create a model package group."""
    check_fields("CreateModelPackageGroup", request)
    name = request["ModelPackageGroupName"]
    describe = {
        **pick(request, "ModelPackageGroupName", "ModelPackageGroupDescription"),
        "ModelPackageGroupArn": MODEL_PACKAGE_GROUP.arn(backend, name),
        "ModelPackageGroupStatus": "Completed",
        "CreatedBy": {},
        "CreationTime": time.time(),
    }
    document = {"request": request, "describe": describe, "latest_version": 0}
    return {"ModelPackageGroupArn": MODEL_PACKAGE_GROUP.create(backend, name, document)}


@operation("sagemaker", "DescribeModelPackageGroup")
def describe_model_package_group(backend: Backend, request: Request) -> Response:
    """Describe a model package group."""
    name = MODEL_PACKAGE_GROUP.name_of(backend, request["ModelPackageGroupName"])
    return MODEL_PACKAGE_GROUP.describe(backend, name)


@operation("sagemaker", "ListModelPackageGroups")
def list_model_package_groups(backend: Backend, request: Request) -> Response:
    """List model package groups."""
    check_fields("ListModelPackageGroups", request)
    return LISTING.page(request, [document["describe"] for document in backend.store.list(MODEL_PACKAGE_GROUP.kind)])


@operation("sagemaker", "DeleteModelPackageGroup")
def delete_model_package_group(backend: Backend, request: Request) -> Response:
    """Delete a model package group that has no packages left."""
    name = MODEL_PACKAGE_GROUP.name_of(backend, request["ModelPackageGroupName"])
    with backend.store.transaction():
        members = [
            document["describe"]["ModelPackageArn"]
            for document in backend.store.list(MODEL_PACKAGE.kind)
            if document["describe"].get("ModelPackageGroupName") == name
        ]
        if members:
            raise AwsError(
                "ConflictException",
                f"Model Package Group cannot be deleted because it still contains Model Packages: {', '.join(members)}",
            )
        MODEL_PACKAGE_GROUP.delete(backend, name)
    return {}
