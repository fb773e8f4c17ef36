"""The runtime's operations on records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sagelocal.errors import AwsError
from sagelocal.featurestore.group import FeatureGroup, seconds_of
from sagelocal.featurestore.record_log import OnlineRecord, Write
from sagelocal.featurestore.values import NANOSECONDS, event_time, is_value
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_ENCODE = msgspec.json.Encoder().encode
_SERVICE = "sagemaker-featurestore-runtime"


def _refuse(message: str) -> AwsError:
    return AwsError("ValidationError", f"Validation Error: {message}")


def _group(backend: Backend, name: str, code: str = "ResourceNotFound") -> FeatureGroup:
    try:
        group = backend.features.group(name)
    except AwsError as error:
        # PutRecord and DeleteRecord have no ResourceNotFound
        raise AwsError(code, error.message, 404 if code == "ResourceNotFound" else 400) from error
    if group.status != "Created":
        raise _refuse(f"FeatureGroup {group.name} is in status {group.status}; records need status Created.")
    return group


def _stores(group: FeatureGroup, wanted: list[str] | None) -> frozenset[str]:
    if not wanted:
        return group.stores
    stores = frozenset(wanted)
    for store in sorted(stores - group.stores):
        raise _refuse(f"FeatureGroup {group.name} has no {store}, which TargetStores names.")
    return stores


def _values(group: FeatureGroup, record: list[dict[str, Any]]) -> dict[str, str]:
    try:
        values = {feature["FeatureName"]: feature["ValueAsString"] for feature in record}
        is_plain = len(values) == len(record) and values.keys() <= group.types.keys()
        if is_plain and all([are_plain(texts(values)) for texts, are_plain in group.numbers]):
            return values
    except KeyError:
        pass  # the record lacks a number, or a feature lacks its text: looked at one by one
    misfit = _misfit(group, record)
    if misfit is not None:
        raise misfit
    return {feature["FeatureName"]: feature["ValueAsString"] for feature in record}


def _misfit(group: FeatureGroup, record: list[dict[str, Any]]) -> AwsError | None:
    """Return why a record does not fit its group, None if it does."""
    seen: set[str] = set()
    for feature in record:
        name = feature["FeatureName"]
        text = feature.get("ValueAsString")
        if name not in group.types:
            return _refuse(f"FeatureName '{name}' is not a feature of FeatureGroup {group.name}.")
        if name in seen:
            return _refuse(f"FeatureName '{name}' appears more than once in the Record.")
        if text is None:
            return _refuse(f"ValueAsString of feature '{name}' is missing; '{name}' is no collection.")
        if not is_value(text, group.types[name]):
            kind = group.types[name]
            return _refuse(f"Value '{text[:64]}' of feature '{name}' does not match the feature's type {kind}.")
        seen.add(name)
    return None


def _moment(group: FeatureGroup, text: str) -> int:
    moment = event_time(text, group.types[group.event_time])
    if moment is None:
        expected = (
            "an ISO-8601 time in UTC, yyyy-MM-dd'T'HH:mm:ssZ or yyyy-MM-dd'T'HH:mm:ss.SSSZ"
            if group.types[group.event_time] == "String"
            else "a Unix time in seconds"
        )
        raise _refuse(f"EventTime '{text[:64]}' of feature '{group.event_time}' must be {expected}.")
    return moment


def _write(group: FeatureGroup, entry: Request, ttl: dict[str, Any] | None = None) -> Write:
    values = _values(group, entry["Record"])
    for role, name in group.roles:
        if not values.get(name):
            raise _refuse(f"The Record has no value of the {role} feature '{name}'.")
    stores = _stores(group, entry.get("TargetStores"))
    moment = _moment(group, values[group.event_time])
    seconds = seconds_of(entry.get("TtlDuration") or ttl) or group.ttl
    return Write(
        group_key=group.key,
        identifier=values[group.record_identifier],
        event_time=moment,
        body=_ENCODE(values).decode(),
        online="OnlineStore" in stores,
        offline="OfflineStore" in stores,
        expires=moment + seconds * NANOSECONDS if seconds else None,
    )


@operation(_SERVICE, "PutRecord")
def put_record(backend: Backend, request: Request) -> Response:
    group = _group(backend, request["FeatureGroupName"], "ValidationError")
    backend.features.records.write([_write(group, request)])
    backend.features.rows_written()
    return {}


@operation(_SERVICE, "BatchWriteRecord")
def batch_write_record(backend: Backend, request: Request) -> Response:
    entries = request["Entries"]
    groups = {name: _group(backend, name) for name in {entry["FeatureGroupName"] for entry in entries}}
    writes: list[Write] = []
    errors: list[Response] = []
    for entry in entries:
        try:
            writes.append(_write(groups[entry["FeatureGroupName"]], entry, request.get("TtlDuration")))
        except AwsError as error:
            errors.append({"Entry": entry, "ErrorCode": error.code, "ErrorMessage": error.message})
    backend.features.records.write(writes)
    backend.features.rows_written()
    return {"Errors": errors, "UnprocessedEntries": []}


@operation(_SERVICE, "DeleteRecord")
def delete_record(backend: Backend, request: Request) -> Response:
    group = _group(backend, request["FeatureGroupName"], "ValidationError")
    identifier = request["RecordIdentifierValueAsString"]
    _check_identifier(group, identifier)
    stores = _stores(group, request.get("TargetStores"))
    marker = Write(
        group_key=group.key,
        identifier=identifier,
        event_time=_moment(group, request["EventTime"]),
        body=json.dumps({group.record_identifier: identifier, group.event_time: request["EventTime"]}),
        online="OnlineStore" in stores,
        offline="OfflineStore" in stores,
        deleted=True,
    )
    if request.get("DeletionMode") == "HardDelete":
        if not backend.features.records.hard_delete(marker):
            raise _refuse(
                f"EventTime '{request['EventTime']}' must be later than the EventTime of the existing record."
            )
    else:
        backend.features.records.write([marker])
    backend.features.rows_written()
    return {}


def _check_identifier(group: FeatureGroup, identifier: str) -> None:
    feature_type = group.types[group.record_identifier]
    if not identifier or not is_value(identifier, feature_type):
        raise _refuse(
            f"Value '{identifier[:64]}' of record identifier '{group.record_identifier}' "
            f"does not match the feature's type {feature_type}."
        )


def _read(
    backend: Backend, group: FeatureGroup, identifiers: list[str], names: Iterable[str] | None
) -> dict[str, tuple[OnlineRecord, list[Response]]]:
    """Return the records that are online, each with the values of the wanted features."""
    if not group.online:
        raise _refuse(f"FeatureGroup {group.name} has no OnlineStore to read records from.")
    wanted = list(names) if names else list(group.types)
    for name in wanted:
        if name not in group.types:
            raise _refuse(f"FeatureName '{name}' is not a feature of FeatureGroup {group.name}.")
    for identifier in identifiers:
        _check_identifier(group, identifier)
    found = {}
    for identifier, record in backend.features.records.read(group.key, identifiers).items():
        body = json.loads(record.body)
        values = [{"FeatureName": name, "ValueAsString": body[name]} for name in wanted if name in body]
        found[identifier] = (record, values)
    return found


def _expiry(request: Request, record: OnlineRecord) -> Response:
    if request.get("ExpirationTimeResponse") != "Enabled" or record.expires is None:
        return {}
    moment = datetime.fromtimestamp(record.expires / NANOSECONDS, tz=UTC)
    return {"ExpiresAt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


@operation(_SERVICE, "GetRecord")
def get_record(backend: Backend, request: Request) -> Response:
    group = _group(backend, request["FeatureGroupName"])
    identifier = request["RecordIdentifierValueAsString"]
    found = _read(backend, group, [identifier], request.get("FeatureNames")).get(identifier)
    if found is None or not found[1]:
        return {}
    return {"Record": found[1], **_expiry(request, found[0])}


@operation(_SERVICE, "BatchGetRecord")
def batch_get_record(backend: Backend, request: Request) -> Response:
    records: list[Response] = []
    errors: list[Response] = []
    for wanted in request["Identifiers"]:
        name = wanted["FeatureGroupName"]
        identifiers = wanted["RecordIdentifiersValueAsString"]
        try:
            found = _read(backend, _group(backend, name), identifiers, wanted.get("FeatureNames"))
        except AwsError as error:
            errors += [
                {
                    "FeatureGroupName": name,
                    "RecordIdentifierValueAsString": identifier,
                    "ErrorCode": error.code,
                    "ErrorMessage": error.message,
                }
                for identifier in identifiers
            ]
            continue
        records += [
            {
                "FeatureGroupName": name,
                "RecordIdentifierValueAsString": identifier,
                "Record": found[identifier][1],
                **_expiry(request, found[identifier][0]),
            }
            for identifier in identifiers
            if identifier in found and found[identifier][1]
        ]
    return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}
