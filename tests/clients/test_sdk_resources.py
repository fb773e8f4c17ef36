"""The SageMaker Python SDK, version 3, unmodified: the registry and the feature store.

https://sagemaker.readthedocs.io/en/stable/
"""

from __future__ import annotations

import uuid

import boto3

from conftest import ROLE, TABULAR


def test_a_model_package_is_registered_approved_and_found(bucket: str) -> None:
    from sagemaker.core.resources import ModelPackage, ModelPackageGroup

    client = boto3.client("sagemaker")
    client_s3 = boto3.client("s3")
    client_s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"")
    group = f"g-{uuid.uuid4().hex[:12]}"
    ModelPackageGroup.create(model_package_group_name=group, model_package_group_description="by the SDK")
    # ModelPackage.create asks a version's answer for a name, which AWS gives to unversioned packages only
    created = client.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [{"Image": TABULAR, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )
    package = ModelPackage.get(model_package_name=created["ModelPackageArn"])
    package.update(model_approval_status="Approved", approval_description="it is good")
    package.refresh()
    assert (package.model_package_version, package.model_approval_status) == (1, "Approved")
    assert package.approval_description == "it is good"
    (found,) = list(ModelPackage.get_all(model_package_group_name=group))
    assert found.model_package_arn == package.model_package_arn


def test_a_feature_group_takes_records_and_gives_them_back() -> None:
    from sagemaker.core.resources import FeatureGroup
    from sagemaker.core.shapes import FeatureDefinition, FeatureValue, OnlineStoreConfig

    name = f"f-{uuid.uuid4().hex[:12]}"
    group = FeatureGroup.create(
        feature_group_name=name,
        record_identifier_feature_name="id",
        event_time_feature_name="at",
        feature_definitions=[
            FeatureDefinition(feature_name="id", feature_type="Integral"),
            FeatureDefinition(feature_name="at", feature_type="String"),
            FeatureDefinition(feature_name="value", feature_type="Fractional"),
        ],
        online_store_config=OnlineStoreConfig(enable_online_store=True),
        role_arn=ROLE,
    )
    group.wait_for_status("Created", poll=1)
    record = [
        FeatureValue(feature_name="id", value_as_string="7"),
        FeatureValue(feature_name="at", value_as_string="2026-01-01T00:00:00Z"),
        FeatureValue(feature_name="value", value_as_string="0.5"),
    ]
    group.put_record(record=record)
    answer = group.get_record(record_identifier_value_as_string="7")
    values = {feature.feature_name: feature.value_as_string for feature in answer.record}
    assert values == {"id": "7", "at": "2026-01-01T00:00:00Z", "value": "0.5"}
