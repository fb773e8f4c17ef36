"""Small files become larger ones: no row is lost, none is there twice, whoever looks and whenever the process dies."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sagelocal.featurestore import compaction
from sagelocal.featurestore.compaction import FEW, Compactor, mergeable, merged_key
from sagelocal.featurestore.offline import token
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.merging import merge
from sagelocal.s3.objects import ObjectStore

HOUR = "fs/group-1/data/year=2024/month=01/day=02/hour=03"
FOLDER = f"s3://lake/{HOUR}"
NUMBERS = itertools.count()


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    objects = ObjectStore(tmp_path / "s3")
    objects.create_bucket("lake")
    yield objects
    objects.close()


def put(objects: ObjectStore, *rows: int, folder: str = HOUR, second: int = 0, **columns: list[str]) -> ObjectInfo:
    sink = BytesIO()
    pq.write_table(pa.table({"n": list(rows), **columns}), sink)
    key = f"{folder}/20240102T0300{second:02}Z_{token(str(next(NUMBERS)))}.parquet"
    return objects.put("lake", key, sink.getvalue())


def rows(objects: ObjectStore) -> list[int]:
    found = [n for info in objects.list("lake") for n in pq.ParquetFile(info.path).read()["n"].to_pylist()]
    return sorted(found)


def compactor(objects: ObjectStore, open_groups: set[str] | None = None) -> Compactor:
    made = Compactor(objects, (open_groups or set()).__contains__)
    made.add(FOLDER, "group-1")
    return made


def test_many_small_files_become_one_with_all_their_rows(objects: ObjectStore) -> None:
    for n in range(FEW):
        put(objects, n, n + 100, second=n)
    assert compactor(objects).step()
    (info,) = objects.list("lake")
    assert info.key.startswith(f"{HOUR}/20240102T0300{FEW - 1:02}Z_")
    assert rows(objects) == [*range(FEW), *range(100, 100 + FEW)]


def test_few_files_stay_and_nobody_comes_back(objects: ObjectStore) -> None:
    for n in range(FEW - 1):
        put(objects, n)
    made = compactor(objects)
    assert not made.step()
    assert len(list(objects.list("lake"))) == FEW - 1


def test_a_column_that_came_later_is_null_in_older_rows(objects: ObjectStore) -> None:
    for n in range(FEW - 1):
        put(objects, n)
    put(objects, 99, colour=["red"])
    compactor(objects).step()
    (info,) = objects.list("lake")
    found = pq.ParquetFile(info.path).read().to_pylist()
    assert {row["n"]: row["colour"] for row in found} == {**dict.fromkeys(range(FEW - 1)), 99: "red"}


def test_hours_stay_apart_and_files_of_others_stay(objects: ObjectStore) -> None:
    other = HOUR.replace("hour=03", "hour=04")
    for n in range(FEW):
        put(objects, n)
        put(objects, n, folder=other)
    objects.put("lake", f"{HOUR}/notes.txt", b"mine")
    made = compactor(objects)
    while made.step():
        pass
    keys = [info.key for info in objects.list("lake")]
    assert sum(key.startswith(f"{HOUR}/") for key in keys) == 2
    assert f"{HOUR}/notes.txt" in keys
    assert sum(key.startswith(f"{other}/") for key in keys) == FEW


def test_bytes_are_written_again_a_few_times_only(objects: ObjectStore) -> None:
    made = compactor(objects)
    put_bytes = merged_bytes = 0
    for n in range(FEW * FEW * 2):
        put_bytes += put(objects, n).size
        made.add(FOLDER, "group-1")
        files = {info.key for info in objects.list("lake")}
        while made.step():
            pass
        merged_bytes += sum(info.size for info in objects.list("lake") if info.key not in files)
    assert rows(objects) == list(range(FEW * FEW * 2))
    assert len(list(objects.list("lake"))) < 3 * FEW
    assert 0 < merged_bytes < 3 * put_bytes


def test_a_group_with_an_open_batch_waits(objects: ObjectStore) -> None:
    """Its files may be put once more under their old names, beside a merged one that has their rows."""
    for n in range(FEW):
        put(objects, n)
    open_groups = {"group-1"}
    made = compactor(objects, open_groups)
    assert not made.step()
    assert len(list(objects.list("lake"))) == FEW
    open_groups.clear()
    assert made.step()
    assert rows(objects) == list(range(FEW))


def test_what_a_former_process_left_is_found(objects: ObjectStore) -> None:
    for n in range(FEW):
        put(objects, n)
    made = Compactor(objects, lambda _: False)
    made.add_all("s3://lake/fs/group-1/data", "group-1")
    made.add_all("s3://no-such-bucket/data", "group-2")
    assert made.step()
    assert len(list(objects.list("lake"))) == 1


def test_a_file_that_changes_meanwhile_stops_the_merge(objects: ObjectStore) -> None:
    files = [put(objects, n) for n in range(FEW)]
    objects.delete("lake", files[3].key)
    assert not merge(objects, files, merged_key(files), b"merged")
    assert rows(objects) == [n for n in range(FEW) if n != 3]
    replaced = objects.put("lake", files[4].key, files[0].path.read_bytes())
    assert not merge(objects, [files[0], files[4]], merged_key(files), b"merged")
    assert objects.get("lake", files[4].key).path == replaced.path


def test_a_bucket_that_keeps_versions_keeps_its_files(objects: ObjectStore) -> None:
    objects.set_versioning("lake", "Enabled")
    for n in range(FEW):
        put(objects, n)
    assert not compactor(objects).step()
    assert len(list(objects.list("lake"))) == FEW
    assert rows(objects) == [*range(FEW)]


def test_a_file_that_cannot_be_read_is_left_with_the_others(
    objects: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(FEW - 1):
        put(objects, n)
    broken = f"{HOUR}/20240102T030000Z_{token('broken')}.parquet"
    objects.put("lake", broken, objects.get("lake", next(objects.list("lake")).key).path.read_bytes()[:-9] + b"x" * 9)
    made = compactor(objects)
    assert not made.step()
    assert "could not be merged" in caplog.text
    assert len(list(objects.list("lake"))) == FEW


def test_a_list_that_has_begun_shows_what_there_was_and_its_files_can_be_read(objects: ObjectStore) -> None:
    for n in range(FEW):
        put(objects, n)
    listed = objects.list("lake")
    first = next(listed)
    assert compactor(objects).step()
    found = [first, *listed]
    assert sorted(n for info in found for n in pq.ParquetFile(info.path).read()["n"].to_pylist()) == list(range(FEW))


def test_whoever_lists_while_files_come_and_merge_sees_every_row_once(objects: ObjectStore) -> None:
    total = FEW * 20
    made = compactor(objects)
    seen: list[list[int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(rows(objects))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for n in range(total):
        put(objects, n)
        made.add(FOLDER, "group-1")
        made.step()
    done.set()
    watcher.join()
    assert len(seen) > 1
    assert all(found == list(range(len(found))) for found in seen)
    assert rows(objects) == list(range(total))


def test_a_merge_is_bounded(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [put(objects, n) for n in range(100)]
    assert len(mergeable(files)) == 64
    monkeypatch.setattr(compaction, "_MOST_BYTES", files[0].size * 10)
    assert len(mergeable(files)) <= 10
    monkeypatch.setattr(compaction, "LARGE", files[0].size)
    assert mergeable(files) == []


def test_a_process_that_dies_before_the_exchange_leaves_the_old_files(tmp_path: Path) -> None:
    objects = ObjectStore(tmp_path / "s3")
    objects.create_bucket("lake")
    files = [put(objects, n) for n in range(FEW)]
    with objects.blobs.new() as writer:  # what the merge has written when the process dies
        writer.write(b"merged")
        writer.keep()
    objects.close()
    again = ObjectStore(tmp_path / "s3")
    assert [info.key for info in again.list("lake")] == sorted(info.key for info in files)
    assert not writer.path.exists()
    assert merge(again, files, merged_key(files), files[0].path.read_bytes())
    again.close()
    last = ObjectStore(tmp_path / "s3")  # and after the exchange: the new one alone
    assert [info.key for info in last.list("lake")] == [merged_key(files)]
    assert len(last.blobs.names()) == 1
    last.close()
