"""What reaches the offline store, when, where, and that it does so once.

https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_DeleteRecord.html
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import until

pytestmark = pytest.mark.unverified


def test_files_lie_where_aws_lays_them(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time="2024-03-01T10:59:59.250Z", count="7", score="1e-3")
    (row,) = features.wait_for_rows(name, 1)
    (key,) = features.offline_keys(features.offline_prefix(name))
    epoch = int(features.describe(name)["CreationTime"].timestamp())
    assert re.fullmatch(
        f"features/123456789012/sagemaker/us-east-1/offline-store/{name}-{epoch}/data/"
        r"year=2024/month=03/day=01/hour=10/20240301T105959Z_[A-Za-z0-9]{16}\.parquet",
        key,
    )
    assert (row["id"], row["count"], row["score"], row["event_time"]) == ("1", 7, 0.001, "2024-03-01T10:59:59.250Z")
    assert row["is_deleted"] is False
    assert row["write_time"] >= row["api_invocation_time"]


def test_every_version_of_a_record_is_kept(features: Any) -> None:
    name = features.create_group()
    for day, count in ((2, "2"), (1, "1"), (2, "3")):
        features.put(name, id="1", event_time=f"2024-01-0{day}T00:00:00Z", count=count)
    rows = features.wait_for_rows(name, 3)
    invoked = sorted(rows, key=lambda row: row["api_invocation_time"])
    assert [row["count"] for row in invoked] == [2, 1, 3]
    assert len({row["api_invocation_time"] for row in rows}) == 3


def test_a_deletion_is_a_marker_with_the_identifier_and_its_time(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time="2024-01-02T00:00:00Z", count="2")
    features.delete(name, "1", "2024-01-03T00:00:00Z")
    features.delete(name, "1", "2024-01-01T00:00:00Z")  # too old to delete the record, and a marker all the same
    rows = features.wait_for_rows(name, 3)
    markers = sorted((row["id"], row["event_time"], row["count"]) for row in rows if row["is_deleted"])
    assert markers == [("1", "2024-01-01T00:00:00Z", None), ("1", "2024-01-03T00:00:00Z", None)]


def test_target_stores_choose_where_a_record_goes(features: Any) -> None:
    name = features.create_group()
    for target, identifier in (("OnlineStore", "on"), ("OfflineStore", "off")):
        values = {"id": identifier, "event_time": "2024-01-01T00:00:00Z"}
        record = [{"FeatureName": feature, "ValueAsString": value} for feature, value in values.items()]
        features.runtime.put_record(FeatureGroupName=name, Record=record, TargetStores=[target])
    assert features.get(name, "on")
    assert features.get(name, "off") == {}
    assert [row["id"] for row in features.wait_for_rows(name, 1)] == ["off"]


def test_deleting_a_group_keeps_its_files_and_what_was_acknowledged_still_arrives(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time="2024-01-01T00:00:00Z")
    prefix = features.offline_prefix(name)
    features.sagemaker.delete_feature_group(FeatureGroupName=name)
    assert len(until(lambda: features.offline_keys(prefix), "a file")) == 1


def test_a_feature_that_is_added_is_null_in_older_rows(features: Any) -> None:
    name = features.create_group()
    features.put(name, id="1", event_time="2024-01-01T00:00:00Z")
    features.wait_for_rows(name, 1)
    addition = {"FeatureName": "colour", "FeatureType": "String"}
    features.sagemaker.update_feature_group(FeatureGroupName=name, FeatureAdditions=[addition])
    features.put(name, id="2", event_time="2024-01-01T00:00:00Z", colour="red")
    assert features.get(name, "2")["colour"] == "red"
    rows = features.wait_for_rows(name, 2)
    assert {row["id"]: row.get("colour") for row in rows} == {"1": None, "2": "red"}


def test_an_offline_store_whose_bucket_is_gone_says_so_and_loses_nothing(features: Any) -> None:
    bucket = f"{features.bucket}-away"
    features.s3.create_bucket(Bucket=bucket)
    offline = {"S3StorageConfig": {"S3Uri": f"s3://{bucket}/features"}}
    name = features.create_group(OfflineStoreConfig=offline)
    features.s3.delete_bucket(Bucket=bucket)
    features.put(name, id="1", event_time="2024-01-01T00:00:00Z")
    until(lambda: features.describe(name)["OfflineStoreStatus"]["Status"] != "Active", "trouble")
    status = features.describe(name)["OfflineStoreStatus"]
    assert status["Status"] == "Blocked"
    assert "NoSuchBucket" in status["BlockedReason"]
    features.s3.create_bucket(Bucket=bucket)
    until(lambda: features.describe(name)["OfflineStoreStatus"]["Status"] != "Blocked", "the end of the trouble")
    assert features.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_the_offline_store_lags_as_it_is_told_to(start_server: Callable[..., Any], features_of: Any) -> None:
    server = start_server("--offline-store-lag", "1.5")
    with server.clients() as client:
        client("s3").create_bucket(Bucket="lagging")
        features = features_of(client, "lagging")
        name = features.create_group()
        before = time.time()
        features.put(name, id="1", event_time="2024-01-01T00:00:00Z")
        assert features.get(name, "1")
        (row,) = features.wait_for_rows(name, 1)
    assert (row["write_time"] - row["api_invocation_time"]).total_seconds() >= 1.5
    assert row["api_invocation_time"].timestamp() >= int(before)


def test_acknowledged_records_survive_kill_nine_once(
    start_server: Callable[..., Any], features_of: Any, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    sent = 0
    server = start_server(state=state)
    with server.clients() as client:
        client("s3").create_bucket(Bucket="kept")
        name = features_of(client, "kept").create_group()
    for _ in range(3):
        with server.clients() as client:
            runtime = client("sagemaker-featurestore-runtime")
            for _ in range(20):  # some of them are flushed when the process dies, some are not
                runtime.batch_write_record(Entries=[entry(name, sent + number) for number in range(5)])
                sent += 5
        server.end(signal.SIGKILL)
        server = start_server(state=state)
    with server.clients() as client:
        features = features_of(client, "kept")
        rows = features.wait_for_rows(name, sent)
        assert {row["id"] for row in rows} == {str(number) for number in range(sent)}
        assert features.get(name, str(sent - 1))


def test_small_files_of_an_hour_become_few_and_every_query_sees_each_record_once(features: Any) -> None:
    name = features.create_group()
    for number in range(24):
        features.put(name, id=str(number), event_time="2024-01-01T00:00:00Z", count=str(number))
        while (seen := features.counted(name)) != (number + 1, number + 1):  # each in a file of its own
            assert seen == (number, number)
    prefix = features.offline_prefix(name)
    keys = until(lambda: len(found := features.offline_keys(prefix)) < 8 and found, "few files")
    pattern = r"/year=2024/month=01/day=01/hour=00/20240101T000000Z_[A-Za-z0-9]{16}\.parquet"
    assert all(re.fullmatch(prefix + pattern, key) for key in keys)
    assert features.counted(name) == (24, 24)
    assert {row["count"] for row in features.wait_for_rows(name, 24)} == set(range(24))


def test_files_that_merge_while_the_server_is_killed_lose_and_double_nothing(
    start_server: Callable[..., Any], features_of: Any, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    server = start_server(state=state)
    with server.clients() as client:
        client("s3").create_bucket(Bucket="kept")
        name = features_of(client, "kept").create_group()
    sent = 0
    for _ in range(4):
        with server.clients() as client:
            features = features_of(client, "kept")
            runtime = client("sagemaker-featurestore-runtime")
            for _ in range(8):
                runtime.put_record(FeatureGroupName=name, Record=same_hour(sent))
                sent += 1
                features.wait_for_rows(name, sent)  # in a file of its own; eight of them merge
        server.end(signal.SIGKILL)
        server = start_server(state=state)
    with server.clients() as client:
        features = features_of(client, "kept")
        until(lambda: len(features.offline_keys(features.offline_prefix(name))) < 8, "few files")
        assert {row["id"] for row in features.wait_for_rows(name, sent)} == {str(number) for number in range(sent)}
        assert features.counted(name) == (sent, sent)


def same_hour(number: int) -> list[dict[str, str]]:
    values = {"id": str(number), "event_time": "2024-01-01T05:00:00Z"}
    return [{"FeatureName": feature, "ValueAsString": value} for feature, value in values.items()]


def entry(name: str, number: int) -> dict[str, Any]:
    values = {"id": str(number), "event_time": f"2024-01-01T{number % 5:02}:00:00Z", "count": "1"}
    record = [{"FeatureName": feature, "ValueAsString": value} for feature, value in values.items()]
    return {"FeatureGroupName": name, "Record": record}
