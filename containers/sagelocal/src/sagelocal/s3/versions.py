"""The versions of each key, as the index keeps them.

The table `object` has the current version of each key, so that whoever reads, lists or queries objects meets no other.
The table `version` has the past ones and the delete markers. A rank orders the versions of a key: the newest has the
lowest. If a key has versions and none of them is in `object`, the newest one is a delete marker.
"""

from __future__ import annotations

import re
import uuid
from sqlite3 import Connection
from typing import Any, NamedTuple

from sagelocal.s3.errors import no_such_bucket

ENABLED, SUSPENDED = "Enabled", "Suspended"
NULL = "null"  # the version that an object has where versions are not, or no longer, kept
BEFORE_ALL, AFTER_ALL = -(1 << 62), 1 << 62  # ranks that no version has
_IDENTIFIER = re.compile(r"([0-9a-f]{16})[0-9a-f]{16}")

_COLUMNS = "bucket, key, rank, version, blob, size, etag, modified, properties"
_VERSIONING = "(SELECT versioning FROM bucket WHERE name = bucket)"
CURRENT = f"SELECT {_COLUMNS}, {_VERSIONING}, 'object', 1 FROM object"
# A marker is the latest where nothing is newer; a past version never is.
PAST = (
    f"SELECT {_COLUMNS}, {_VERSIONING}, 'version', "
    "blob = '' AND NOT EXISTS (SELECT 1 FROM object AS o WHERE o.bucket = v.bucket AND o.key = v.key) "
    "AND NOT EXISTS (SELECT 1 FROM version AS w WHERE w.bucket = v.bucket AND w.key = v.key AND w.rank < v.rank) "
    "FROM version AS v"
)
_KEY = " WHERE bucket = ? AND key = ?"
CURRENT_OF_KEY = CURRENT + _KEY
# One statement each, for between two of them a version may move from one table to the other.
NEWEST_OF_KEY = f"{CURRENT_OF_KEY} UNION ALL {PAST}{_KEY} ORDER BY rank LIMIT 1"
ONE_OF_KEY = f"{CURRENT_OF_KEY} AND version = ? UNION ALL {PAST}{_KEY} AND version = ?"


class Row(NamedTuple):
    """Hold a version as the index has it."""

    bucket: str
    key: str
    rank: int
    version: str
    blob: str  # empty: a delete marker
    size: int
    etag: str
    modified: float
    properties: str  # JSON
    versioning: str | None = None  # of the bucket
    table: str = "object"
    is_latest: int = 1


class Content(NamedTuple):
    """Hold what a new version brings with it."""

    blob: str
    size: int
    etag: str
    modified: float
    properties: str


def new_identifier(rank: int) -> str:
    """Return an identifier that no other version has, and from which its rank can be read."""
    return f"{-rank:016x}{uuid.uuid4().hex[:16]}"


def rank_of(identifier: str) -> int | None:
    """Return the rank of the version with this identifier, even if it is no longer there; None if it is none."""
    found = _IDENTIFIER.fullmatch(identifier)
    return -int(found[1], 16) if found else None


def is_identifier(text: str) -> bool:
    """Return whether there can be a version of that name."""
    return text == NULL or rank_of(text) is not None


def current(connection: Connection, bucket: str, key: str) -> Row | None:
    """Return the version that a plain read gets."""
    return _one(connection, CURRENT_OF_KEY, bucket, key)


def named(connection: Connection, bucket: str, key: str, version: str) -> Row | None:
    """Return the version of that name, which may be a delete marker."""
    return _one(connection, ONE_OF_KEY, bucket, key, version, bucket, key, version)


def newest(connection: Connection, bucket: str, key: str) -> Row | None:
    """Return the newest version, which may be a delete marker."""
    return _one(connection, NEWEST_OF_KEY, bucket, key, bucket, key)


def put(connection: Connection, bucket: str, key: str, content: Content) -> Row:
    """Make this content the current version."""
    versioning = _versioning(connection, bucket)
    rank, version = _make_way(connection, bucket, key, versioning, content.modified)
    return _insert(connection, "object", Row(bucket, key, rank, version, *content, versioning))


def delete(connection: Connection, bucket: str, key: str, now: float) -> Row | None:
    """Remove the object, or hide it behind a delete marker; return the marker."""
    versioning = _versioning(connection, bucket)
    rank, version = _make_way(connection, bucket, key, versioning, now)
    if versioning is None:
        return None
    return _insert(connection, "version", Row(bucket, key, rank, version, "", 0, "", now, "{}", versioning))


def delete_version(connection: Connection, bucket: str, key: str, version: str, now: float) -> Row | None:
    """Remove one version for good; the newest that is left comes to light. Return the one removed."""
    _versioning(connection, bucket)
    row = named(connection, bucket, key, version)
    if row is None:
        return None
    _drop(connection, row, now)
    left = None if current(connection, bucket, key) else newest(connection, bucket, key)
    if left and left.blob:
        connection.execute("DELETE FROM version WHERE bucket = ? AND key = ? AND rank = ?", left[:3])
        _insert(connection, "object", left)
    return row


def _make_way(connection: Connection, bucket: str, key: str, versioning: str | None, now: float) -> tuple[int, str]:
    """Set the current version aside if the bucket keeps it, else drop it; return rank and name of the next."""
    row = current(connection, bucket, key)
    if versioning is None:
        if row:
            _drop(connection, row, now)
        return 0, NULL
    last = row or newest(connection, bucket, key)
    rank = (last.rank if last else 0) - 1
    if versioning == SUSPENDED and (null := named(connection, bucket, key, NULL)):
        _drop(connection, null, now)
        row = None if null == row else row
    if row:
        connection.execute(f"DELETE FROM object{_KEY}", (bucket, key))
        _insert(connection, "version", row)
    return rank, new_identifier(rank) if versioning == ENABLED else NULL


def _drop(connection: Connection, row: Row, now: float) -> None:
    connection.execute(f"DELETE FROM {row.table} WHERE bucket = ? AND key = ? AND rank = ?", row[:3])
    if row.blob:
        connection.execute("INSERT OR IGNORE INTO garbage VALUES (?, ?)", (row.blob, now))


def _insert(connection: Connection, table: str, row: Row) -> Row:
    connection.execute(f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row[:9])
    return row


def _versioning(connection: Connection, bucket: str) -> str | None:
    row = connection.execute("SELECT versioning FROM bucket WHERE name = ?", (bucket,)).fetchone()
    if row is None:
        raise no_such_bucket(bucket)
    found: str | None = row[0]
    return found


def _one(connection: Connection, statement: str, *values: Any) -> Row | None:
    row = connection.execute(statement, values).fetchone()
    return Row(*row) if row else None
