"""Records in the online store.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_PutRecord.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_GetRecord.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_DeleteRecord.html
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from tests.contract.errors import error_of

pytestmark = pytest.mark.unverified

DAYS = [f"2024-01-{day:02}T00:00:00Z" for day in range(1, 10)]


def record(**values: str) -> list[dict[str, str]]:
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def test_a_record_that_was_put_is_got_back_as_it_was_sent(features: Any) -> None:
    name = features.create_group()
    sent = {"id": "a/ü", "event_time": "2024-03-01T10:00:00Z", "count": "-3", "score": "0.10"}
    features.put(name, **sent)
    assert features.get(name, "a/ü") == sent
    assert features.get(name, "a/ü", FeatureNames=["score", "count"]) == {"score": "0.10", "count": "-3"}


def test_a_record_that_is_not_there_is_an_empty_answer(features: Any) -> None:
    name = features.create_group()
    answer = features.runtime.get_record(FeatureGroupName=name, RecordIdentifierValueAsString="none")
    assert "Record" not in answer


def test_a_record_replaces_the_older_one_as_a_whole(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time=DAYS[0], count="1", score="1")
    features.put(name, id="1", event_time=DAYS[1], count="2")
    assert features.get(name, "1") == {"id": "1", "event_time": DAYS[1], "count": "2"}


def test_a_record_that_is_not_newer_never_replaces_one(features: Any) -> None:
    name = features.create_group()
    for moment, count in ((DAYS[1], "2"), (DAYS[0], "1"), (DAYS[1], "3")):
        features.put(name, id="1", event_time=moment, count=count)
    assert features.get(name, "1")["count"] == "2"


def test_event_times_may_be_seconds_of_the_epoch(features: Any) -> None:
    definitions = [
        {"FeatureName": "id", "FeatureType": "Integral"},
        {"FeatureName": "event_time", "FeatureType": "Fractional"},
    ]
    name = features.create_group(FeatureDefinitions=definitions)
    features.put(name, id="7", event_time="1709287199.5")
    features.put(name, id="7", event_time="1709287199.25")
    assert features.get(name, "7") == {"id": "7", "event_time": "1709287199.5"}
    assert {row["event_time"] for row in features.wait_for_rows(name, 2)} == {1709287199.5, 1709287199.25}


def test_a_batch_writes_its_good_entries_and_names_the_bad_ones(features: Any) -> None:
    name, other = features.create_group(), features.create_group()
    good = {"FeatureGroupName": name, "Record": record(id="1", event_time=DAYS[0], count="1")}
    elsewhere = {"FeatureGroupName": other, "Record": record(id="2", event_time=DAYS[0])}
    bad = {"FeatureGroupName": name, "Record": record(id="3", event_time=DAYS[0], count="1.5")}
    answer = features.runtime.batch_write_record(Entries=[good, bad, elsewhere])
    assert [(error["Entry"], error["ErrorCode"]) for error in answer["Errors"]] == [(bad, "ValidationError")]
    assert answer["UnprocessedEntries"] == []
    got = features.runtime.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": name, "RecordIdentifiersValueAsString": ["1", "3"]},
            {"FeatureGroupName": other, "RecordIdentifiersValueAsString": ["2"], "FeatureNames": ["id"]},
            {"FeatureGroupName": "no-such-group", "RecordIdentifiersValueAsString": ["4"]},
        ]
    )
    found = {(item["FeatureGroupName"], item["RecordIdentifierValueAsString"]) for item in got["Records"]}
    assert found == {(name, "1"), (other, "2")}
    assert [error["RecordIdentifierValueAsString"] for error in got["Errors"]] == ["4"]


def test_a_soft_deleted_record_is_gone_until_a_newer_one_comes(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time=DAYS[1], count="2")
    features.delete(name, "1", DAYS[3])
    assert features.get(name, "1") == {}
    features.put(name, id="1", event_time=DAYS[2], count="3")
    assert features.get(name, "1") == {}
    features.put(name, id="1", event_time=DAYS[4], count="4")
    assert features.get(name, "1")["count"] == "4"


def test_a_soft_delete_that_is_too_old_leaves_the_record(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time=DAYS[1], count="2")
    features.delete(name, "1", DAYS[0])
    assert features.get(name, "1")["count"] == "2"


def test_a_hard_delete_forgets_the_event_time_and_refuses_one_too_old(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time=DAYS[1])
    call = {"FeatureGroupName": name, "RecordIdentifierValueAsString": "1", "DeletionMode": "HardDelete"}
    code, message = error_of(features.runtime.delete_record, **call, EventTime=DAYS[1])
    assert code == "ValidationError"
    assert "EventTime" in message
    features.delete(name, "1", DAYS[2], DeletionMode="HardDelete")
    assert features.get(name, "1") == {}
    features.put(name, id="1", event_time=DAYS[0])
    assert features.get(name, "1")["event_time"] == DAYS[0]
    assert sum(row["is_deleted"] for row in features.wait_for_rows(name, 3)) == 1


def test_a_record_is_gone_after_its_time_to_live(features: Any) -> None:
    name = features.create_group(
        OnlineStoreConfig={"EnableOnlineStore": True, "TtlDuration": {"Unit": "Weeks", "Value": 1}}
    )
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    features.put(name, id="old", event_time=DAYS[0])
    features.put(name, id="new", event_time=now)
    assert features.get(name, "old") == {}
    answer = features.runtime.get_record(
        FeatureGroupName=name, RecordIdentifierValueAsString="new", ExpirationTimeResponse="Enabled"
    )
    assert answer["ExpiresAt"] > now
    features.put(name, id="old", event_time="2023-01-01T00:00:00Z")  # what has expired stands in nobody's way
    rows = features.wait_for_rows(name, 3)
    assert len(rows) == 3


def test_a_time_to_live_of_the_record_comes_before_that_of_the_call_and_of_the_group(features: Any) -> None:
    name = features.create_group(
        OnlineStoreConfig={"EnableOnlineStore": True, "TtlDuration": {"Unit": "Days", "Value": 1}}
    )
    now = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime())
    features.put(name, id="group", event_time=now)
    features.runtime.put_record(
        FeatureGroupName=name, Record=record(id="put", event_time=now), TtlDuration={"Unit": "Weeks", "Value": 1}
    )
    entries = [
        {"FeatureGroupName": name, "Record": record(id=key, event_time=now)} for key in ("call", "entry", "gone")
    ]
    entries[1]["TtlDuration"] = {"Unit": "Days", "Value": 3}
    entries[2]["TtlDuration"] = {"Unit": "Seconds", "Value": 1}
    entries[2]["Record"] = record(id="gone", event_time=DAYS[0])
    features.runtime.batch_write_record(Entries=entries, TtlDuration={"Unit": "Days", "Value": 2})
    got = features.runtime.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": name, "RecordIdentifiersValueAsString": ["group", "put", "call", "entry", "gone"]}
        ],
        ExpirationTimeResponse="Enabled",
    )
    begin = datetime.fromisoformat(now)
    found = {
        item["RecordIdentifierValueAsString"]: (datetime.fromisoformat(item["ExpiresAt"]) - begin).days
        for item in got["Records"]
    }
    assert found == {"group": 1, "put": 7, "call": 2, "entry": 3}
    assert len(features.wait_for_rows(name, 5)) == 5  # the offline store keeps everything


def test_a_batch_get_is_limited_as_the_api_says(features: Any) -> None:
    name = features.create_group()
    many = [{"FeatureGroupName": name, "RecordIdentifiersValueAsString": ["1"]}] * 101
    code, message = error_of(features.runtime.batch_get_record, Identifiers=many)
    assert code == "ValidationError"
    assert "less than or equal to 100" in message
    entries = [{"FeatureGroupName": name, "Record": record(id="1", event_time=DAYS[0])}] * 26
    code, message = error_of(features.runtime.batch_write_record, Entries=entries)
    assert code == "ValidationError"
    assert "less than or equal to 25" in message
    assert features.get(name, "1") == {}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"id": "1", "event_time": DAYS[0], "count": "1.5"}, "count"),
        ({"id": "1", "event_time": DAYS[0], "count": str(2**63)}, "count"),
        ({"id": "1", "event_time": DAYS[0], "score": "many"}, "score"),
        ({"id": "1", "event_time": DAYS[0], "colour": "red"}, "colour"),
        ({"id": "1", "event_time": "2024-01-01 00:00:00"}, "event_time"),
        ({"id": "1", "event_time": "2024-02-30T00:00:00Z"}, "event_time"),
        ({"event_time": DAYS[0]}, "id"),
        ({"id": "1"}, "event_time"),
    ],
)
def test_a_record_that_does_not_fit_its_group_is_refused_by_name(
    features: Any, values: dict[str, str], named: str
) -> None:
    name = features.create_group()
    code, message = error_of(features.runtime.put_record, FeatureGroupName=name, Record=record(**values))
    assert code == "ValidationError"
    assert f"'{named}'" in message
    assert features.get(name, "1") == {}


def test_a_group_without_an_online_store_has_no_records_to_read(features: Any) -> None:
    name = features.create_group(OnlineStoreConfig=None)
    features.put(name, id="1", event_time=DAYS[0])
    read = {"FeatureGroupName": name, "RecordIdentifierValueAsString": "1"}
    code, message = error_of(features.runtime.get_record, **read)
    assert code == "ValidationError"
    assert "OnlineStore" in message
    assert len(features.wait_for_rows(name, 1)) == 1


def test_a_group_that_is_not_there_has_no_records(features: Any) -> None:
    read = {"FeatureGroupName": "none", "RecordIdentifierValueAsString": "1"}
    assert error_of(features.runtime.get_record, **read)[0] == "ResourceNotFound"
    # PutRecord has no ResourceNotFound: https://github.com/aws/sagemaker-python-sdk/issues/2606
    sent = record(id="1", event_time=DAYS[0])
    code, message = error_of(features.runtime.put_record, FeatureGroupName="none", Record=sent)
    assert code == "ValidationError"
    assert "can't find a FeatureGroup with name none" in message
