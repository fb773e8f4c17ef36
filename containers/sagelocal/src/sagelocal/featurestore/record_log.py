"""The records on disk: the online store, and the log of what the offline store has not got yet."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from sagelocal.transactions import step

_SCHEMA = """
CREATE TABLE IF NOT EXISTS online (
    group_key TEXT NOT NULL, identifier TEXT NOT NULL, event_time INTEGER NOT NULL, deleted INTEGER NOT NULL,
    expires INTEGER, body TEXT NOT NULL, PRIMARY KEY (group_key, identifier)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, group_key TEXT NOT NULL, rows INTEGER NOT NULL,
    invoked INTEGER NOT NULL, lines TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting_by_group ON waiting (group_key, sequence);
CREATE TABLE IF NOT EXISTS batch (
    group_key TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, write_time INTEGER NOT NULL
);
"""
# Of a folder in which each row waited by itself; sequences stay, for an open batch names them.
_FROM_ROWS = """
INSERT INTO waiting SELECT sequence, group_key, 1, invoked, json_object(
    't', event_time, 'i', invoked, 'd', json(iif(deleted, 'true', 'false')), 'v', json(body)) || char(10) FROM pending;
DROP TABLE pending;
"""
# Both tables as one, so that one statement writes to both: for each statement a thread gives the interpreter away and
# waits to get it back, while others wait for the thread. A row with an identifier is a record, `number` tells whether
# it is deleted; one without is lines that wait, `number` counts them, `moment` is when they were written.
# A record replaces an older one only; one that has expired counts as gone.
_WRITTEN = """
CREATE TEMP VIEW written (group_key, identifier, moment, number, expires, text, now) AS SELECT *, NULL FROM online;
CREATE TEMP TRIGGER record INSTEAD OF INSERT ON written WHEN NEW.identifier IS NOT NULL BEGIN
    INSERT INTO online (group_key, identifier, event_time, deleted, expires, body)
    VALUES (NEW.group_key, NEW.identifier, NEW.moment, NEW.number, NEW.expires, NEW.text)
    ON CONFLICT DO UPDATE SET event_time = excluded.event_time, deleted = excluded.deleted,
        expires = excluded.expires, body = excluded.body
    WHERE excluded.event_time > event_time OR expires <= NEW.now;
END;
CREATE TEMP TRIGGER lines INSTEAD OF INSERT ON written WHEN NEW.identifier IS NULL BEGIN
    INSERT INTO waiting (group_key, rows, invoked, lines)
    VALUES (NEW.group_key, NEW.number, NEW.moment, NEW.text);
END;
"""
_Row = tuple[str | int | None, ...]  # of `written`
_CALLS_AT_ONCE = 32  # a statement takes 32,766 parameters
BATCH_ROWS = 50_000


class Write(NamedTuple):
    """Describe one record to write: times are nanoseconds since the epoch, `body` is a JSON object of the values."""

    group_key: str
    identifier: str
    event_time: int
    body: str  # what the offline store gets; of a deleted record only identifier and event time
    online: bool
    offline: bool
    deleted: bool = False
    expires: int | None = None


@dataclass(frozen=True)
class OnlineRecord:
    """Hold a record as the online store has it."""

    identifier: str
    event_time: int
    expires: int | None
    body: str


@dataclass(frozen=True)
class Batch:
    """Hold the rows that are written to the offline store at once; the same rows again after a crash.

    A line of `lines` is a JSON object: `t` the event time in nanoseconds, `i` the time of the call in microseconds,
    `d` whether it is the marker of a deletion, `v` the values by feature.
    """

    group_key: str
    first: int
    last: int
    write_time: int  # microseconds
    lines: str


@dataclass(eq=False)
class _Call:
    """Hold what one caller writes, and what became of it."""

    writes: Sequence[Write]
    is_over: bool = False
    error: BaseException | None = None


class RecordLog:
    """Keep online records and waiting rows in one SQLite file; a returned write is durable in both."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._calls: deque[_Call] = deque()  # that wait for the writer
        self._writer = self._connect(path)
        self._writer.executescript(_SCHEMA)
        if self._writer.execute("SELECT 1 FROM sqlite_schema WHERE name = 'pending'").fetchone():
            self._writer.executescript(f"BEGIN IMMEDIATE; {_FROM_ROWS} COMMIT;")
        self._writer.executescript(_WRITTEN)
        self._reader = self._connect(path)
        row = self._writer.execute("SELECT max(invoked + rows) FROM waiting").fetchone()
        self._clock = row[0] or 0

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=4000")  # pages; each checkpoint waits for the disk
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._write_lock, step(self._writer):
            yield self._writer

    def write(self, writes: Sequence[Write]) -> None:
        """Write all records or none, each to the stores that it names.

        Calls that wait for another one share a statement: the first of them makes it for all.
        """
        call = _Call(writes)
        self._calls.append(call)
        with self._write_lock:
            while not call.is_over:
                self._write_calls([self._calls.popleft() for _ in range(min(len(self._calls), _CALLS_AT_ONCE))])
        if call.error is not None:
            raise call.error

    def _write_calls(self, calls: Sequence[_Call]) -> None:
        try:
            self._write([write for call in calls for write in call.writes])
        except BaseException as error:  # noqa: BLE001 - it is raised again where it belongs
            if len(calls) > 1:  # one of them cannot be written: the others can
                for call in calls:
                    self._write_calls([call])
                return
            calls[0].error = error
        for call in calls:
            call.is_over = True

    def _write(self, writes: Sequence[Write]) -> None:
        now = time.time_ns()
        rows: list[_Row] = [
            (w.group_key, w.identifier, w.event_time, w.deleted, w.expires, "{}" if w.deleted else w.body, now)
            for w in writes
            if w.online
        ]
        by_group = groupby((w for w in writes if w.offline), key=_group_key)
        rows += [self._waiting(group_key, list(some)) for group_key, some in by_group]
        if rows:
            self._writer.execute(_insert(len(rows)), list(chain.from_iterable(rows)))

    def _waiting(self, group_key: str, writes: Sequence[Write]) -> _Row:
        """Return the row of `written` that lets records wait for the offline store."""
        # strictly increasing, so that of two writes of one event time the later one can be told
        invoked = max(self._clock + 1, time.time_ns() // 1000)
        self._clock = invoked + len(writes)
        lines = "".join(
            [
                f'{{"t":{w.event_time},"i":{number},"d":{"true" if w.deleted else "false"},"v":{w.body}}}\n'
                for number, w in enumerate(writes, invoked)
            ]
        )
        return group_key, None, invoked, len(writes), None, lines, None

    def hard_delete(self, write: Write) -> bool:
        """Remove the online record and append its marker; return False and change nothing if it is not older."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT event_time FROM online WHERE group_key = ? AND identifier = ?",
                (write.group_key, write.identifier),
            ).fetchone()
            if write.online and row and row[0] >= write.event_time:
                return False
            if write.online:
                connection.execute(
                    "DELETE FROM online WHERE group_key = ? AND identifier = ?", (write.group_key, write.identifier)
                )
            if write.offline:
                connection.execute(_insert(1), self._waiting(write.group_key, [write]))
        return True

    def read(self, group_key: str, identifiers: list[str]) -> dict[str, OnlineRecord]:
        """Return the records that are online now, by identifier."""
        marks = ", ".join("?" * len(identifiers))
        with self._read_lock:
            rows = self._reader.execute(
                "SELECT identifier, event_time, expires, body FROM online "
                f"WHERE group_key = ? AND identifier IN ({marks}) AND NOT deleted "
                "AND (expires IS NULL OR expires > ?)",
                (group_key, *identifiers, time.time_ns()),
            ).fetchall()
        return {row[0]: OnlineRecord(*row) for row in rows}

    def online_bytes(self, group_key: str) -> int:
        """Return the size of a group's online records."""
        with self._read_lock:
            row = self._reader.execute(
                "SELECT sum(length(body) + length(identifier)) FROM online WHERE group_key = ?", (group_key,)
            ).fetchone()
        return row[0] or 0

    def forget(self, group_key: str) -> None:
        """Remove a group's online records; rows on their way to the offline store still get there."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM online WHERE group_key = ?", (group_key,))

    def online_keys(self) -> set[str]:
        """Return the keys of the groups that have online records."""
        with self._read_lock:
            return {row[0] for row in self._reader.execute("SELECT DISTINCT group_key FROM online")}

    def oldest_waiting(self) -> dict[str, int]:
        """Return, per group with waiting rows, when its oldest row was written, in microseconds."""
        with self._read_lock:
            rows = self._reader.execute(
                "SELECT group_key, invoked FROM waiting "
                "WHERE sequence IN (SELECT min(sequence) FROM waiting GROUP BY group_key)"
            ).fetchall()
        return dict(rows)

    def take_batch(self, group_key: str, due: int) -> Batch | None:
        """Return the group's open batch, or open one of the rows written before `due` (microseconds)."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT first, last, write_time FROM batch WHERE group_key = ?", (group_key,)
            ).fetchone()
            if found is None:
                first, last = connection.execute(
                    "SELECT min(sequence), max(sequence) FROM (SELECT sequence, "
                    "sum(rows) OVER (ORDER BY sequence) - rows AS before FROM (SELECT sequence, rows FROM waiting "
                    "WHERE group_key = ?1 AND invoked <= ?2 ORDER BY sequence LIMIT ?3)) WHERE before < ?3",
                    (group_key, due, BATCH_ROWS),
                ).fetchone()
                if first is None:
                    return None
                found = (first, last, time.time_ns() // 1000)
                connection.execute("INSERT INTO batch VALUES (?, ?, ?, ?)", (group_key, *found))
        first, last, write_time = found
        with self._read_lock:  # writers need not wait: these rows stay as they are
            rows = self._reader.execute(
                "SELECT lines FROM waiting WHERE group_key = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
                (group_key, first, last),
            ).fetchall()
        return Batch(group_key, first, last, write_time, "".join([row[0] for row in rows]))

    def has_open_batch(self, group_key: str) -> bool:
        """Return whether a batch of the group was taken and not finished."""
        with self._read_lock:
            row = self._reader.execute("SELECT 1 FROM batch WHERE group_key = ?", (group_key,)).fetchone()
        return row is not None

    def finish_batch(self, batch: Batch) -> None:
        """Forget the rows of a batch that is in the offline store."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM waiting WHERE group_key = ? AND sequence BETWEEN ? AND ?",
                (batch.group_key, batch.first, batch.last),
            )
            connection.execute("DELETE FROM batch WHERE group_key = ?", (batch.group_key,))

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            self._writer.close()
            self._reader.close()


def _group_key(write: Write) -> str:
    return write.group_key


@lru_cache(maxsize=128)
def _insert(rows: int) -> str:
    return f"INSERT INTO written VALUES {', '.join(['(?, ?, ?, ?, ?, ?, ?)'] * rows)}"
