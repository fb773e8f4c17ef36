"""ingest: make the feature group and let its own script fill it."""

from typing import Any

from boatyard.spec import FeatureGroupSpec, ModelSpec
from boatyard.steps.locations import Place
from boatyard.steps.processing import processing_job
from boatyard.steps.run import Request, RunContext
from boatyard.steps.source_code import feature_code


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return CreateFeatureGroup and the processing job that writes the spine's records."""
    return group_requests(spec.spine_group, spec, run)


def group_requests(group: FeatureGroupSpec, place: Place, run: RunContext) -> tuple[Request, ...]:
    """Return the same for any feature group; what the job leaves lies at `place`."""
    job = processing_job(
        place,
        run,
        "ingest",
        image=group.ingest_image,
        resources=group.ingest,
        code=feature_code(group, run),
        inputs={},
        outputs={"output": "output"},
        arguments=["--feature-group-name", group.name],
    )
    return Request("sagemaker", "CreateFeatureGroup", feature_group(group, run)), job


def feature_group(group: FeatureGroupSpec, run: RunContext) -> dict[str, Any]:
    """Return the parameters of CreateFeatureGroup."""
    return {
        "FeatureGroupName": group.name,
        "Description": group.description,
        "RecordIdentifierFeatureName": group.record_identifier,
        "EventTimeFeatureName": group.event_time,
        "FeatureDefinitions": [
            {"FeatureName": name, "FeatureType": feature_type} for name, feature_type in group.features.items()
        ],
        "OnlineStoreConfig": {"EnableOnlineStore": group.online_store},
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://{run.deployment.bucket}/feature-store"}},
        "RoleArn": run.deployment.role_arn,
    }
