from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sagelocal.backend import Backend
from sagelocal.errors import AwsError

Call = Callable[..., dict[str, Any]]
Register = Callable[..., str]

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


@pytest.fixture
def group(call: Call) -> str:
    call("CreateModelPackageGroup", ModelPackageGroupName="group", ModelPackageGroupDescription="all of them")
    return "group"


@pytest.fixture
def register(call: Call, group: str, package: Call) -> Register:
    """Return a function that registers a version and returns its ARN."""

    def run(**changes: Any) -> str:
        return str(call("CreateModelPackage", **package(group, **changes))["ModelPackageArn"])

    return run


def test_a_group_that_exists_already_is_refused_in_the_words_clients_look_for(call: Call, group: str) -> None:
    with pytest.raises(AwsError) as caught:
        call("CreateModelPackageGroup", ModelPackageGroupName=group)
    assert caught.value.code == "ValidationException"
    assert caught.value.message.startswith("Model Package Group already exists")


def test_a_missing_group_says_that_it_does_not_exist(call: Call) -> None:
    with pytest.raises(AwsError, match=f"ModelPackageGroup {ARN}:model-package-group/nobody does not exist.") as caught:
        call("DescribeModelPackageGroup", ModelPackageGroupName="nobody")
    assert caught.value.code == "ValidationException"


def test_versions_count_up_and_are_never_given_twice(call: Call, register: Register) -> None:
    assert [register(), register()] == [f"{ARN}:model-package/group/1", f"{ARN}:model-package/group/2"]
    call("DeleteModelPackage", ModelPackageName=f"{ARN}:model-package/group/2")
    assert register() == f"{ARN}:model-package/group/3"


def test_versions_registered_at_the_same_time_differ(register: Register) -> None:
    with ThreadPoolExecutor(8) as threads:
        arns = list(threads.map(lambda _: register(), range(16)))
    assert len(set(arns)) == 16


def test_a_version_waits_for_approval(call: Call, register: Register) -> None:
    described = call("DescribeModelPackage", ModelPackageName=register())
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == ("group", 1)
    assert described["ModelPackageStatus"] == "Completed"
    assert "ClientToken" not in described


def test_the_same_client_token_registers_once(call: Call, register: Register) -> None:
    assert register(ClientToken="token") == register(ClientToken="token")
    assert len(call("ListModelPackages", ModelPackageGroupName="group")["ModelPackageSummaryList"]) == 1


def test_a_client_token_of_another_request_is_a_conflict(register: Register) -> None:
    register(ClientToken="token")
    with pytest.raises(AwsError, match="was used with other parameters") as caught:
        register(ClientToken="token", ModelPackageDescription="another")
    assert caught.value.code == "ConflictException"


def test_a_client_token_is_free_again_when_its_package_is_deleted(call: Call, register: Register) -> None:
    arn = register(ClientToken="token")
    call("DeleteModelPackage", ModelPackageName=arn)
    assert register(ClientToken="token") != arn


