"""Feature groups: what is made, described, listed and refused.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeFeatureGroup.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListFeatureGroups.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.errors import error_of

pytestmark = pytest.mark.unverified


def test_a_group_is_described_as_it_was_made(features: Any) -> None:
    name = features.create_group(Description="numbers")
    described = features.describe(name)
    epoch = int(described["CreationTime"].timestamp())
    assert described["FeatureGroupArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:feature-group/{name}"
    assert described["Description"] == "numbers"
    assert described["OnlineStoreConfig"] == {"EnableOnlineStore": True}
    assert described["OfflineStoreStatus"] == {"Status": "Active"}
    assert described["OfflineStoreConfig"]["DataCatalogConfig"] == {
        "Database": "sagemaker_featurestore",
        "TableName": f"{name.replace('-', '_')}_{epoch}",
        "Catalog": "AwsDataCatalog",
    }
    assert features.describe(described["FeatureGroupArn"])["FeatureGroupName"] == name


def test_a_name_is_given_once_until_its_group_is_deleted(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time="2024-01-01T00:00:00Z")
    again = {
        "FeatureGroupName": name,
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "event_time",
        "FeatureDefinitions": [
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "event_time", "FeatureType": "String"},
        ],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    }
    assert error_of(features.sagemaker.create_feature_group, **again)[0] == "ResourceInUse"
    features.sagemaker.delete_feature_group(FeatureGroupName=name)
    features.create_group(**again)
    assert features.get(name, "1") == {}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"RecordIdentifierFeatureName": "nope"}, "nope"),
        ({"EventTimeFeatureName": "count"}, "count"),
        ({"OnlineStoreConfig": None, "OfflineStoreConfig": None}, "OfflineStoreConfig"),
        ({"RoleArn": None}, "RoleArn"),
        ({"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://no-such-bucket/x"}}}, "no-such-bucket"),
        (
            {
                "FeatureDefinitions": [
                    {"FeatureName": "id", "FeatureType": "String"},
                    {"FeatureName": "event_time", "FeatureType": "String"},
                    {"FeatureName": "is_deleted", "FeatureType": "String"},
                ]
            },
            "is_deleted",
        ),
    ],
)
def test_a_group_that_cannot_work_is_refused_by_name(features: Any, change: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError, match=named) as caught:
        features.create_group(**change)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_groups_are_listed_by_what_their_names_contain(features: Any) -> None:
    names = [features.create_group() for _ in range(3)]
    for name in names:
        listed = features.sagemaker.list_feature_groups(NameContains=name)["FeatureGroupSummaries"]
        assert [item["FeatureGroupName"] for item in listed] == [name]
    pages = features.sagemaker.get_paginator("list_feature_groups").paginate(
        NameContains="group-", SortBy="Name", PaginationConfig={"PageSize": 2}
    )
    found = [item["FeatureGroupName"] for answer in pages for item in answer["FeatureGroupSummaries"]]
    assert [name for name in found if name in names] == sorted(names)


def test_a_group_that_is_not_there_answers_resource_not_found(features: Any) -> None:
    for call in (features.sagemaker.describe_feature_group, features.sagemaker.delete_feature_group):
        assert error_of(call, FeatureGroupName="none")[0] == "ResourceNotFound"
