"""Feature groups: one exactly as the spec says, and where its records lie in the offline store."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import ConflictError, StepError, is_missing, is_taken
from boatyard.aws.jobs import differences
from boatyard.aws.outcome import Outcome, outcome_of
from boatyard.aws.waiting.pauses import looks

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OfflineTable:
    """Where Athena finds the records of a feature group."""

    database: str
    table: str
    location: str = ""  # s3://bucket/prefix of its files, "" where AWS does not tell


def ensure_group(client: Any, request: dict[str, Any]) -> None:
    """Make sure that the feature group exists as `request` (of CreateFeatureGroup) says, and is ready for records.

    A group of that name with other features is an error: its records would not fit.
    """
    name = request["FeatureGroupName"]
    if _describe(client, name) is None:
        try:
            call(client, "create_feature_group", request)
            log.info("created feature group %s", name)
        except client.exceptions.ClientError as error:
            if not is_taken(error):  # somebody else was faster: compare with theirs
                raise
    found = _wait_created(client, name)
    different = differences(_comparable(request), _comparable(found))
    if different:
        raise ConflictError(f"feature group {name} exists, but its {', '.join(different)} differ from the spec")


def offline_table(client: Any, name: str) -> OfflineTable:
    """Return the table that holds the records of a feature group."""
    found = _describe(client, name)
    if found is None:
        raise StepError(f"feature group {name} does not exist: ingest something first")
    catalog = found.get("OfflineStoreConfig", {}).get("DataCatalogConfig")
    if catalog is None:
        raise ConflictError(f"feature group {name} has no offline store, so nothing can be trained on it")
    stored = found["OfflineStoreConfig"].get("S3StorageConfig", {})
    return OfflineTable(catalog["Database"], catalog["TableName"], stored.get("ResolvedOutputS3Uri", ""))


def _comparable(group: dict[str, Any]) -> dict[str, Any]:
    features = {feature["FeatureName"]: feature["FeatureType"] for feature in group["FeatureDefinitions"]}
    return {
        "RecordIdentifierFeatureName": group["RecordIdentifierFeatureName"],
        "EventTimeFeatureName": group["EventTimeFeatureName"],
        "FeatureDefinitions": features,
    }


def _wait_created(client: Any, name: str) -> dict[str, Any]:
    for _ in looks():
        found = _describe(client, name)
        if found is None:
            raise StepError(f"feature group {name} is gone")
        outcome = outcome_of("feature_group", found["FeatureGroupStatus"])
        if outcome is Outcome.SUCCEEDED:
            return found
        if outcome.ended:
            reason = found.get("FailureReason", "no reason given")
            raise StepError(f"feature group {name} is {found['FeatureGroupStatus']}: {reason}")
    raise AssertionError("looks() without a limit does not end")


def _describe(client: Any, name: str) -> dict[str, Any] | None:
    try:
        found = call(client, "describe_feature_group", {"FeatureGroupName": name})
    except client.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise
    # A description shows the first features only; the rest comes in pages.
    features = found["FeatureDefinitions"]
    page = found
    while page.get("NextToken"):
        page = call(client, "describe_feature_group", {"FeatureGroupName": name, "NextToken": page["NextToken"]})
        features = [*features, *page["FeatureDefinitions"]]
    return {**found, "FeatureDefinitions": features}