def test_approval_is_recorded_with_its_reason_and_time(call: Call, register: Register) -> None:
    arn = register()
    assert "LastModifiedTime" not in call("DescribeModelPackage", ModelPackageName=arn)
    call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    described = call("DescribeModelPackage", ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "good")
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_customer_metadata_is_merged_and_removed_by_key(call: Call, register: Register) -> None:
    arn = register(CustomerMetadataProperties={"a": "1", "b": "2"})
    call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        CustomerMetadataProperties={"b": "3", "c": "4"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    described = call("DescribeModelPackage", ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {"b": "3", "c": "4"}


def test_a_group_with_packages_cannot_be_deleted(call: Call, register: Register) -> None:
    arn = register()
    with pytest.raises(AwsError, match=arn) as caught:
        call("DeleteModelPackageGroup", ModelPackageGroupName="group")
    assert caught.value.code == "ConflictException"
    call("DeleteModelPackage", ModelPackageName=arn)
    call("DeleteModelPackageGroup", ModelPackageGroupName="group")
    with pytest.raises(AwsError, match="does not exist"):
        call("DescribeModelPackageGroup", ModelPackageGroupName="group")


@pytest.mark.parametrize("reference", ["group/1", f"{ARN}:model-package/group/1"])
def test_a_package_is_found_by_name_and_by_arn(call: Call, register: Register, reference: str) -> None:
    register()
    assert call("DescribeModelPackage", ModelPackageName=reference)["ModelPackageVersion"] == 1


def test_a_package_of_another_account_is_not_ours(call: Call, register: Register) -> None:
    register()
    with pytest.raises(AwsError, match="does not exist"):
        call(
            "DescribeModelPackage",
            ModelPackageName="arn:aws:sagemaker:us-east-1:999999999999:model-package/group/1",
        )


def test_packages_are_listed_by_group_and_by_approval(call: Call, register: Register) -> None:
    first, second = register(), register()
    call("UpdateModelPackage", ModelPackageArn=second, ModelApprovalStatus="Approved")

    def listed(**request: Any) -> list[str]:
        return [item["ModelPackageArn"] for item in call("ListModelPackages", **request)["ModelPackageSummaryList"]]

    assert listed(ModelPackageGroupName="group") == [first, second]
    assert listed(ModelPackageGroupName="group", ModelApprovalStatus="Approved") == [second]
    assert listed(ModelPackageGroupName="group", SortOrder="Descending", MaxResults=1) == [second]
    assert listed() == []  # unversioned ones only
    assert listed(ModelPackageType="Both") == [first, second]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelPackageName": "also"}, "Both ModelPackageName and ModelPackageGroupName"),
        ({"ModelPackageGroupName": None}, "Missing ARN"),
        ({"ModelPackageGroupName": "nobody"}, "ModelPackageGroup .*nobody does not exist"),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "Tags cannot be specified"),
        ({"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://bucket/no"}]}}, "Could not find model data"),
        ({"CertifyForMarketplace": True}, "does not support CertifyForMarketplace = True"),
    ],
)
def test_a_package_that_cannot_be_registered_uses_up_no_version(
    call: Call, register: Register, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        register(**changes)
    assert register().endswith("/1")


def test_a_model_of_a_package_serves_what_the_package_says(call: Call, register: Register, backend: Backend) -> None:
    arn = register(ModelApprovalStatus="Approved")
    container = {"ModelPackageName": arn, "Environment": {"B": "model", "C": "model"}}
    call("CreateModel", ModelName="model", PrimaryContainer=container)
    document = backend.store.get("model", "model")
    assert document is not None
    assert document["container"]["ModelDataUrl"] == "s3://bucket/model/model.tar.gz"
    assert document["container"]["Environment"] == {"A": "package", "B": "model", "C": "model"}
    assert call("DescribeModel", ModelName="model")["PrimaryContainer"] == container


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_package_that_is_not_approved_makes_no_model(call: Call, register: Register, status: str) -> None:
    arn = register(ModelApprovalStatus=status)
    with pytest.raises(AwsError, match=f"ModelApprovalStatus is {status}, it must be Approved") as caught:
        call("CreateModel", ModelName="model", PrimaryContainer={"ModelPackageName": arn})
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ([{"Image": "x/echo"}, {"Image": "x/echo"}], "has 2 containers"),
        ([{"ModelDataUrl": "s3://bucket/model/model.tar.gz"}], "names no Image"),
        ([{"Image": "x/echo", "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://b/c"}}}], "has ModelDataSource"),
        ([{"Image": "x/echo", "ImageDigest": "sha256:0"}], "has ImageDigest"),
    ],
)
def test_a_package_that_cannot_be_served_makes_no_model(
    call: Call, register: Register, containers: list[dict[str, Any]], message: str
) -> None:
    arn = register(ModelApprovalStatus="Approved", InferenceSpecification={"Containers": containers})
    with pytest.raises(AwsError, match=message):
        call("CreateModel", ModelName="model", PrimaryContainer={"ModelPackageName": arn})


def test_a_package_rejected_since_is_not_deployed(call: Call, register: Register, variant: Call, notes: Any) -> None:
    arn = register(ModelApprovalStatus="Approved")
    call("CreateModel", ModelName="model", Containers=[{"ModelPackageName": arn}])
    call("CreateEndpointConfig", EndpointConfigName="config", ProductionVariants=[variant("model")])
    call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    with pytest.raises(AwsError, match="ModelApprovalStatus is Rejected"):
        call("CreateEndpoint", EndpointName="endpoint", EndpointConfigName="config")
    assert notes.calls == []
