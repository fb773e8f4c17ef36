"""The control plane's operations on feature groups."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.featurestore.group import (
    KIND,
    OFFLINE_KIND,
    Document,
    check_definitions,
    glue_columns,
    glue_table,
    name_of,
    new_document,
    not_found,
    offline_document,
)
from sagelocal.operations import Request, Response, operation
from sagelocal.paging import position

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_MAX_RESULTS = 10
_SUMMARY = ("FeatureGroupName", "FeatureGroupArn", "CreationTime", "FeatureGroupStatus", "OfflineStoreStatus")
_SORT_KEYS = {
    "Name": lambda describe: describe["FeatureGroupName"],
    "FeatureGroupStatus": lambda describe: describe["FeatureGroupStatus"],
    "OfflineStoreStatus": lambda describe: describe.get("OfflineStoreStatus", {}).get("Status", ""),
    "CreationTime": lambda describe: describe["CreationTime"],
}


@operation("sagemaker", "CreateFeatureGroup")
def create_feature_group(backend: Backend, request: Request) -> Response:
    name = request["FeatureGroupName"]
    now = time.time()
    with backend.store.transaction():
        epoch = int(now)
        while backend.store.get(OFFLINE_KIND, f"{name}-{epoch}"):  # made, deleted and made again within a second
            epoch += 1
        document = new_document(backend, request, f"{name}-{epoch}", now)
        if not backend.store.create(KIND, name, document):
            raise AwsError("ResourceInUse", f"Resource Already Exists: FeatureGroup with name {name} already exists.")
        describe = document["describe"]
        if "OfflineStoreConfig" in describe:
            backend.store.create(OFFLINE_KIND, document["key"], offline_document(document))
        table = glue_table(describe)
        if table is not None:
            backend.features.catalog.create_database(table.database)
            backend.features.catalog.create_table(table)
    backend.features.group_changed(name)
    return {"FeatureGroupArn": describe["FeatureGroupArn"]}


def _document(backend: Backend, name_or_arn: str) -> Document:
    name = name_of(name_or_arn)
    document = backend.store.get(KIND, name)
    if document is None:
        raise not_found(name)
    return document


@operation("sagemaker", "DescribeFeatureGroup")
def describe_feature_group(backend: Backend, request: Request) -> Response:
    document = _document(backend, request["FeatureGroupName"])
    describe: Response = document["describe"]
    if (describe.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
        describe["OnlineStoreTotalSizeBytes"] = backend.features.records.online_bytes(document["key"])
    return describe


@operation("sagemaker", "DeleteFeatureGroup")
def delete_feature_group(backend: Backend, request: Request) -> Response:
    name = request["FeatureGroupName"]
    document = _document(backend, name)
    # The document goes first: a process that dies here leaves records that the next start removes.
    backend.store.delete(KIND, name)
    backend.features.group_changed(name)
    backend.features.records.forget(document["key"])
    return {}


@operation("sagemaker", "UpdateFeatureGroup")
def update_feature_group(backend: Backend, request: Request) -> Response:
    name = name_of(request["FeatureGroupName"])
    changes = [member for member in ("FeatureAdditions", "OnlineStoreConfig", "ThroughputConfig") if member in request]
    if len(changes) != 1:
        raise validation_error("Specify exactly one of FeatureAdditions, OnlineStoreConfig and ThroughputConfig.")

    def change(document: Document) -> None:
        describe = document["describe"]
        if "FeatureAdditions" in request:
            describe["FeatureDefinitions"] += request["FeatureAdditions"]
            check_definitions(describe["FeatureDefinitions"], "OfflineStoreConfig" in describe)
        elif "OnlineStoreConfig" in request:
            describe["OnlineStoreConfig"] = _online_config(describe, request["OnlineStoreConfig"])
        else:
            describe["ThroughputConfig"] = {**describe["ThroughputConfig"], **request["ThroughputConfig"]}
        describe["LastModifiedTime"] = time.time()
        describe["LastUpdateStatus"] = {"Status": "Successful"}

    with backend.store.transaction():
        document = backend.store.update(KIND, name, change)
        if document is None:
            raise not_found(name)
        if "FeatureAdditions" in request and "OfflineStoreConfig" in document["describe"]:
            backend.store.update(OFFLINE_KIND, document["key"], lambda _: offline_document(document))
            table = glue_table(document["describe"])
            if table is not None:
                columns = glue_columns(document["describe"])
                backend.features.catalog.replace_columns(table.database, table.name, columns)
    backend.features.group_changed(name)
    return {"FeatureGroupArn": document["describe"]["FeatureGroupArn"]}


def _online_config(describe: Document, change: Document) -> Document:
    if not (describe.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
        raise validation_error(f"FeatureGroup {describe['FeatureGroupName']} has no online store to update.")
    if change.get("StorageType") not in (None, describe["OnlineStoreConfig"].get("StorageType", "Standard")):
        raise validation_error("The StorageType of an online store cannot be changed.")
    kept = {name: value for name, value in describe["OnlineStoreConfig"].items() if name != "TtlDuration"}
    return {**kept, "TtlDuration": change["TtlDuration"]} if change.get("TtlDuration") else kept


@operation("sagemaker", "ListFeatureGroups")
def list_feature_groups(backend: Backend, request: Request) -> Response:
    described = [document["describe"] for document in backend.store.list(KIND)]
    described = [describe for describe in described if _wanted(describe, request)]
    described.sort(
        key=_SORT_KEYS[request.get("SortBy", "CreationTime")], reverse=request.get("SortOrder") == "Descending"
    )
    start = _position(request.get("NextToken"))
    end = start + request.get("MaxResults", _MAX_RESULTS)
    summaries = [{name: describe[name] for name in _SUMMARY if name in describe} for describe in described[start:end]]
    return {"FeatureGroupSummaries": summaries, **({"NextToken": str(end)} if end < len(described) else {})}


def _position(token: str | None) -> int:
    return position(token, validation_error("NextToken is invalid."))


def _wanted(describe: Document, request: Request) -> bool:
    status = describe.get("OfflineStoreStatus", {}).get("Status")
    created = describe["CreationTime"]
    return (
        request.get("NameContains", "") in describe["FeatureGroupName"]
        and request.get("FeatureGroupStatusEquals") in (None, describe["FeatureGroupStatus"])
        and request.get("OfflineStoreStatusEquals") in (None, status)
        and _seconds(request.get("CreationTimeAfter"), 0.0) <= created
        and created <= _seconds(request.get("CreationTimeBefore"), float("inf"))
    )


def _seconds(moment: Any, default: float) -> float:
    if moment is None:
        return default
    return float(moment.timestamp() if hasattr(moment, "timestamp") else moment)
