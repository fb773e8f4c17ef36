"""CreateModelPackage, DescribeModelPackage, ListModelPackages, UpdateModelPackage, DeleteModelPackage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.existence import require_model_data
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import MODEL_PACKAGE, MODEL_PACKAGE_GROUP, pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Members = dict[str, Any]

TOKEN = "model_package_token"  # noqa: S105 - kind of the documents that remember which request used a ClientToken

LISTING = Listing(
    MODEL_PACKAGE,
    "ModelPackageSummaryList",
    (
        "ModelPackageName",
        "ModelPackageGroupName",
        "ModelPackageVersion",
        "ModelPackageArn",
        "ModelPackageDescription",
        "CreationTime",
        "ModelPackageStatus",
        "ModelApprovalStatus",
        "ModelLifeCycle",
        "ModelPackageRegistrationType",
    ),
    filters={"ModelApprovalStatus": "ModelApprovalStatus", "ModelPackageGroupName": "ModelPackageGroupName"},
)

REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


SERVED = ("Image", "ModelDataUrl", "Environment")
# Members of a package's container that say something about it and change nothing of what is served.
DESCRIPTIVE = ("ContainerHostname", "Framework", "FrameworkVersion", "NearestModelName", "ModelInput")


def approved_container(backend: Backend, name_or_arn: str) -> Members:
    """Return the container of a model package; raise an error unless the package is approved.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html, ModelApprovalStatus
    """
    describe = MODEL_PACKAGE.describe(backend, MODEL_PACKAGE.name_of(backend, name_or_arn))
    status = describe.get("ModelApprovalStatus", "Approved")  # does not apply to unversioned packages
    if status != "Approved":
        raise validation_error(
            f"Model package {describe['ModelPackageArn']} cannot be deployed: "
            f"its ModelApprovalStatus is {status}, it must be Approved."
        )
    containers: list[Members] = (describe.get("InferenceSpecification") or {}).get("Containers") or []
    if len(containers) != 1:
        raise validation_error(
            f"Model package {describe['ModelPackageArn']} has {len(containers)} containers in its "
            "InferenceSpecification; sagelocal serves model packages with exactly one."
        )
    container = {member: value for member, value in containers[0].items() if value}
    if unserved := sorted(set(container).difference(SERVED, DESCRIPTIVE)):
        raise validation_error(
            f"Model package {describe['ModelPackageArn']} has {', '.join(unserved)}, "
            "which sagelocal does not support in a container that is served yet."
        )
    if "Image" not in container:
        raise validation_error(f"Model package {describe['ModelPackageArn']} names no Image.")
    return pick(container, *SERVED)


def describe_new(request: Request, identity: Members, now: float) -> Members:
    """Return the Describe response of a new model package; `identity` is its ARN, and its group and version or name."""
    members = {member: value for member, value in request.items() if member not in ("ClientToken", "Tags")}
    if "ModelPackageVersion" in identity:
        members.setdefault("ModelApprovalStatus", "PendingManualApproval")
    return {
        **members,
        **identity,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "CreatedBy": {},
        "CreationTime": now,
    }


def updated(describe: Members, request: Request, now: float) -> Members:
    """Return a package's Describe response after UpdateModelPackage."""
    changed = {**describe, **pick(request, *REPLACED_BY_UPDATE), "LastModifiedTime": now, "LastModifiedBy": {}}
    properties = {
        **(describe.get("CustomerMetadataProperties") or {}),
        **(request.get("CustomerMetadataProperties") or {}),
    }
    for key in request.get("CustomerMetadataPropertiesToRemove") or []:
        properties.pop(key, None)
    specifications = [
        *(describe.get("AdditionalInferenceSpecifications") or []),
        *(request.get("AdditionalInferenceSpecificationsToAdd") or []),
    ]
    for member, value in (
        ("CustomerMetadataProperties", properties),
        ("AdditionalInferenceSpecifications", specifications),
    ):
        changed.pop(member, None)
        if value:
            changed[member] = value
    return changed


def check_request(request: Request) -> None:
    """Raise ValidationException for what the request's shape allows and its rules do not."""
    check_fields("CreateModelPackage", request)
    group, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
    if group and name:
        raise validation_error(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to "
            "use."
        )
    if not group and not name:
        raise validation_error("Missing ARN.")
    if group and request.get("Tags"):
        raise validation_error("Tags cannot be specified for a versioned model package: it has those of its group.")
    if name and request.get("ModelApprovalStatus"):
        raise validation_error("ModelApprovalStatus does not apply to unversioned model packages.")


