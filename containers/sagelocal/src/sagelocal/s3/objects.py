"""Buckets and objects on disk: a SQLite index and one immutable file per object.

A write is: the blob, complete; then one transaction that names it. A process killed before the transaction leaves a
blob that nobody names, and the next start sweeps it.
"""

from __future__ import annotations

import io
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sagelocal.errors import AwsError
from sagelocal.s3.blobs import BlobFolder, BlobWriter
from sagelocal.s3.index import Index
from sagelocal.s3.keys import successor

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
# A replaced or deleted blob stays this long: whoever looked its path up just before may still read it.
GRACE = 600.0  # seconds
_PAGE = 1000

_COLUMNS = "bucket, key, blob, size, etag, modified, properties"


@dataclass(frozen=True)
class Properties:
    """Hold what a client says of an object beside its bytes."""

    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # Cache-Control and the like, given back as they came
    tags: dict[str, str] = field(default_factory=dict)
    checksum: dict[str, str] = field(default_factory=dict)  # algorithm, value and type; empty if none was sent


@dataclass(frozen=True)
class ObjectInfo:
    """Describe an object. `path` is its blob: read it, never write to it."""

    bucket: str
    key: str
    size: int
    etag: str  # without quotes
    last_modified: float  # epoch seconds
    content_type: str
    metadata: dict[str, str]
    path: Path
    properties: Properties = field(default_factory=Properties)


# Decides within the writing transaction, by the object there is now, whether to go on; raises if not.
Condition = Callable[[ObjectInfo | None], None]


