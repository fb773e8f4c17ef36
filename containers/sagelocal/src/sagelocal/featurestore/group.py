"""What a feature group is: the checks at its creation and the form that writing records needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sagelocal.athena.catalog import CATALOG_NAME, Column, Table
from sagelocal.errors import AwsError, validation_error
from sagelocal.featurestore.values import PLAIN

if TYPE_CHECKING:
    from sagelocal.backend import Backend

KIND = "feature_group"
OFFLINE_KIND = "offline_store"  # what the flusher needs; outlives its group, as the files and the table do
DATABASE = "sagemaker_featurestore"

RESERVED_NAMES = ("is_deleted", "write_time", "api_invocation_time")
PARTITIONS = ("year", "month", "day", "hour")
_EVENT_TIME_TYPES = ("String", "Fractional")
_GLUE_TYPES = {"Integral": "bigint", "Fractional": "double", "String": "string"}
_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3_600, "Days": 86_400, "Weeks": 604_800}

Document = dict[str, Any]
Pick = Callable[[dict[str, str]], Sequence[str]]
AreValues = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class FeatureGroup:
    """Hold what reading and writing records needs of a group's document.

    `key` is the name with the time of creation: a group made anew under an old name never meets old records.
    """

    name: str
    key: str
    record_identifier: str
    event_time: str
    types: dict[str, str]  # feature name -> type, in the order of the definitions
    online: bool
    offline: bool
    ttl: int | None  # seconds
    status: str

    @cached_property
    def numbers(self) -> tuple[tuple[Pick, AreValues], ...]:
        """Return, by type of number, how to get a record's texts of that type and what is true of plain ones.

        KeyError from the former if the record lacks one of them.
        """
        by_type = {kind: [name for name, its in self.types.items() if its == kind] for kind in PLAIN}
        # of one name alone itemgetter gives no tuple
        return tuple((itemgetter(*names, names[0]), PLAIN[kind]) for kind, names in by_type.items() if names)

    @cached_property
    def roles(self) -> tuple[tuple[str, str], ...]:
        """Return the features that every record has, with what they are."""
        return ("record identifier", self.record_identifier), ("event time", self.event_time)

    @cached_property
    def stores(self) -> frozenset[str]:
        return frozenset(
            store for store, there in (("OnlineStore", self.online), ("OfflineStore", self.offline)) if there
        )


def name_of(name_or_arn: str) -> str:
    """Return the name in a feature group's name or ARN."""
    return name_or_arn.rsplit("/", 1)[-1]


def key_at(location: str) -> str:
    """Return the key of the group whose offline store lies at a location."""
    return location.rsplit("/", 2)[-2]


def seconds_of(ttl: dict[str, Any] | None) -> int | None:
    """Return a `TtlDuration` in seconds."""
    return ttl["Value"] * _SECONDS[ttl["Unit"]] if ttl else None


def group_from(document: Document) -> FeatureGroup:
    """Return the form for records of a stored document."""
    describe = document["describe"]
    online = describe.get("OnlineStoreConfig") or {}
    return FeatureGroup(
        name=describe["FeatureGroupName"],
        key=document["key"],
        record_identifier=describe["RecordIdentifierFeatureName"],
        event_time=describe["EventTimeFeatureName"],
        types={feature["FeatureName"]: feature["FeatureType"] for feature in describe["FeatureDefinitions"]},
        online=bool(online.get("EnableOnlineStore")),
        offline="OfflineStoreConfig" in describe,
        ttl=seconds_of(online.get("TtlDuration")),
        status=describe["FeatureGroupStatus"],
    )


def check_definitions(definitions: list[dict[str, Any]], offline: bool) -> None:
    """Refuse features that a group cannot have."""
    reserved = (*RESERVED_NAMES, *PARTITIONS) if offline else RESERVED_NAMES
    seen: set[str] = set()
    for feature in definitions:
        name = feature["FeatureName"]
        if name.lower() in reserved:
            raise validation_error(f"FeatureName '{name}' is reserved. Reserved names: {', '.join(reserved)}.")
        if name.lower() in seen:  # the Glue table's columns know no case
            raise validation_error(f"Duplicate FeatureName '{name}' in FeatureDefinitions.")
        seen.add(name.lower())
        if feature.get("CollectionType"):
            raise validation_error(
                f"CollectionType of feature '{name}' is not supported by sagelocal; features are single values."
            )


