"""The statements on partitions and what is there: ALTER TABLE, MSCK, SHOW."""

from __future__ import annotations

from collections.abc import Callable

from sagelocal.athena.cursor import Cursor
from sagelocal.athena.errors import invalid_request
from sagelocal.athena.statements import (
    AddPartitions,
    DropPartitions,
    RepairTable,
    ShowColumns,
    ShowCreateTable,
    ShowCreateView,
    ShowDatabases,
    ShowPartitions,
    ShowTables,
    ShowViews,
    Statement,
)


def parse_repair(query: str, database: str) -> Statement:
    """Parse MSCK REPAIR TABLE."""
    cursor = Cursor(query)
    cursor.expect("MSCK REPAIR TABLE")
    named, name = cursor.name(database)
    cursor.end()
    return RepairTable(named, name)


def parse_alter(query: str, database: str) -> Statement:
    """Parse ALTER TABLE ADD and DROP PARTITION."""
    cursor = Cursor(query)
    cursor.expect("ALTER TABLE")
    named, name = cursor.name(database)
    if cursor.accept("ADD IF NOT EXISTS PARTITION"):
        return AddPartitions(named, name, _added(cursor), if_not_exists=True)
    if cursor.accept("ADD PARTITION"):
        return AddPartitions(named, name, _added(cursor), if_not_exists=False)
    if cursor.accept("DROP IF EXISTS PARTITION"):
        return DropPartitions(named, name, _dropped(cursor), if_exists=True)
    if cursor.accept("DROP PARTITION"):
        return DropPartitions(named, name, _dropped(cursor), if_exists=False)
    kind = f"{cursor.peek()} {cursor.peek(1)}".strip()
    raise invalid_request(
        f"sagelocal's Athena has no ALTER TABLE {kind}; it has ADD PARTITION and DROP PARTITION. "
        "To change a table, drop it and create it again: its files stay."
    )


def _specification(cursor: Cursor) -> dict[str, str]:
    def item() -> tuple[str, str]:
        name = cursor.word("a partition column").lower()
        cursor.expect("=")
        return name, cursor.value()

    return dict(cursor.listed(item))


def _added(cursor: Cursor) -> tuple[tuple[dict[str, str], str | None], ...]:
    added = []
    while True:
        values = _specification(cursor)
        location = cursor.string() if cursor.accept("LOCATION") else None
        if location is not None and not location.startswith("s3://"):
            raise invalid_request(f"LOCATION '{location}' must be an S3 URI, s3://bucket/prefix/.")
        added.append((values, location))
        if not cursor.accept("PARTITION"):
            cursor.end()
            return tuple(added)


def _dropped(cursor: Cursor) -> tuple[dict[str, str], ...]:
    dropped = [_specification(cursor)]
    while cursor.accept(","):
        cursor.expect("PARTITION")
        dropped.append(_specification(cursor))
    cursor.end()
    return tuple(dropped)


def parse_show(query: str, database: str) -> Statement:
    """Parse SHOW TABLES, VIEWS, DATABASES, COLUMNS, PARTITIONS, CREATE TABLE and CREATE VIEW."""
    cursor = Cursor(query)
    cursor.expect("SHOW")
    for words, parser in _SHOWN.items():
        if cursor.accept(words):
            statement = parser(cursor, database)
            cursor.end()
            return statement
    raise invalid_request(f"sagelocal's Athena cannot read {query[:200]!r}; it has SHOW {', SHOW '.join(_SHOWN)}.")


def _pattern(cursor: Cursor) -> str:
    return cursor.string() if cursor.accept("LIKE") or cursor.has_string() else "*"


def _database(cursor: Cursor, database: str) -> str:
    return cursor.word("a database").lower() if cursor.accept("IN") or cursor.accept("FROM") else database


def _tables(cursor: Cursor, database: str) -> Statement:
    named = _database(cursor, database)
    return ShowTables(named, _pattern(cursor))


def _views(cursor: Cursor, database: str) -> Statement:
    named = _database(cursor, database)
    return ShowViews(named, _pattern(cursor))


def _databases(cursor: Cursor, database: str) -> Statement:
    return ShowDatabases(_pattern(cursor))


def _columns(cursor: Cursor, database: str) -> Statement:
    if not cursor.accept("IN"):
        cursor.expect("FROM")
    named, name = cursor.name(database)
    return ShowColumns(_database(cursor, named), name)


_SHOWN: dict[str, Callable[[Cursor, str], Statement]] = {
    "TABLES": _tables,
    "VIEWS": _views,
    "DATABASES": _databases,
    "SCHEMAS": _databases,
    "COLUMNS": _columns,
    "PARTITIONS": lambda cursor, database: ShowPartitions(*cursor.name(database)),
    "CREATE TABLE": lambda cursor, database: ShowCreateTable(*cursor.name(database)),
    "CREATE VIEW": lambda cursor, database: ShowCreateView(*cursor.name(database)),
}
