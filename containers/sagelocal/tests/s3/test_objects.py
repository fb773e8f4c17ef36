"""Objects on disk."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagelocal.errors import AwsError
from sagelocal.s3 import objects
from sagelocal.s3.info import ObjectInfo, Properties
from sagelocal.s3.keys import successor
from sagelocal.s3.listing import list_page
from sagelocal.s3.multipart import LEAST_PART, Uploads
from sagelocal.s3.objects import ObjectStore

KEYS = st.text(
    st.one_of(st.sampled_from("ab/\0~\x7f"), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """Give a store with one bucket."""
    made = ObjectStore(tmp_path / "s3")
    made.create_bucket("bucket")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """Give a store to which many examples add buckets of their own."""
    made = ObjectStore(tmp_path_factory.mktemp("s3"))
    yield made
    made.close()


def blob_count(store: ObjectStore) -> int:
    """Return how many blobs lie on disk."""
    return len(store.blobs.names())


def test_an_object_gives_back_what_was_put(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"from a file")
    for key, source in (("bytes", b"in memory"), ("path", file), ("stream", io.BytesIO(b"from a stream"))):
        store.put("bucket", key, source, content_type="text/plain", metadata={"who": "me"})
    assert store.get("bucket", "bytes").path.read_bytes() == b"in memory"
    assert store.get("bucket", "path").path.read_bytes() == b"from a file"
    info = store.get("bucket", "stream")
    assert (info.path.read_bytes(), info.content_type, info.metadata) == (b"from a stream", "text/plain", {"who": "me"})


def test_a_missing_object_or_bucket_says_so(store: ObjectStore) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.get("bucket", "no"),
        lambda: store.get("no", "k"),
        lambda: store.put("no", "k", b""),
    ]
    for call in calls:
        with pytest.raises(AwsError, match="NoSuch") as caught:
            call()
        assert caught.value.status == 404


def test_a_key_may_be_the_prefix_of_another(store: ObjectStore) -> None:
    store.put("bucket", "model", b"1")
    store.put("bucket", "model/1/a", b"2")
    assert [info.key for info in store.list("bucket")] == ["model", "model/1/a"]


def test_objects_outlive_the_store(tmp_path: Path) -> None:
    first = ObjectStore(tmp_path)
    first.create_bucket("bucket")
    first.put("bucket", "key", b"body", metadata={"a_b": "c"})
    first.close()
    second = ObjectStore(tmp_path)
    info = second.get("bucket", "key")
    assert (info.path.read_bytes(), info.metadata) == (b"body", {"a_b": "c"})
    second.close()


def test_a_replaced_blob_can_be_read_until_its_grace_ends(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    old = store.put("bucket", "key", b"old")
    store.put("bucket", "key", b"new")
    assert old.path.read_bytes() == b"old"
    monkeypatch.setattr(objects, "GRACE", -1.0)
    store.put("bucket", "other", b"")
    assert not old.path.exists()
    assert store.get("bucket", "key").path.read_bytes() == b"new"


def test_a_put_whose_source_fails_leaves_nothing(store: ObjectStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if data := super().read(2):
                return data
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        store.put("bucket", "key", Broken(b"body"))
    assert blob_count(store) == 0
    assert list(store.list("bucket")) == []


def test_a_failed_condition_leaves_the_old_object(store: ObjectStore) -> None:
    def never(_: ObjectInfo | None) -> None:
        raise AwsError("PreconditionFailed", "", 412)

    store.put("bucket", "key", b"old")
    with store.blobs.new() as writer:
        writer.write(b"new")
        with pytest.raises(AwsError, match="PreconditionFailed"):
            store.commit("bucket", "key", writer, Properties(), condition=never)
    assert store.get("bucket", "key").path.read_bytes() == b"old"
    assert blob_count(store) == 1


def test_only_an_empty_bucket_is_deleted(store: ObjectStore) -> None:
    store.put("bucket", "key", b"")
    with pytest.raises(AwsError, match="BucketNotEmpty"):
        store.delete_bucket("bucket")
    store.delete("bucket", "key")
    store.delete_bucket("bucket")
    assert not store.has_bucket("bucket")


WRITER = """
import sys
from pathlib import Path
from sagelocal.s3.objects import ObjectStore
store = ObjectStore(Path(sys.argv[1]))
store.create_bucket("bucket")
number = 0
while True:
    store.put("bucket", f"key-{number % 7}", bytes([number % 256]) * 200_000)
    print(number, flush=True)
    number += 1
