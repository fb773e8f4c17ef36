"""The records on disk, whenever the process dies."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagelocal.featurestore.offline import files_of
from sagelocal.featurestore.record_log import BATCH_ROWS, Batch, RecordLog, Write

FAR = 2**62  # microseconds: every row is due
FEATURES = [("id", "String"), ("n", "Integral")]


def write(identifier: str = "1", event_time: int = 1, value: int = 0, *, deleted: bool = False) -> Write:
    body = f'{{"id": "{identifier}", "n": "{value}"}}'
    return Write("group-1", identifier, event_time, body, online=True, offline=True, deleted=deleted)


def rows_of(batch: Batch | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in batch.lines.splitlines()] if batch else []


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RecordLog]:
    log = RecordLog(tmp_path / "log.sqlite")
    yield log
    log.close()


@settings(max_examples=50, deadline=None)
@given(
    events=st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.sampled_from(["put", "soft", "hard"])), max_size=12
    )
)
def test_the_online_store_is_what_the_rules_of_event_time_say(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int, str]]
) -> None:
    log = RecordLog(tmp_path_factory.mktemp("log") / "log.sqlite")
    model: dict[str, tuple[int, str]] = {}  # identifier -> event time and body; an empty body is a deletion
    appended = 0
    for value, (identifier, moment, kind) in enumerate(events):
        known = model.get(identifier)
        if kind == "hard":
            is_newer = known is None or moment > known[0]
            assert log.hard_delete(write(identifier, moment, deleted=True)) is is_newer
            appended += is_newer
            if is_newer:
                model.pop(identifier, None)
            continue
        entry = write(identifier, moment, value, deleted=kind == "soft")
        log.write([entry])
        appended += 1
        if known is None or moment > known[0]:
            model[identifier] = (moment, "" if entry.deleted else entry.body)
    found = log.read("group-1", ["a", "b"])
    assert {name: (record.event_time, record.body) for name, record in found.items()} == {
        name: kept for name, kept in model.items() if kept[1]
    }
    batch = log.take_batch("group-1", FAR)
    invoked = [row["i"] for row in rows_of(batch)]
    assert len(invoked) == appended
    assert invoked == sorted(set(invoked))
    log.close()


def test_a_batch_that_was_not_finished_is_the_same_after_a_restart(tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "log.sqlite")
    log.write([write(str(number), number * 10**9) for number in range(5)])
    first = log.take_batch("group-1", FAR)
    assert first is not None
    log.write([write("later", 1)])
    log.close()  # the process died after it had put the files and before it said so
    log = RecordLog(tmp_path / "log.sqlite")
    again = log.take_batch("group-1", FAR)
    assert again == first
    assert dict(files_of(again, FEATURES)) == dict(files_of(first, FEATURES))
    log.finish_batch(again)
    rest = log.take_batch("group-1", FAR)
    assert rest is not None
    assert [row["v"] for row in rows_of(rest)] == [{"id": "later", "n": "0"}]
    assert set(dict(files_of(rest, FEATURES))).isdisjoint(dict(files_of(first, FEATURES)))
    log.finish_batch(rest)
    assert log.take_batch("group-1", FAR) is None
    assert log.oldest_waiting() == {}
    log.close()


def test_rows_are_taken_once_they_are_due(log: RecordLog) -> None:
    log.write([write("1")])
    written = log.oldest_waiting()["group-1"]
    assert log.take_batch("group-1", written - 1) is None
    assert log.take_batch("group-1", written) is not None


def test_a_write_is_all_or_nothing(log: RecordLog) -> None:
    broken = Write("group-1", "2", 2**70, "{}", online=True, offline=True)  # too large for the file
    with pytest.raises(OverflowError):
        log.write([write("1"), broken])
    assert log.read("group-1", ["1"]) == {}
    assert log.oldest_waiting() == {}
    log.write([write("1")])
    assert set(log.read("group-1", ["1"])) == {"1"}


def test_calls_that_share_a_transaction_fail_alone(log: RecordLog) -> None:
    broken = Write("group-1", "broken", 2**70, "{}", online=True, offline=True)
    calls = [[write(f"{number}")] for number in range(30)] + [[broken], [write("with"), broken]]
    begin = threading.Barrier(len(calls))

    def call(writes: list[Write]) -> bool:
        begin.wait()
        try:
            log.write(writes)
        except OverflowError:
            return False
        return True

    with ThreadPoolExecutor(len(calls)) as threads:
        written = list(threads.map(call, calls))
    assert written == [True] * 30 + [False] * 2
    names = [str(number) for number in range(30)]
    assert set(log.read("group-1", [*names, "broken", "with"])) == set(names)
    rows = rows_of(log.take_batch("group-1", FAR))
    assert sorted(row["v"]["id"] for row in rows) == sorted(names)
    assert len({row["i"] for row in rows}) == 30


def test_groups_share_nothing(log: RecordLog) -> None:
    other = Write("group-2", "1", 5, "{}", online=True, offline=True)
    log.write([write("1"), other])
    assert log.read("group-1", ["1"])["1"].event_time == 1
    log.forget("group-1")
    assert log.read("group-1", ["1"]) == {}
    assert log.read("group-2", ["1"])["1"].event_time == 5
    assert set(log.oldest_waiting()) == {"group-1", "group-2"}  # rows on their way still get there


def test_files_are_split_by_the_hour_of_event_time(log: RecordLog) -> None:
    hour = 3600 * 10**9
    log.write([write("1", 0), write("2", hour - 1), write("3", hour)])
    batch = log.take_batch("group-1", FAR)
    assert batch is not None
    folders = sorted(path.rpartition("/")[0] for path, _ in files_of(batch, FEATURES))
    assert folders == ["year=1970/month=01/day=01/hour=00", "year=1970/month=01/day=01/hour=01"]


def test_a_batch_is_bounded_and_the_next_one_goes_on_behind_it(log: RecordLog) -> None:
    each = BATCH_ROWS // 4 + 1
    for number in range(5):
        log.write([write(f"{number}-{row}") for row in range(each)])
    sizes = []
    while batch := log.take_batch("group-1", FAR):
        sizes.append(len(rows_of(batch)))
        log.finish_batch(batch)
    assert sizes == [each * 4, each]


def test_numbers_in_every_spelling_reach_the_file_as_numbers(log: RecordLog) -> None:
    texts = ["7", "-7", "+7", "007"]
    log.write(
        [
            Write("group-1", "1", 0, json.dumps({"id": text, "n": text, "f": f"{text}."}), online=False, offline=True)
            for text in texts
        ]
    )
    batch = log.take_batch("group-1", FAR)
    assert batch is not None
    ((_, content),) = files_of(batch, [*FEATURES, ("f", "Fractional"), ("Later", "String")])
    table = pq.read_table(BytesIO(content))
    assert table["id"].to_pylist() == texts
    assert table["n"].to_pylist() == [7, -7, 7, 7]
    assert table["f"].to_pylist() == [7.0, -7.0, 7.0, 7.0]
    assert table["later"].to_pylist() == [None] * 4


def test_rows_that_an_older_server_left_waiting_arrive(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE pending (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, group_key TEXT NOT NULL, event_time INTEGER NOT NULL,
            invoked INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL
        );
        CREATE TABLE batch (
            group_key TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, write_time INTEGER NOT NULL
        );
        INSERT INTO pending VALUES (7, 'group-1', 5, 100, 0, '{"id": "a"}'), (8, 'group-1', 6, 101, 1, '{"id": "b"}');
        INSERT INTO batch VALUES ('group-1', 7, 7, 99);
        """
    )
    connection.close()
    log = RecordLog(path)
    first = log.take_batch("group-1", FAR)
    assert first is not None
    assert (first.first, first.write_time, rows_of(first)) == (
        7,
        99,
        [{"t": 5, "i": 100, "d": False, "v": {"id": "a"}}],
    )
    log.finish_batch(first)
    assert rows_of(log.take_batch("group-1", FAR)) == [{"t": 6, "i": 101, "d": True, "v": {"id": "b"}}]
    log.close()
