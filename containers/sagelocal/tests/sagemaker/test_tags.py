from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.backend import Backend
from sagelocal.errors import AwsError

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def arn(call: Call, training: Call) -> Any:
    """Return the ARN of a job with one tag."""
    return call("CreateTrainingJob", **training(Tags=[{"Key": "owner", "Value": "a"}]))["TrainingJobArn"]


def _tags(call: Call, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in call("ListTags", ResourceArn=arn)["Tags"]}


def test_a_resource_has_the_tags_it_was_created_with(call: Call, arn: str) -> None:
    assert _tags(call, arn) == {"owner": "a"}
    assert "Tags" not in call("DescribeTrainingJob", TrainingJobName="job")


def test_tags_are_added_replaced_and_deleted(call: Call, arn: str) -> None:
    added = call("AddTags", ResourceArn=arn, Tags=[{"Key": "owner", "Value": "b"}, {"Key": "run", "Value": "1"}])
    assert added["Tags"] == [{"Key": "owner", "Value": "b"}, {"Key": "run", "Value": "1"}]
    call("DeleteTags", ResourceArn=arn, TagKeys=["owner", "unknown"])
    assert _tags(call, arn) == {"run": "1"}


def test_deleting_the_last_tag_leaves_none(call: Call, arn: str) -> None:
    call("DeleteTags", ResourceArn=arn, TagKeys=["owner"])
    assert _tags(call, arn) == {}


def test_a_resource_has_at_most_fifty_tags(call: Call, arn: str) -> None:
    with pytest.raises(AwsError, match="at most 50 tags"):
        call("AddTags", ResourceArn=arn, Tags=[{"Key": str(number), "Value": ""} for number in range(50)])
    assert _tags(call, arn) == {"owner": "a"}


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/nobody",
        "arn:aws:sagemaker:us-east-1:123456789012:notebook/job",
        "arn:aws:sagemaker:us-east-1:999999999999:training-job/job",
        "arn:aws:s3:::bucket",
    ],
)
@pytest.mark.usefixtures("backend")
def test_what_is_not_there_has_no_tags(call: Call, training: Call, arn: str) -> None:
    call("CreateTrainingJob", **training())
    with pytest.raises(AwsError) as caught:
        call("ListTags", ResourceArn=arn)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize("kind", ["model", "endpoint-config", "endpoint", "model-package-group"])
def test_every_kind_of_resource_can_be_tagged(
    call: Call, model: str, endpoint_config: str, backend: Backend, kind: str
) -> None:
    call("CreateEndpoint", EndpointName="endpoint", EndpointConfigName=endpoint_config)
    call("CreateModelPackageGroup", ModelPackageGroupName="group")
    name = {"model": model, "endpoint-config": endpoint_config, "endpoint": "endpoint"}.get(kind, "group")
    resource = backend.arn("sagemaker", f"{kind}/{name}")
    call("AddTags", ResourceArn=resource, Tags=[{"Key": "a", "Value": "b"}])
    assert _tags(call, resource) == {"a": "b"}
