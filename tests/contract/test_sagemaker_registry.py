"""Model package groups and packages through unmodified boto3.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


@pytest.fixture
def group(sagemaker: Any) -> str:
    name = f"group-{uuid.uuid4()}"
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="")
    return name


@pytest.fixture
def request_(client: Client, bucket: str, group: str) -> dict[str, Any]:
    """Return a CreateModelPackage request whose model data exists."""
    client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=b"")
    return {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/model.tar.gz", "Environment": {"A": "b"}}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "CustomerMetadataProperties": {"accuracy": "0.91"},
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/metrics.json"}}
        },
    }


def test_a_package_is_registered_approved_and_made_a_model(
    sagemaker: Any, group: str, request_: dict[str, Any]
) -> None:
    """A package must be approved to be deployed; UpdateModelPackage approves it."""
    arn = sagemaker.create_model_package(**request_)["ModelPackageArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}/1"
    model = {"ModelName": f"m-{uuid.uuid4()}", "PrimaryContainer": {"ModelPackageName": arn}, "ExecutionRoleArn": ROLE}
    with pytest.raises(ClientError, match="ModelApprovalStatus is PendingManualApproval") as caught:
        sagemaker.create_model(**model)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="better")
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "better")
    assert described["LastModifiedTime"] >= described["CreationTime"]
    assert described["CustomerMetadataProperties"] == {"accuracy": "0.91"}
    assert described["ModelMetrics"] == request_["ModelMetrics"]
    assert sagemaker.create_model(**model)["ModelArn"].endswith(model["ModelName"])


def test_a_repeated_request_registers_one_package(sagemaker: Any, group: str, request_: dict[str, Any]) -> None:
    token = str(uuid.uuid4())
    arns = {sagemaker.create_model_package(**request_, ClientToken=token)["ModelPackageArn"] for _ in range(3)}
    assert len(arns) == 1
    with pytest.raises(ClientError) as caught:
        sagemaker.create_model_package(**request_, ClientToken=token, Domain="COMPUTER_VISION")
    assert caught.value.response["Error"]["Code"] == "ConflictException"


def test_the_newest_approved_package_is_the_first_of_a_list(
    sagemaker: Any, group: str, request_: dict[str, Any]
) -> None:
    arns = [sagemaker.create_model_package(**request_)["ModelPackageArn"] for _ in range(3)]
    for arn in arns[:2]:
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    [newest] = sagemaker.list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    assert (newest["ModelPackageArn"], newest["ModelPackageVersion"]) == (arns[1], 2)
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}
    )
    assert [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]] == arns


def test_a_group_is_created_once_and_deleted_when_it_is_empty(
    sagemaker: Any, group: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"].startswith("Model Package Group already exists")
    arn = sagemaker.create_model_package(**request_)["ModelPackageArn"]
    with pytest.raises(ClientError) as caught:
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert caught.value.response["Error"]["Code"] == "ConflictException"
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_groups_are_listed_in_pages(sagemaker: Any) -> None:
    mark = uuid.uuid4().hex[:12]
    names = [f"{mark}-{number:02}" for number in range(23)]
    for name in names:
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
    assert len(sagemaker.list_model_package_groups(NameContains=mark)["ModelPackageGroupSummaryList"]) == 10
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(
        NameContains=mark, SortBy="Name", SortOrder="Descending"
    )
    found = [item["ModelPackageGroupName"] for page in pages for item in page["ModelPackageGroupSummaryList"]]
    assert found == names[::-1]