class ObjectStore:
    """Keep objects under one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.index = Index(folder / "index.sqlite")
        self.blobs = BlobFolder(folder / "blobs")
        self._swept = time.time()
        self._sweep()
        self.blobs.make_ahead()

    def _sweep(self) -> None:
        with self.index.transaction() as connection:
            connection.execute("DELETE FROM garbage")
            named = connection.execute("SELECT blob FROM object UNION ALL SELECT blob FROM part")
            self.blobs.remove(self.blobs.names() - {blob for (blob,) in named})

    # buckets

    def create_bucket(self, bucket: str) -> bool:
        """Make a bucket; return False if there is one of that name."""
        with self.index.transaction() as connection:
            statement = "INSERT OR IGNORE INTO bucket (name, created) VALUES (?, ?)"
            return connection.execute(statement, (bucket, time.time())).rowcount == 1

    def has_bucket(self, bucket: str) -> bool:
        """Return whether there is such a bucket."""
        return self.index.row("SELECT 1 FROM bucket WHERE name = ?", bucket) is not None

    def require_bucket(self, bucket: str) -> None:
        """Raise `NoSuchBucket` if there is none."""
        if not self.has_bucket(bucket):
            raise no_such_bucket(bucket)

    def buckets(self) -> list[tuple[str, float]]:
        """Return every bucket's name and time of creation."""
        return [(name, created) for name, created in self.index.rows("SELECT name, created FROM bucket ORDER BY name")]

    def delete_bucket(self, bucket: str) -> None:
        """Remove an empty bucket."""
        with self.index.transaction() as connection:
            if connection.execute("SELECT 1 FROM object WHERE bucket = ? LIMIT 1", (bucket,)).fetchone():
                message = "The bucket you tried to delete is not empty"
                raise AwsError("BucketNotEmpty", message, 409, BucketName=bucket)
            for (upload,) in connection.execute("SELECT id FROM upload WHERE bucket = ?", (bucket,)).fetchall():
                self.end_upload(connection, upload, time.time())
            if connection.execute("DELETE FROM bucket WHERE name = ?", (bucket,)).rowcount != 1:
                raise no_such_bucket(bucket)

    # objects

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
                    self._enter(connection, bucket, key, writer, Properties(), writer.md5, modified, None)
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
    ) -> ObjectInfo:
        """Make a written blob the object of that key, and end the multipart upload it came from, in one step."""
        modified = time.time()
        etag = etag or writer.md5
        with self.index.transaction() as connection:
            new = self._enter(connection, bucket, key, writer, properties, etag, modified, condition)
            if upload is not None:
                self.end_upload(connection, upload, modified)
                connection.execute("INSERT INTO completed VALUES (?, ?, ?)", (upload, etag, modified))
            writer.keep()
        self._collect(modified)
        return new

    def _enter(
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
        if not connection.execute("SELECT 1 FROM bucket WHERE name = ?", (bucket,)).fetchone():
            raise no_such_bucket(bucket)
        statement = f"SELECT {_COLUMNS} FROM object WHERE bucket = ? AND key = ?"
        row = connection.execute(statement, (bucket, key)).fetchone()
        if condition is not None:
            condition(self._info(row) if row else None)
        if row:
            connection.execute("INSERT OR IGNORE INTO garbage VALUES (?, ?)", (row[2], modified))
        new = (bucket, key, writer.path.name, writer.size, etag, modified, json.dumps(asdict(properties)))
        connection.execute(f"INSERT OR REPLACE INTO object ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", new)
        return self._info(new)

    @staticmethod
    def end_upload(connection: sqlite3.Connection, upload: str, now: float) -> None:
        """Forget a multipart upload and its parts, within a transaction."""
        connection.execute("INSERT OR IGNORE INTO garbage SELECT blob, ? FROM part WHERE upload = ?", (now, upload))
        connection.execute("DELETE FROM part WHERE upload = ?", (upload,))
        if connection.execute("DELETE FROM upload WHERE id = ?", (upload,)).rowcount != 1:
            raise no_such_upload(upload)

    def get(self, bucket: str, key: str) -> ObjectInfo:
        """Return the object; `NoSuchKey` or `NoSuchBucket` if there is none."""
        row = self.index.row(f"SELECT {_COLUMNS} FROM object WHERE bucket = ? AND key = ?", bucket, key)
        if row is None:
            self.require_bucket(bucket)
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404, Key=key)
        return self._info(row)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Return the objects whose keys begin with `prefix`, in the order of the keys' UTF-8 bytes."""
        self.require_bucket(bucket)
        start = prefix
        while page := self.page(bucket, start, prefix, _PAGE):
            yield from page
            start = page[-1].key + "\0"

    def page(self, bucket: str, start: str, prefix: str, count: int) -> Sequence[ObjectInfo]:
        """Return the first `count` objects whose keys are not below `start` and begin with `prefix`."""
        end = successor(prefix)
        bound, values = (" AND key < ?", (end,)) if end is not None else ("", ())
        rows = self.index.rows(
            f"SELECT {_COLUMNS} FROM object WHERE bucket = ? AND key >= ?{bound} ORDER BY key LIMIT {count}",
            bucket,
            max(start, prefix),
            *values,
        )
        return [self._info(row) for row in rows]

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        self.delete_if(bucket, key, None)

    def delete_if(self, bucket: str, key: str, condition: Condition | None) -> None:
        """Remove an object unless the condition raises."""
        now = time.time()
        with self.index.transaction() as connection:
            if not connection.execute("SELECT 1 FROM bucket WHERE name = ?", (bucket,)).fetchone():
                raise no_such_bucket(bucket)
            statement = f"SELECT {_COLUMNS} FROM object WHERE bucket = ? AND key = ?"
            row = connection.execute(statement, (bucket, key)).fetchone()
            if condition is not None:
                condition(self._info(row) if row else None)
            if row:
                connection.execute("INSERT OR IGNORE INTO garbage VALUES (?, ?)", (row[2], now))
                connection.execute("DELETE FROM object WHERE bucket = ? AND key = ?", (bucket, key))
        self._collect(now)

    def set_tags(self, bucket: str, key: str, tags: dict[str, str]) -> None:
        """Replace an object's tags."""
        info = self.get(bucket, key)
        properties = {**asdict(info.properties), "tags": tags}
        with self.index.transaction() as connection:
            connection.execute(
                "UPDATE object SET properties = ? WHERE bucket = ? AND key = ? AND blob = ?",
                (json.dumps(properties), bucket, key, info.path.name),
            )

    def _collect(self, now: float) -> None:
        if now - self._swept < GRACE / 10:
            return
        self._swept = now
        with self.index.transaction() as connection:
            old = connection.execute("SELECT blob FROM garbage WHERE since < ?", (now - GRACE,)).fetchall()
            self.blobs.remove(blob for (blob,) in old)
            connection.execute("DELETE FROM garbage WHERE since < ?", (now - GRACE,))
            connection.execute("DELETE FROM completed WHERE since < ?", (now - GRACE,))

    def _info(self, row: tuple[Any, ...]) -> ObjectInfo:
        bucket, key, blob, size, etag, modified, text = row
        properties = Properties(**json.loads(text))
        path = self.blobs.path(blob)
        return ObjectInfo(
            bucket, key, size, etag, modified, properties.content_type, properties.metadata, path, properties
        )

    def close(self) -> None:
        """Close the index."""
        self.blobs.close()
        self.index.close()


def no_such_bucket(bucket: str) -> AwsError:
    """Return the answer to a call on a bucket that is not there."""
    return AwsError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=bucket)


def no_such_upload(identifier: str) -> AwsError:
    """Return the answer to a call on an upload that is not, or no longer, there."""
    message = (
        "The specified upload does not exist. The upload ID may be invalid, "
        "or the upload may have been aborted or completed."
    )
    return AwsError("NoSuchUpload", message, 404, UploadId=identifier)
