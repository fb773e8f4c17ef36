"""What decides whether work is the same, against S3 and ECR of a real sagelocal; no job runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.conftest import LocalServer

from boatyard.aws.cache.contents import UnknownContentsError, image, stored
from boatyard.aws.cache.entries import Rule
from boatyard.aws.cache.jobs import JobCache
from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import EnvironmentClients
from boatyard.aws.naming import Owner

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"

Key = Callable[..., str]


@pytest.fixture
def s3(client: Callable[[str], Any], bucket: str) -> Any:
    s3 = client("s3")
    for day, rows in {"monday": b"1,2\n", "copy": b"1,2\n", "tuesday": b"1,3\n"}.items():
        s3.put_object(Bucket=bucket, Key=f"tides/{day}/rows.csv", Body=rows)
    return s3


@pytest.fixture
def key(aws: LocalServer, bucket: str, s3: Any) -> Key:
    """Give a function that returns the key of a training on the files of `day`, with members of its request changed."""
    me = Claimant(Owner("test", "harbour", "run", "train"))

    def key(day: str = "monday", contents: dict[str, str] | None = None, **members: Any) -> str:
        rule = Rule(f"s3://{bucket}/cache", contents or {}, force=False)
        cache = JobCache(EnvironmentClients(aws.environment), "training", rule, me)
        return cache.key_of(request(bucket, day) | members)

    return key


def request(bucket: str, day: str) -> dict[str, Any]:
    return {
        "TrainingJobName": "{job_name}",
        "HyperParameters": {"eta": "0.2"},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/boatyard",
        "InputDataConfig": [channel(f"s3://{bucket}/tides/{day}/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def channel(uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def test_equal_files_are_the_same_input_wherever_they_lie(key: Key) -> None:
    assert key("copy") == key("monday") != key("tuesday")


def test_one_more_file_is_another_input(key: Key, s3: Any, bucket: str) -> None:
    before = key()
    s3.put_object(Bucket=bucket, Key="tides/monday/more.csv", Body=b"")
    assert key() != before


def test_a_file_of_another_name_is_another_input(key: Key, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="tides/renamed/lines.csv", Body=b"1,2\n")
    assert key("renamed") != key("monday")


def test_contents_that_are_known_stand_for_the_files(key: Key) -> None:
    assert key("monday", {"train": "a"}) == key("tuesday", {"train": "a"}) != key("tuesday", {"train": "b"})


@pytest.mark.parametrize(
    "members",
    [
        {"TrainingJobName": "{job_name}-other"},
        {"Tags": [{"Key": "team", "Value": "tides"}]},
        {"StoppingCondition": {"MaxRuntimeInSeconds": 900, "MaxWaitTimeInSeconds": 1800}},
        {"EnableManagedSpotTraining": True},
        {"CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints/"}},
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}},
    ],
    ids=lambda members: next(iter(members)),
)
def test_what_does_not_change_the_result_does_not_count(key: Key, members: dict[str, Any]) -> None:
    assert key(**members) == key()


@pytest.mark.parametrize(
    "members",
    [
        {"HyperParameters": {"eta": "0.3"}},
        {"Environment": {"TIDE": "low"}},
        {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}},
        {"OutputDataConfig": {"S3OutputPath": "s3://bucket/elsewhere"}},
        {"AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "FastFile"}},
        {"RoleArn": "arn:aws:iam::123456789012:role/other"},
    ],
    ids=lambda members: next(iter(members)),
)
def test_what_may_change_the_result_counts(key: Key, members: dict[str, Any]) -> None:
    assert key(**members) != key()


@pytest.mark.parametrize(
    "source",
    [
        {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/manifest"}},
        {"FileSystemDataSource": {"FileSystemId": "fs-1", "FileSystemType": "EFS"}},
    ],
    ids=["manifest", "file system"],
)
def test_an_input_whose_contents_cannot_be_listed_has_no_key(key: Key, source: dict[str, Any]) -> None:
    with pytest.raises(UnknownContentsError):
        key(InputDataConfig=[{"ChannelName": "train", "DataSource": source}])


def test_a_listing_of_many_pages_is_read_to_its_end(s3: Any, bucket: str) -> None:
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"many/{number}", Body=b"")

    class Pages:
        """The same client, with two keys on a page."""

        meta, exceptions = s3.meta, s3.exceptions

        def list_objects_v2(self, **request: Any) -> Any:
            return s3.list_objects_v2(**request, MaxKeys=2)

    assert stored(Pages(), f"s3://{bucket}/many/") == stored(s3, f"s3://{bucket}/many/")
    assert stored(s3, f"s3://{bucket}/many/").objects == 5


@pytest.mark.unverified
def test_an_image_is_told_by_the_digest_that_its_registry_has(client: Callable[[str], Any]) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html: imageDigest."""
    found = image(client("ecr"), IMAGE)
    assert found.startswith("sha256:")
    assert image(client("ecr"), IMAGE.replace(":0.1.0", ":latest")) == found
    assert image(client("ecr"), f"{IMAGE.partition(':')[0]}@sha256:{'0' * 64}") == f"sha256:{'0' * 64}"


def test_an_image_whose_digest_nobody_tells_is_told_by_a_tag_that_does_not_move(client: Callable[[str], Any]) -> None:
    elsewhere = "683313688378.dkr.ecr.us-east-1.amazonaws.com/somebody-elses:1.7-1"
    assert image(client("ecr"), elsewhere) == elsewhere
    with pytest.raises(UnknownContentsError, match="may change"):
        image(client("ecr"), elsewhere.replace(":1.7-1", ":latest"))
    with pytest.raises(UnknownContentsError, match="no image of ECR"):
        image(client("ecr"), "docker.io/library/python:3.11")
