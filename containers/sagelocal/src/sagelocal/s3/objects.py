"""Buckets and objects on disk: a SQLite index and one immutable file per object.

A write is: the blob, complete; then one transaction that names it. A process killed before the transaction leaves a
blob that nobody names, and the next start sweeps it.
"""

from __future__ import annotations

import io
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sagelocal.s3 import versions
from sagelocal.s3.blobs import BlobFolder, BlobWriter
from sagelocal.s3.buckets import Buckets
from sagelocal.s3.errors import hidden, no_such_key, no_such_version
from sagelocal.s3.index import Index
from sagelocal.s3.info import DEFAULT_CONTENT_TYPE, Condition, ObjectInfo, Properties
from sagelocal.s3.keys import successor

# A replaced or deleted blob stays this long: whoever looked its path up just before may still read it.
GRACE = 600.0  # seconds
_NAMED = " UNION ALL ".join(f"SELECT blob FROM {table}" for table in ("object", "version", "part"))


Position = tuple[str, int]  # the key and rank of a version


class ListedVersion(NamedTuple):
    """Hold one entry of a list of versions."""

    info: ObjectInfo
    position: Position
    is_latest: bool


class ObjectStore(Buckets):
    """Keep objects under one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(Index(folder / "index.sqlite"))
        self.blobs = BlobFolder(folder / "blobs")
        self._swept = time.time()
        self._sweep()
        self.blobs.make_ahead()

    def _sweep(self) -> None:
        with self.index.transaction() as connection:
            connection.execute("DELETE FROM joined WHERE blob IN (SELECT blob FROM garbage)")
            connection.execute("DELETE FROM garbage")
            self.blobs.remove(self.blobs.names() - {blob for (blob,) in connection.execute(_NAMED)})

    def put(
        self,
        bucket: str,
        key: str,
        source: bytes | Path | BinaryIO,
        *,
        content_type: str = DEFAULT_CONTENT_TYPE,
        metadata: dict[str, str] | None = None,
    ) -> ObjectInfo:
        """Store an object; when this returns it is there, whole, and outlives the process."""
        self.require_bucket(bucket)
        with self.blobs.new() as writer:
            if isinstance(source, Path):
                with source.open("rb") as file:
                    writer.write_from(file)
            else:
                writer.write_from(io.BytesIO(source) if isinstance(source, bytes) else source)
            return self.commit(bucket, key, writer, Properties(content_type, metadata or {}))

    def put_all(self, files: Iterable[tuple[str, str, Path]]) -> None:
        """Store files, each under a bucket and key: all of them appear at once or, whatever happens, none."""
        with ExitStack() as stack:
            written = []
            for bucket, key, path in files:
                self.require_bucket(bucket)
                writer = stack.enter_context(self.blobs.new(path.stat().st_size))
                with path.open("rb") as file:
                    writer.write_from(file)
                writer.finish()
                written.append((bucket, key, writer))
            modified = time.time()
            with self.index.transaction() as connection:
                for bucket, key, writer in written:
                    self.enter(connection, bucket, key, writer, Properties(), writer.md5, modified, None)
                    writer.keep()

    def commit(
        self,
        bucket: str,
        key: str,
        writer: BlobWriter,
        properties: Properties,
        *,
        etag: str | None = None,
        condition: Condition | None = None,
        upload: str | None = None,
        parts: Iterable[tuple[int, int, str]] = (),
    ) -> ObjectInfo:
        """Make a written blob the object of that key, and end the multipart upload it came from, in one step.

        `parts` are the numbers, sizes and encoded checksums of the parts it was joined from.
        """
        modified = time.time()
        etag = etag or writer.md5
        with self.index.transaction() as connection:
            new = self.enter(connection, bucket, key, writer, properties, etag, modified, condition)
            if upload is not None:
                self.end_upload(connection, upload, modified)
                values = (upload, etag, modified, new.version or versions.NULL)
                connection.execute("INSERT INTO completed (upload, etag, since, version) VALUES (?, ?, ?, ?)", values)
                rows = [(writer.path.name, *part) for part in parts]
                connection.executemany("INSERT INTO joined VALUES (?, ?, ?, ?)", rows)
            writer.keep()
        self._collect(modified)
        return new

    def enter(
        self,
        connection: sqlite3.Connection,
        bucket: str,
        key: str,
        writer: BlobWriter,
        properties: Properties,
        etag: str,
        modified: float,
        condition: Condition | None,
    ) -> ObjectInfo:
        """Name a blob in the index, within a transaction."""
        if condition is not None:
            self._check(connection, bucket, key, condition)
        content = versions.Content(writer.path.name, writer.size, etag, modified, properties.as_json())
        return self._info(versions.put(connection, bucket, key, content), properties)

    def _check(self, connection: sqlite3.Connection, bucket: str, key: str, condition: Condition) -> None:
        self.require_bucket(bucket)
        row = versions.current(connection, bucket, key)
        condition(self._info(row) if row else None)

    def get(self, bucket: str, key: str) -> ObjectInfo:
        """Return the object; `NoSuchKey` or `NoSuchBucket` if there is none."""
        info = self.newest(bucket, key)
        if info.is_marker:
            raise hidden(info)
        return info

    def newest(self, bucket: str, key: str) -> ObjectInfo:
        """Return the newest version, which is a delete marker where the object is deleted."""
        row = self.index.row(versions.CURRENT_OF_KEY, bucket, key)
        row = row or self.index.row(versions.NEWEST_OF_KEY, bucket, key, bucket, key)
        if row is None:
            self.require_bucket(bucket)
            raise no_such_key(key)
        return self._info(versions.Row(*row))

    def version(self, bucket: str, key: str, version: str) -> ObjectInfo:
        """Return one version, which may be a delete marker; `NoSuchVersion` if there is none of that name."""
        info = self.find(bucket, key, version)
        if info is None:
            self.require_bucket(bucket)
            raise no_such_version(key, version)
        return info

    def find(self, bucket: str, key: str, version: str) -> ObjectInfo | None:
        """Return one version, None if there is none of that name."""
        row = self.index.row(versions.ONE_OF_KEY, bucket, key, version, bucket, key, version)
        return self._info(versions.Row(*row)) if row else None

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Return the objects whose keys begin with `prefix`, by the keys' UTF-8 bytes: those of one moment."""
        self.require_bucket(bucket)
        bound, values = _below(prefix)
        statement = f"{versions.CURRENT} WHERE bucket = ? AND key >= ?{bound} ORDER BY key"
        for row in self.index.each(statement, bucket, prefix, *values):
            yield self._info(versions.Row(*row))

    def page(self, bucket: str, start: str, prefix: str, count: int) -> Sequence[ObjectInfo]:
        """Return the first `count` objects whose keys are not below `start` and begin with `prefix`."""
        bound, values = _below(prefix)
        rows = self.index.rows(
            f"{versions.CURRENT} WHERE bucket = ? AND key >= ?{bound} ORDER BY key LIMIT {count}",
            bucket,
            max(start, prefix),
            *values,
        )
        return [self._info(versions.Row(*row)) for row in rows]

    def page_of_versions(self, bucket: str, after: Position, prefix: str, count: int) -> Sequence[ListedVersion]:
        """Return the first `count` versions beyond a position whose keys begin with `prefix`, newest first by key."""
        end = successor(prefix)
        bound, values = (" AND key < ?", (end,)) if end is not None else ("", ())
        key, rank = after
        wanted = f"WHERE bucket = ? AND key >= ?{bound} AND (key > ? OR rank > ?)"
        values = (bucket, max(key, prefix), *values, key, rank)
        statement = f"{versions.CURRENT} {wanted} UNION ALL {versions.PAST} {wanted} ORDER BY key, rank LIMIT {count}"
        rows = [versions.Row(*row) for row in self.index.rows(statement, *values, *values)]
        return [ListedVersion(self._info(row), (row.key, row.rank), bool(row.is_latest)) for row in rows]

    def rank_of_null(self, bucket: str, key: str) -> int:
        """Return the rank of the version without a name, if there is one; else one before all others."""
        row = self.index.row(versions.ONE_OF_KEY, bucket, key, versions.NULL, bucket, key, versions.NULL)
        return versions.Row(*row).rank if row else versions.BEFORE_ALL

    def delete(self, bucket: str, key: str, condition: Condition | None = None) -> ObjectInfo | None:
        """Remove an object unless the condition raises; one that is not there is no error.

        A bucket with versions hides it behind a delete marker instead, which is returned.
        """
        now = time.time()
        with self.index.transaction() as connection:
            if condition is not None:
                self._check(connection, bucket, key, condition)
            marker = versions.delete(connection, bucket, key, now)
        self._collect(now)
        return self._info(marker) if marker else None

    def delete_version(self, bucket: str, key: str, version: str) -> ObjectInfo | None:
        """Remove one version for good and return it; None if there is none of that name."""
        now = time.time()
        with self.index.transaction() as connection:
            removed = versions.delete_version(connection, bucket, key, version, now)
        self._collect(now)
        return self._info(removed) if removed else None

    def set_tags(self, info: ObjectInfo, tags: dict[str, str]) -> None:
        """Replace the tags of an object, or of one version of it."""
        properties = replace(info.properties, tags=tags)
        values = (properties.as_json(), info.bucket, info.key, info.path.name)
        with self.index.transaction() as connection:
            for table in ("object", "version"):
                statement = f"UPDATE {table} SET properties = ? WHERE bucket = ? AND key = ? AND blob = ?"
                connection.execute(statement, values)

    def parts(self, info: ObjectInfo) -> Sequence[tuple[int, int, str]]:
        """Return number, size and encoded checksum of the parts that an object was joined from."""
        statement = "SELECT number, size, checksum FROM joined WHERE blob = ? ORDER BY number"
        return [(number, size, checksum) for number, size, checksum in self.index.rows(statement, info.path.name)]

    def _collect(self, now: float) -> None:
        if now - self._swept < GRACE / 10:
            return
        self._swept = now
        with self.index.transaction() as connection:
            old = connection.execute("SELECT blob FROM garbage WHERE since < ?", (now - GRACE,)).fetchall()
            self.blobs.remove(blob for (blob,) in old)
            connection.executemany("DELETE FROM joined WHERE blob = ?", old)
            connection.execute("DELETE FROM garbage WHERE since < ?", (now - GRACE,))
            connection.execute("DELETE FROM completed WHERE since < ?", (now - GRACE,))

    def _info(self, row: versions.Row, known: Properties | None = None) -> ObjectInfo:
        properties = known or Properties.from_json(row.properties)
        return ObjectInfo(
            row.bucket,
            row.key,
            row.size,
            row.etag,
            row.modified,
            properties.content_type,
            properties.metadata,
            self.blobs.path(row.blob),
            properties,
            row.version if row.versioning else None,
            not row.blob,
        )

    def close(self) -> None:
        """Close the index."""
        self.blobs.close()
        self.index.close()


def _below(prefix: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition that ends the keys with a prefix, and its values."""
    end = successor(prefix)
    return (" AND key < ?", (end,)) if end is not None else ("", ())
