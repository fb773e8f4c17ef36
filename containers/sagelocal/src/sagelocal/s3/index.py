"""The SQLite file that says which objects there are: what it does not name does not exist."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sagelocal.transactions import step

# Each step leads from the layout before it to the next one; the first leads to what the first servers wrote.
_STEPS = (
    """
CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, created REAL NOT NULL, tags TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL, key TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified REAL NOT NULL, properties TEXT NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS upload (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, initiated REAL NOT NULL, properties TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (
    upload TEXT NOT NULL, number INTEGER NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified REAL NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS completed (upload TEXT PRIMARY KEY, etag TEXT NOT NULL, since REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS garbage (blob TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
""",
    """
ALTER TABLE bucket ADD COLUMN versioning TEXT;
ALTER TABLE object ADD COLUMN version TEXT NOT NULL DEFAULT 'null';
ALTER TABLE object ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE completed ADD COLUMN version TEXT NOT NULL DEFAULT 'null';
CREATE TABLE version (
    bucket TEXT NOT NULL, key TEXT NOT NULL, rank INTEGER NOT NULL, version TEXT NOT NULL, blob TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL, properties TEXT NOT NULL,
    PRIMARY KEY (bucket, key, rank), UNIQUE (bucket, key, version)
) WITHOUT ROWID;
CREATE TABLE joined (
    blob TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, checksum TEXT NOT NULL,
    PRIMARY KEY (blob, number)
) WITHOUT ROWID;
CREATE TABLE setting (
    bucket TEXT NOT NULL, name TEXT NOT NULL, document BLOB NOT NULL, PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
""",
)


class Index:
    """Read from as many connections as there are readers at a time, write from one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []  # its append and pop are atomic
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing this way; what a power cut may take, the README says.
        self._writer.execute("PRAGMA synchronous=NORMAL")
        self._migrate()

    def _migrate(self) -> None:
        with step(self._writer):  # all steps, or none
            (done,) = self._writer.execute("PRAGMA user_version").fetchone()
            for statements in _STEPS[done:]:
                for statement in statements.split(";"):
                    self._writer.execute(statement)
            self._writer.execute(f"PRAGMA user_version = {len(_STEPS)}")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=60)

    def row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        rows = self.rows(statement, *values)
        return rows[0] if rows else None

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return every row."""
        with self._reader() as connection:
            return connection.execute(statement, values).fetchall()

    def each(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Yield every row as it was when the first one was asked for."""
        with self._reader() as connection, closing(connection.execute(statement, values)) as cursor:
            while rows := cursor.fetchmany(1000):
                yield from rows

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make every statement inside one durable step; other writers wait."""
        with self._lock, step(self._writer):
            yield self._writer

    def close(self) -> None:
        with self._lock:
            for connection in (*self._idle, self._writer):
                connection.close()
