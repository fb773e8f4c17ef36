"""Rows into a feature group, each exactly once: what every feature group's ingest.py is made of."""

from typing import Any

import pytest

from tabular.ingestion import Record, RefusedError, Writer, record_of


class Store:
    """The two calls of the feature store that an ingestion makes, with refusals and throttling on demand."""

    def __init__(self) -> None:
        self.records: dict[str, list[dict[str, str]]] = {}
        self.writes = 0
        self.throttle: set[str] = set()
        self.refuse: set[str] = set()

    def batch_get_record(self, Identifiers: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        (asked,) = Identifiers
        ids = asked["RecordIdentifiersValueAsString"]
        assert len(ids) <= 100
        found = [{"Record": self._projected(name, asked["FeatureNames"])} for name in ids if name in self.records]
        return {"Records": found, "Errors": [], "UnprocessedIdentifiers": []}

    def _projected(self, record_id: str, names: list[str]) -> list[dict[str, str]]:
        return [entry for entry in self.records[record_id] if entry["FeatureName"] in names]

    def batch_write_record(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert 1 <= len(Entries) <= 25
        answer: dict[str, list[Any]] = {"Errors": [], "UnprocessedEntries": []}
        for entry in Entries:
            record_id = entry["Record"][0]["ValueAsString"]
            if record_id in self.throttle:
                self.throttle.discard(record_id)
                answer["UnprocessedEntries"].append(entry)
            elif record_id in self.refuse:
                answer["Errors"].append({"Entry": entry, "ErrorCode": "ValidationError", "ErrorMessage": "too old"})
            else:
                self.writes += 1
                self.records[record_id] = entry["Record"]
        return answer


def records(count: int) -> list[Record]:
    return [
        record_of({"record_id": f"row-{n + 1:04d}", "event_time": f"2025-01-01T00:00:{n % 60:02d}Z"})
        for n in range(count)
    ]


def writer(store: Store) -> Writer:
    return Writer(store, "rows")


def test_entries_the_store_left_unprocessed_are_written_in_the_end() -> None:
    store = Store()
    store.throttle = {"row-0003", "row-0130"}
    assert writer(store).write_missing(records(130), threads=4) == 130
    assert len(store.records) == store.writes == 130


def test_a_second_ingestion_writes_only_what_is_missing() -> None:
    store = Store()
    writer(store).write_missing(records(130), threads=4)
    del store.records["row-0007"]
    assert writer(store).write_missing(records(130), threads=4) == 1
    assert store.writes == 131


def test_a_refused_record_fails_the_ingestion_by_name_and_the_others_are_written() -> None:
    store = Store()
    store.refuse = {"row-0002"}
    with pytest.raises(RefusedError, match="1 of 60 records: row-0002: ValidationError: too old"):
        writer(store).write_missing(records(60), threads=4)
    assert len(store.records) == 59


def test_a_value_that_is_absent_is_left_out_of_the_record() -> None:
    assert record_of({"record_id": 7, "bmi": None, "age": 0.5}) == [
        {"FeatureName": "record_id", "ValueAsString": "7"},
        {"FeatureName": "age", "ValueAsString": "0.5"},
    ]