@operation("sagemaker", "CreateModelPackage")
def create_model_package(backend: Backend, request: Request) -> Response:
    """Register a model package: the next version of its group, or an unversioned one under its own name."""
    check_request(request)
    if earlier := _earlier(backend, request):
        return {"ModelPackageArn": earlier}
    for container in (request.get("InferenceSpecification") or {}).get("Containers") or []:
        if url := container.get("ModelDataUrl"):
            require_model_data(backend, url)
    # Token, version and package become known in one step, or not at all.
    with backend.store.transaction():
        if earlier := _earlier(backend, request):
            return {"ModelPackageArn": earlier}
        name, identity = _next_identity(backend, request)
        describe = describe_new(request, identity, time.time())
        arn = MODEL_PACKAGE.create(backend, name, {"request": request, "describe": describe})
        if token := request.get("ClientToken"):
            backend.store.create(TOKEN, token, {"ModelPackageArn": arn, "request": request})
    return {"ModelPackageArn": arn}


def _earlier(backend: Backend, request: Request) -> str | None:
    """Return the ARN that the same request has had already."""
    token = request.get("ClientToken")
    used = backend.store.get(TOKEN, token) if token else None
    if used is None:
        return None
    if used["request"] != request:
        raise AwsError(
            "ConflictException",
            f"ClientToken {token} was used with other parameters, for {used['ModelPackageArn']}.",
        )
    arn: str = used["ModelPackageArn"]
    return arn


def _next_identity(backend: Backend, request: Request) -> tuple[str, Members]:
    if "ModelPackageGroupName" not in request:
        name = request["ModelPackageName"]
        return name, {"ModelPackageName": name, "ModelPackageArn": MODEL_PACKAGE.arn(backend, name)}
    group = MODEL_PACKAGE_GROUP.name_of(backend, request["ModelPackageGroupName"])

    def count(document: Members) -> None:
        document["latest_version"] += 1  # of all time: a deleted package's number is not given again

    version = MODEL_PACKAGE_GROUP.update(backend, group, count)["latest_version"]
    name = f"{group}/{version}"
    return name, {
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": MODEL_PACKAGE.arn(backend, name),
    }


@operation("sagemaker", "DescribeModelPackage")
def describe_model_package(backend: Backend, request: Request) -> Response:
    """Describe a model package."""
    return MODEL_PACKAGE.describe(backend, MODEL_PACKAGE.name_of(backend, request["ModelPackageName"]))


@operation("sagemaker", "ListModelPackages")
def list_model_packages(backend: Backend, request: Request) -> Response:
    """List the versions of one group, or all packages of one type."""
    asked = dict(request)
    default = "Unversioned"
    if group := request.get("ModelPackageGroupName"):
        asked["ModelPackageGroupName"] = MODEL_PACKAGE_GROUP.name_of(backend, group)
        MODEL_PACKAGE_GROUP.document(backend, asked["ModelPackageGroupName"])
        default = "Versioned"
    versioned = {"Versioned": (True,), "Unversioned": (False,), "Both": (True, False)}[
        request.get("ModelPackageType") or default
    ]
    described = [document["describe"] for document in backend.store.list(MODEL_PACKAGE.kind)]
    return LISTING.page(asked, [item for item in described if ("ModelPackageVersion" in item) in versioned])


@operation("sagemaker", "UpdateModelPackage")
def update_model_package(backend: Backend, request: Request) -> Response:
    """Approve or reject a model package, or change its metadata."""
    check_fields("UpdateModelPackage", request)
    now = time.time()

    def change(document: Members) -> None:
        if request.get("ModelApprovalStatus") and "ModelPackageVersion" not in document["describe"]:
            raise validation_error("ModelApprovalStatus does not apply to unversioned model packages.")
        document["describe"] = updated(document["describe"], request, now)

    name = MODEL_PACKAGE.name_of(backend, request["ModelPackageArn"])
    return {"ModelPackageArn": MODEL_PACKAGE.update(backend, name, change)["describe"]["ModelPackageArn"]}


@operation("sagemaker", "DeleteModelPackage")
def delete_model_package(backend: Backend, request: Request) -> Response:
    """Delete a model package; models made from it go on."""
    name = MODEL_PACKAGE.name_of(backend, request["ModelPackageName"])
    with backend.store.transaction():
        token = MODEL_PACKAGE.document(backend, name)["request"].get("ClientToken")
        if token:
            backend.store.delete(TOKEN, token)
        MODEL_PACKAGE.delete(backend, name)
    return {}
