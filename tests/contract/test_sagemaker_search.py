"""Search through unmodified boto3.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SearchExpression.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Filter.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
Filters = list[dict[str, Any]]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
ACCURACIES = ("0.9", "0.8", "0.95")


@pytest.fixture
def group(sagemaker: Any) -> str:
    """Give a group of three versions: 1 and 3 are approved, each has an accuracy."""
    name = f"group-{uuid.uuid4()}"
    tags = [{"Key": "team", "Value": "harbour"}]
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="boats", Tags=tags)
    for number, accuracy in enumerate(ACCURACIES):
        sagemaker.create_model_package(
            ModelPackageGroupName=name,
            ModelApprovalStatus="PendingManualApproval" if number == 1 else "Approved",
            ModelPackageDescription=f"package {number + 1} of {name}",
            CustomerMetadataProperties={"accuracy": accuracy, "round": f"r{number + 1}"},
        )
    return name


def condition(name: str, operator: str | None = None, value: str | None = None) -> dict[str, Any]:
    """Return a filter."""
    members = {"Name": name, "Operator": operator, "Value": value}
    return {member: given for member, given in members.items() if given is not None}


def versions(sagemaker: Any, group: str, *filters: dict[str, Any], **members: Any) -> list[int]:
    """Return the versions of the group that satisfy an expression, in the order of the answer."""
    own = condition("ModelPackageGroupName", "Equals", group)
    expression = {"SubExpressions": [{"Filters": [own]}, {"Filters": list(filters) or [own], **members}]}
    answer = sagemaker.search(Resource="ModelPackage", SearchExpression=expression, SortBy="ModelPackageVersion")
    assert answer["TotalHits"] == {"Value": len(answer["Results"]), "Relation": "EqualTo"}
    return [each["ModelPackage"]["ModelPackageVersion"] for each in answer["Results"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], [3, 2, 1]),
        ([condition("ModelApprovalStatus", "Equals", "Approved")], [3, 1]),
        ([condition("ModelApprovalStatus", value="Approved")], [3, 1]),  # Equals is the default
        ([condition("ModelApprovalStatus", "NotEquals", "Approved")], [2]),
        ([condition("ModelApprovalStatus", "In", "Rejected,PendingManualApproval")], [2]),
        ([condition("ModelPackageVersion", "GreaterThan", "2")], [3]),
        ([condition("ModelPackageVersion", "GreaterThanOrEqualTo", "2")], [3, 2]),
        ([condition("ModelPackageVersion", "LessThan", "2")], [1]),
        ([condition("ModelPackageVersion", "LessThanOrEqualTo", "2")], [2, 1]),
        ([condition("ModelPackageDescription", "Contains", "package 2")], [2]),
        ([condition("CustomerMetadataProperties.accuracy", "Equals", "0.95")], [3]),
        ([condition("CustomerMetadataProperties.accuracy", "Exists")], [3, 2, 1]),
        ([condition("ApprovalDescription", "NotExists")], [3, 2, 1]),
        ([condition("ApprovalDescription", "NotEquals", "good")], [3, 2, 1]),
        ([condition("ModelPackageVersion", "LessThan", "3"), condition("ModelApprovalStatus", value="Approved")], [1]),
    ],
)
def test_every_operator_chooses_packages(sagemaker: Any, group: str, filters: Filters, found: list[int]) -> None:
    assert versions(sagemaker, group, *filters) == found


def test_or_is_satisfied_by_one_condition(sagemaker: Any, group: str) -> None:
    either = [condition("ModelPackageVersion", "Equals", "1"), condition("ModelPackageVersion", "Equals", "2")]
    assert versions(sagemaker, group, *either, Operator="Or") == [2, 1]
    assert versions(sagemaker, group, *either) == []


def test_times_are_compared_as_moments(sagemaker: Any, group: str) -> None:
    """For timestamp properties, Value must be an ISO 8601 date-time string."""
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    for moment, found in ((now - hour, [3, 2, 1]), (now + hour, [])):
        asked = condition("CreationTime", "GreaterThan", moment.strftime("%Y-%m-%dT%H:%M:%S"))
        assert versions(sagemaker, group, asked) == found


def test_an_approval_is_found_at_once(sagemaker: Any, group: str) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}/2"
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    assert versions(sagemaker, group, condition("ApprovalDescription", "Equals", "good")) == [2]
    sagemaker.delete_model_package(ModelPackageName=arn)
    assert versions(sagemaker, group) == [3, 1]


def test_a_group_is_found_by_its_tag(sagemaker: Any, group: str) -> None:
    filters = [condition("Tags.team", "Equals", "harbour"), condition("ModelPackageGroupName", "Equals", group)]
    (found,) = sagemaker.search(Resource="ModelPackageGroup", SearchExpression={"Filters": filters})["Results"]
    assert found["ModelPackageGroup"]["Tags"] == [{"Key": "team", "Value": "harbour"}]
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert found["ModelPackageGroup"]["CreationTime"] == described["CreationTime"]
    sagemaker.delete_tags(ResourceArn=described["ModelPackageGroupArn"], TagKeys=["team"])
    assert sagemaker.search(Resource="ModelPackageGroup", SearchExpression={"Filters": filters})["Results"] == []


@pytest.mark.parametrize(
    ("order", "expected"), [("Ascending", ["0.8", "0.9", "0.95"]), ("Descending", ["0.95", "0.9", "0.8"])]
)
def test_pages_go_through_all_results_in_order(sagemaker: Any, group: str, order: str, expected: list[str]) -> None:
    pages = sagemaker.get_paginator("search").paginate(
        Resource="ModelPackage",
        SearchExpression={"Filters": [condition("ModelPackageGroupName", "Equals", group)]},
        SortBy="CustomerMetadataProperties.accuracy",
        SortOrder=order,
        PaginationConfig={"PageSize": 1},
    )
    results = [page["Results"] for page in pages]
    assert [len(page) for page in results] == [1, 1, 1]
    assert [page[0]["ModelPackage"]["CustomerMetadataProperties"]["accuracy"] for page in results] == expected


def test_what_was_changed_last_comes_first(sagemaker: Any, group: str) -> None:
    """SortBy is LastModifiedTime, SortOrder Descending by default."""
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}/1"
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    own = {"Filters": [condition("ModelPackageGroupName", "Equals", group)]}
    found = sagemaker.search(Resource="ModelPackage", SearchExpression=own)["Results"]
    assert [each["ModelPackage"]["ModelPackageVersion"] for each in found] == [1, 3, 2]


def test_training_jobs_are_found_by_hyperparameter_metric_and_channel(
    client: Client, sagemaker: Any, bucket: str
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NestedFilters.html"""
    for key in ("a/x", "b/x"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=b"1")
    channels = [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}/"}},
        }
        for name, prefix in (("train", "a"), ("test", "b"))
    ]
    names = {}
    for loss in ("0.5", "0.25"):
        names[loss] = f"job-{uuid.uuid4()}"
        sagemaker.create_training_job(
            TrainingJobName=names[loss],
            HyperParameters={"rate": loss},
            AlgorithmSpecification={
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python", "-c", f"print('loss={loss}')"],
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
            },
            RoleArn=ROLE,
            InputDataConfig=channels,
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    for name in names.values():
        waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200})
    own = condition("OutputDataConfig.S3OutputPath", "Equals", f"s3://{bucket}/output")

    def found(**expression: Any) -> list[str]:
        asked = {"SubExpressions": [{"Filters": [own]}, expression or {"Filters": [own]}]}
        results = sagemaker.search(Resource="TrainingJob", SearchExpression=asked, SortBy="Metrics.loss")["Results"]
        return [each["TrainingJob"]["TrainingJobName"] for each in results]

    def nested(prefix: str) -> dict[str, Any]:
        uri = condition("InputDataConfig.DataSource.S3DataSource.S3Uri", "Equals", f"s3://{bucket}/{prefix}/")
        filters = [condition("InputDataConfig.ChannelName", "Equals", "train"), uri]
        return {"NestedPropertyName": "InputDataConfig", "Filters": filters}

    assert found() == [names["0.5"], names["0.25"]]
    assert found(Filters=[condition("HyperParameters.rate", "Equals", "0.25")]) == [names["0.25"]]
    assert found(Filters=[condition("Metrics.loss", "GreaterThan", "0.3")]) == [names["0.5"]]
    assert len(found(NestedFilters=[nested("a")])) == 2
    assert found(NestedFilters=[nested("b")]) == []  # one channel must satisfy both


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({}, "at least one filter"),
        ({"Filters": [condition("Nothing", "Equals", "1")]}, "Unknown property name Nothing of resource ModelPackage"),
        ({"Filters": [condition("ModelPackageVersion", "Equals", "one")]}, "'one' is no number"),
        ({"Filters": [condition("CreationTime", "LessThan", "yesterday")]}, "'yesterday' is no timestamp"),
        ({"Filters": [condition("ModelPackageName", "GreaterThan", "a")]}, "GreaterThan is not supported"),
        ({"Filters": [condition("ModelPackageVersion", "Contains", "1")]}, "Contains is not supported"),
        ({"Filters": [condition("ModelPackageName", "Equals")]}, "needs a Value"),
        (
            {"Filters": [condition("ModelPackageName", "Contains", letter) for letter in "ab"]},
            "'CONTAINS' operator usage limit of 1 exceeded",
        ),
        (
            {"SubExpressions": [{"Filters": [condition("ModelPackageName", "Exists")] * 20}] * 3},
            "at most 50 conditions",
        ),
    ],
)
def test_an_expression_that_means_nothing_is_refused(sagemaker: Any, expression: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        sagemaker.search(Resource="ModelPackage", SearchExpression=expression)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_the_token_of_another_question_is_refused(sagemaker: Any, group: str) -> None:
    token = sagemaker.search(Resource="ModelPackage", MaxResults=1)["NextToken"]
    with pytest.raises(ClientError, match="Invalid pagination token"):
        sagemaker.search(Resource="ModelPackageGroup", MaxResults=1, NextToken=token)


@pytest.mark.parametrize("resource", ["Experiment", "ExperimentTrialComponent", "Pipeline", "Image", "Model"])
def test_what_sagelocal_has_not_is_refused_by_name(sagemaker: Any, resource: str) -> None:
    with pytest.raises(ClientError, match=f"Resource = {resource}") as refused:
        sagemaker.search(Resource=resource)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
