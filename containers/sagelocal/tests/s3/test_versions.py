"""Versions of objects, against a model of them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from sagelocal.errors import AwsError
from sagelocal.s3 import versions
from sagelocal.s3.objects import ListedVersion, ObjectStore
from sagelocal.state import VERSION, open_state

BUCKET = "bucket"
KEYS = st.sampled_from(["a", "a/b", "a/c", "b"])


@dataclass
class Model:
    """Say what a bucket with versions holds, in the words of S3's documents."""

    status: str | None = None
    stacks: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)  # newest first; None: a marker

    def add(self, key: str, version: str, content: bytes | None) -> None:
        stack = self.stacks.setdefault(key, [])
        if version == versions.NULL:
            stack[:] = [entry for entry in stack if entry[0] != versions.NULL]
        stack.insert(0, (version, content))

    def delete(self, key: str, marker: str | None) -> None:
        if marker is None:
            self.stacks.pop(key, None)
        else:
            self.add(key, marker, None)

    def remove(self, key: str, version: str) -> None:
        self.stacks[key] = [entry for entry in self.stacks.get(key, []) if entry[0] != version]

    def current(self) -> dict[str, bytes]:
        tops = {key: stack[0][1] for key, stack in self.stacks.items() if stack}
        return {key: content for key, content in tops.items() if content is not None}

    def entries(self) -> list[tuple[str, str, bytes | None, bool]]:
        return [
            (key, version, content, place == 0)
            for key, stack in sorted(self.stacks.items())
            for place, (version, content) in enumerate(stack)
        ]


class Versioning(RuleBasedStateMachine):
    """Do to a store and to the model the same, and compare."""

    named = Bundle("named")  # a key and a version of it

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = ObjectStore(self.folder)
        self.store.create_bucket(BUCKET)
        self.model = Model()
        self.number = 0

    @rule(status=st.sampled_from([versions.ENABLED, versions.SUSPENDED]))
    def set_status(self, status: str) -> None:
        self.store.set_versioning(BUCKET, status)
        self.model.status = status

    @rule(target=named, key=KEYS)
    def put(self, key: str) -> tuple[str, str]:
        self.number += 1
        content = b"%d" % self.number
        version = self.store.put(BUCKET, key, content).version
        assert (version is None) == (self.model.status is None)
        assert (version == versions.NULL) == (self.model.status == versions.SUSPENDED)
        self.model.add(key, version or versions.NULL, content)
        return key, version or versions.NULL

    @rule(target=named, key=KEYS)
    def delete(self, key: str) -> object:
        marker = self.store.delete(BUCKET, key)
        assert (marker is None) == (self.model.status is None)
        self.model.delete(key, marker.version if marker else None)
        return (key, marker.version) if marker else multiple()

    @rule(one=consumes(named))
    def remove(self, one: tuple[str, str]) -> None:
        known = {(key, version) for key, version, _, _ in self.model.entries()}
        removed = self.store.delete_version(BUCKET, *one)
        assert (removed is not None) == (one in known)
        self.model.remove(*one)

    @rule(one=named, tag=st.text(max_size=3))
    def set_tags(self, one: tuple[str, str], tag: str) -> None:
        info = self.store.find(BUCKET, *one)
        if info and not info.is_marker:
            self.store.set_tags(info, {"tag": tag})
            assert self.store.version(BUCKET, *one).properties.tags == {"tag": tag}

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.store = ObjectStore(self.folder)

    @rule(size=st.integers(1, 4), prefix=st.sampled_from(["", "a", "a/", "b"]))
    def list_in_pages(self, size: int, prefix: str) -> None:
        found: list[ListedVersion] = []
        after = ("", versions.BEFORE_ALL)
        while page := self.store.page_of_versions(BUCKET, after, prefix, size):
            found += page
            after = page[-1].position
        expected = [entry for entry in self.model.entries() if entry[0].startswith(prefix)]
        assert [
            (entry.info.key, entry.info.version or versions.NULL, content(entry), entry.is_latest) for entry in found
        ] == expected

    @invariant()
    def readers_see_the_current_versions(self) -> None:
        found = {info.key: info.path.read_bytes() for info in self.store.list(BUCKET)}
        assert found == self.model.current()

    @invariant()
    def every_version_has_its_bytes(self) -> None:
        for key, version, expected, _ in self.model.entries():
            info = self.store.version(BUCKET, key, version)
            assert (None if info.is_marker else info.path.read_bytes()) == expected

    @invariant()
    def nothing_is_kept_that_nobody_can_reach(self) -> None:
        named = sum(1 for _, _, expected, _ in self.model.entries() if expected is not None)
        rows = self.store.index.row("SELECT count(*) FROM garbage")
        assert rows is not None
        assert len(self.store.blobs.names()) == named + rows[0]

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


def content(version: ListedVersion) -> bytes | None:
    """Return the bytes of a version, None of a delete marker."""
    return None if version.info.is_marker else version.info.path.read_bytes()


TestVersioning = Versioning.TestCase
TestVersioning.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)


def test_a_folder_of_the_first_layout_opens_with_all_that_is_in_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    blobs = state / "s3" / "blobs" / "ab"
    blobs.mkdir(parents=True)
    (state / "version.json").write_text(json.dumps({"version": 1}))
    (blobs / "ab1").write_bytes(b"kept")
    connection = sqlite3.connect(state / "s3" / "index.sqlite")
    connection.executescript(
        """
        CREATE TABLE bucket (name TEXT PRIMARY KEY, created REAL NOT NULL, tags TEXT) WITHOUT ROWID;
        CREATE TABLE object (bucket TEXT NOT NULL, key TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL,
            etag TEXT NOT NULL, modified REAL NOT NULL, properties TEXT NOT NULL, PRIMARY KEY (bucket, key))
            WITHOUT ROWID;
        CREATE TABLE completed (upload TEXT PRIMARY KEY, etag TEXT NOT NULL, since REAL NOT NULL) WITHOUT ROWID;
        INSERT INTO bucket VALUES ('bucket', 1.0, NULL);
        INSERT INTO object VALUES ('bucket', 'key', 'ab1', 4, 'etag', 2.0, '{"metadata": {"who": "me"}}');
        INSERT INTO completed VALUES ('upload', 'etag', 3.0);
        """
    )
    connection.close()
    os.close(open_state(state))
    assert json.loads((state / "version.json").read_text()) == {"version": VERSION}
    for _ in range(2):  # the second opening finds the new layout
        store = ObjectStore(state / "s3")
        info = store.get("bucket", "key")
        assert (info.path.read_bytes(), info.metadata, info.version) == (b"kept", {"who": "me"}, None)
        store.close()
    store = ObjectStore(state / "s3")
    store.set_versioning("bucket", versions.ENABLED)
    new = store.put("bucket", "key", b"new")
    assert store.version("bucket", "key", versions.NULL).path.read_bytes() == b"kept"
    assert store.get("bucket", "key") == new
    store.close()


def test_a_bucket_with_nothing_but_a_marker_is_not_empty(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    store.create_bucket("bucket")
    store.set_versioning("bucket", versions.ENABLED)
    marker = store.delete("bucket", "never there")
    with pytest.raises(AwsError, match="all versions"):
        store.delete_bucket("bucket")
    assert marker is not None
    store.delete_version("bucket", "never there", marker.version or "")
    store.delete_bucket("bucket")
    assert store.buckets() == []
    store.close()
