"""Documents on disk: what sagelocal knows of its jobs, models, endpoints and the like."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sagelocal.transactions import step

Document = dict[str, Any]
Watcher = Callable[[str, Document | None, Document], None]  # kind, before (None: it is new), after

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, name)
)
"""


class Store:
    """Keep JSON documents by kind and name in one SQLite file; a returned call is durable.

    Documents hold JSON values only: times are epoch seconds.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._watched: frozenset[str] = frozenset()
        self._watcher: Watcher = _nobody
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_SCHEMA)

    def watch(self, kinds: frozenset[str], watcher: Watcher) -> None:
        """Tell `watcher` of every new and changed document of `kinds`, within the step that changes it."""
        self._watched, self._watcher = kinds, watcher

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make every call inside one atomic step; other threads wait."""
        with self._lock, step(self._connection) if self._depth == 0 else nullcontext():
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def create(self, kind: str, name: str, document: Document) -> bool:
        """Add a document; return False and change nothing if the name is taken."""
        with self.transaction():
            cursor = self._connection.execute(
                "INSERT OR IGNORE INTO document (kind, name, body) VALUES (?, ?, ?)",
                (kind, name, json.dumps(document)),
            )
            created = cursor.rowcount == 1
            if created and kind in self._watched:
                self._watcher(kind, None, document)
            return created

    def get(self, kind: str, name: str) -> Document | None:
        """Return a copy of the document, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM document WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def update(self, kind: str, name: str, change: Callable[[Document], Document | None]) -> Document | None:
        """Replace the document by what `change` returns for it (None: as it was, changed in place).

        Return the new document, or None if there is no such document. An exception in `change` changes nothing.
        """
        with self.transaction():
            document = self.get(kind, name)
            if document is None:
                return None
            before = self.get(kind, name) if kind in self._watched else None
            changed = change(document)
            document = document if changed is None else changed
            self._connection.execute(
                "UPDATE document SET body = ? WHERE kind = ? AND name = ?", (json.dumps(document), kind, name)
            )
            if before is not None:
                self._watcher(kind, before, document)
            return document

    def delete(self, kind: str, name: str) -> bool:
        """Remove the document; return whether there was one."""
        with self.transaction():
            cursor = self._connection.execute("DELETE FROM document WHERE kind = ? AND name = ?", (kind, name))
            return cursor.rowcount == 1

    def list(self, kind: str) -> list[Document]:
        """Return every document of a kind, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM document WHERE kind = ? ORDER BY sequence", (kind,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _nobody(kind: str, before: Document | None, after: Document) -> None:
    """Watch nothing."""
