"""Steps on SQLite connections that are made whole or not at all, also where the disk is full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(connection: sqlite3.Connection) -> Iterator[None]:
    """Make every statement inside one step; whatever fails, its end included, leaves no transaction open."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself takes back a step for which there is no room
            connection.execute("ROLLBACK")
        raise