"""


def test_a_killed_writer_loses_no_acknowledged_object_and_leaves_no_half_one(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(30):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    last = int(([line for line in process.stdout if line.endswith("\n")] or ["29"])[-1])
    process.stdout.close()
    process.wait()
    store = ObjectStore(tmp_path)
    found = {info.key: info.path.read_bytes() for info in store.list("bucket")}
    for number in range(last - 6, last + 1):
        body = found[f"key-{number % 7}"]
        assert len(body) == 200_000
        assert body[0] in (number % 256, (number + 7) % 256)  # the put after the last acknowledged one may be there too
        assert len(set(body)) == 1
    assert blob_count(store) == len(found)
    store.close()


def test_parts_become_one_object(store: ObjectStore) -> None:
    uploads = Uploads(store)
    upload = uploads.create("bucket", "key", Properties(content_type="text/csv"))
    wanted = []
    for number, body in ((2, b"end"), (1, b"x" * LEAST_PART)):
        with store.blobs.new() as writer:
            writer.write(body)
            wanted.append((number, uploads.add_part(upload, number, writer, "").etag))
    info = uploads.complete(upload, sorted(wanted), None, None)
    assert info.path.read_bytes() == b"x" * LEAST_PART + b"end"
    assert (info.content_type, info.etag[-2:]) == ("text/csv", "-2")
    assert uploads.completed("bucket", "key", upload.identifier) == info
    with pytest.raises(AwsError, match="NoSuchUpload"):
        uploads.get("bucket", "key", upload.identifier)


def test_an_unfinished_upload_outlives_the_store(tmp_path: Path) -> None:
    first = ObjectStore(tmp_path)
    first.create_bucket("bucket")
    upload = Uploads(first).create("bucket", "key", Properties())
    with first.blobs.new() as writer:
        writer.write(b"part")
        etag = Uploads(first).add_part(upload, 1, writer, "").etag
    first.close()
    second = ObjectStore(tmp_path)
    uploads = Uploads(second)
    again = uploads.get("bucket", "key", upload.identifier)
    assert uploads.complete(again, [(1, etag)], None, None).path.read_bytes() == b"part"
    second.close()


@given(KEYS, KEYS)
def test_the_successor_of_a_prefix_is_above_every_key_that_has_it(prefix: str, rest: str) -> None:
    bound = successor(prefix)
    key = prefix + rest
    assert bound is None or key.encode() < bound.encode()


@settings(deadline=None)
@given(st.sets(KEYS, max_size=12), KEYS | st.just(""), st.sampled_from(["", "/", "a", "//"]), st.integers(1, 4))
def test_a_list_is_the_same_in_pages_of_any_size(
    shared_store: ObjectStore, keys: set[str], prefix: str, delimiter: str, size: int
) -> None:
    bucket = uuid.uuid4().hex
    shared_store.create_bucket(bucket)
    for key in keys:
        shared_store.put(bucket, key, b"")
    found: list[str] = []
    after, is_truncated = "", True
    while is_truncated:
        page = list_page(shared_store, bucket, prefix, delimiter, after, size)
        found += [entry if isinstance(entry, str) else entry.key for entry in page.entries]
        is_truncated = page.is_truncated
        after = page.last if is_truncated else ""
    assert found == expected_list(keys, prefix, delimiter)
    assert [info.key for info in shared_store.list(bucket, prefix)] == expected_list(keys, prefix, "")


def expected_list(keys: set[str], prefix: str, delimiter: str) -> list[str]:
    """Return a list's keys and common prefixes by the definition in S3's documents."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            head, separator, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            entries.add(prefix + head + separator if separator else key)
    return sorted(entries, key=str.encode)