def check_request(request: Document) -> None:
    """Refuse a CreateFeatureGroup request that AWS or sagelocal cannot fulfil."""
    types = {feature["FeatureName"]: feature["FeatureType"] for feature in request["FeatureDefinitions"]}
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if request[member] not in types:
            raise validation_error(f"{member} '{request[member]}' is not one of the names in FeatureDefinitions.")
    event_time = request["EventTimeFeatureName"]
    if types[event_time] not in _EVENT_TIME_TYPES:
        raise validation_error(
            f"EventTimeFeatureName '{event_time}' has FeatureType {types[event_time]}; "
            f"it must be one of {', '.join(_EVENT_TIME_TYPES)}."
        )
    online = bool((request.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))
    offline = request.get("OfflineStoreConfig")
    if not online and not offline:
        raise validation_error("At least one of OnlineStoreConfig and OfflineStoreConfig must be specified.")
    if offline and not request.get("RoleArn"):
        raise validation_error("RoleArn is required when OfflineStoreConfig is specified.")
    if offline and offline.get("TableFormat") == "Iceberg":
        raise validation_error("TableFormat 'Iceberg' is not supported by sagelocal; use 'Glue'.")
    check_definitions(request["FeatureDefinitions"], offline is not None)


def _offline_store_config(backend: Backend, request: Document, key: str) -> Document:
    given = request["OfflineStoreConfig"]
    storage = given["S3StorageConfig"]
    parts = urlsplit(storage["S3Uri"])
    if parts.scheme != "s3":
        raise validation_error(f"S3Uri '{storage['S3Uri']}' must be an S3 URI, s3://bucket/prefix.")
    if not backend.objects.has_bucket(parts.netloc):
        raise validation_error(f"The S3 bucket '{parts.netloc}' of S3Uri does not exist.")
    folder = "/".join(part for part in (parts.netloc, parts.path.strip("/")) if part)
    resolved = f"s3://{folder}/{backend.account}/sagemaker/{backend.region}/offline-store/{key}/data"
    disabled = bool(given.get("DisableGlueTableCreation"))
    named = {"TableName": key.replace("-", "_").lower(), "Catalog": CATALOG_NAME, "Database": DATABASE}
    catalog = given.get("DataCatalogConfig") or (None if disabled else named)
    return {
        "S3StorageConfig": {**storage, "ResolvedOutputS3Uri": resolved},
        "DisableGlueTableCreation": disabled,
        **({"DataCatalogConfig": catalog} if catalog else {}),
        **({"TableFormat": given["TableFormat"]} if given.get("TableFormat") else {}),
    }


def new_document(backend: Backend, request: Document, key: str, now: float) -> Document:
    """Return the document of a group that is being created."""
    check_request(request)
    name = request["FeatureGroupName"]
    copied = ("RecordIdentifierFeatureName", "EventTimeFeatureName", "FeatureDefinitions", "OnlineStoreConfig")
    describe = {
        "FeatureGroupArn": backend.arn("sagemaker", f"feature-group/{name}"),
        "FeatureGroupName": name,
        **{member: request[member] for member in (*copied, "RoleArn", "Description") if member in request},
        "ThroughputConfig": request.get("ThroughputConfig") or {"ThroughputMode": "OnDemand"},
        "CreationTime": now,
        "LastModifiedTime": now,
        "FeatureGroupStatus": "Creating",
    }
    if request.get("OfflineStoreConfig"):
        describe["OfflineStoreConfig"] = _offline_store_config(backend, request, key)
        describe["OfflineStoreStatus"] = {"Status": "Active"}
    return {"request": request, "describe": describe, "key": key}


def offline_document(document: Document) -> Document:
    """Return what the flusher needs to know of a group with an offline store."""
    describe = document["describe"]
    table = glue_table(describe)
    return {
        "group": describe["FeatureGroupName"],
        "table": [table.database, table.name] if table is not None else None,
        "location": describe["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"],
        "features": [[feature["FeatureName"], feature["FeatureType"]] for feature in describe["FeatureDefinitions"]],
    }


def glue_columns(describe: Document) -> tuple[Column, ...]:
    """Return the columns of a group's table without the partitions."""
    features = [(f["FeatureName"], _GLUE_TYPES[f["FeatureType"]]) for f in describe["FeatureDefinitions"]]
    added = [("write_time", "timestamp"), ("api_invocation_time", "timestamp"), ("is_deleted", "boolean")]
    return tuple(Column(name.lower(), glue_type) for name, glue_type in features + added)


def glue_table(describe: Document) -> Table | None:
    """Return the table that is made with a group, if one is."""
    offline = describe.get("OfflineStoreConfig") or {}
    named = offline.get("DataCatalogConfig")
    if not named or offline["DisableGlueTableCreation"]:
        return None
    return Table(
        database=named["Database"],
        name=named["TableName"],
        columns=glue_columns(describe),
        partitions=tuple(Column(name, "string") for name in PARTITIONS),
        location=offline["S3StorageConfig"]["ResolvedOutputS3Uri"],
    )


def not_found(name: str) -> AwsError:
    """Return SageMaker's answer to the name of a group that is not there."""
    return AwsError(
        "ResourceNotFound", f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
    )
