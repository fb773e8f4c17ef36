"""The records on disk, whenever the process dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagelocal.featurestore.offline import files_of
from sagelocal.featurestore.record_log import RecordLog, Write

FAR = 2**62  # microseconds: every row is due
FEATURES = [("id", "String"), ("n", "Integral")]


def write(identifier: str = "1", event_time: int = 1, value: int = 0, *, deleted: bool = False) -> Write:
    body = f'{{"id": "{identifier}", "n": "{value}"}}'
    return Write("group-1", identifier, event_time, body, online=True, offline=True, deleted=deleted)


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
    rows = batch.rows if batch else ()
    assert len(rows) == appended
    assert [row.invoked for row in rows] == sorted({row.invoked for row in rows})
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
    assert [row.body for row in rest.rows] == ['{"id": "later", "n": "0"}']
    assert set(dict(files_of(rest, FEATURES))).isdisjoint(dict(files_of(first, FEATURES)))
    log.finish_batch(rest)
    assert log.take_batch("group-1", FAR) is None
    assert log.oldest_pending() == {}
    log.close()


def test_rows_are_taken_once_they_are_due(log: RecordLog) -> None:
    log.write([write("1")])
    written = log.oldest_pending()["group-1"]
    assert log.take_batch("group-1", written - 1) is None
    assert log.take_batch("group-1", written) is not None


def test_a_write_is_all_or_nothing(log: RecordLog) -> None:
    broken = Write("group-1", "2", 2**70, "{}", online=True, offline=True)  # too large for the file
    with pytest.raises(OverflowError):
        log.write([write("1"), broken])
    assert log.read("group-1", ["1"]) == {}
    assert log.oldest_pending() == {}
    log.write([write("1")])
    assert set(log.read("group-1", ["1"])) == {"1"}


def test_groups_share_nothing(log: RecordLog) -> None:
    other = Write("group-2", "1", 5, "{}", online=True, offline=True)
    log.write([write("1"), other])
    assert log.read("group-1", ["1"])["1"].event_time == 1
    log.forget("group-1")
    assert log.read("group-1", ["1"]) == {}
    assert log.read("group-2", ["1"])["1"].event_time == 5
    assert set(log.oldest_pending()) == {"group-1", "group-2"}  # rows on their way still get there


def test_files_are_split_by_the_hour_of_event_time(log: RecordLog) -> None:
    hour = 3600 * 10**9
    log.write([write("1", 0), write("2", hour - 1), write("3", hour)])
    batch = log.take_batch("group-1", FAR)
    assert batch is not None
    folders = sorted(path.rpartition("/")[0] for path, _ in files_of(batch, FEATURES))
    assert folders == ["year=1970/month=01/day=01/hour=00", "year=1970/month=01/day=01/hour=01"]
