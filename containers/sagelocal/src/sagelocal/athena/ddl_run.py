"""What DDL does to the catalog; the errors are Hive's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sagelocal.athena.catalog import Catalog, Partition, Table
from sagelocal.athena.ddl_text import create_table_text, create_view_text
from sagelocal.athena.errors import QueryError
from sagelocal.athena.partitions import folder_of, partition_at, values_in
from sagelocal.athena.sources import objects_at
from sagelocal.athena.statements import (
    AddPartitions,
    CreateDatabase,
    CreateTable,
    Ddl,
    Describe,
    DropDatabase,
    DropPartitions,
    DropTable,
    DropView,
    RepairTable,
    ShowColumns,
    ShowCreateTable,
    ShowCreateView,
    ShowDatabases,
    ShowPartitions,
    ShowTables,
    ShowViews,
)
from sagelocal.s3.objects import ObjectStore


class DdlError(QueryError):
    """Fail a statement of DDL."""

    def __init__(self, message: str) -> None:
        super().__init__("FAILED", message)


def run_ddl(statement: Ddl, catalog: Catalog, objects: ObjectStore) -> list[str]:
    """Carry out a statement and return the lines of its result."""
    if isinstance(statement, RepairTable):
        return repair_table(catalog, objects, _hive_table(statement, catalog))
    run: Callable[[Any, Catalog], list[str]] = _RUNS[type(statement)]
    return run(statement, catalog)


def matches(name: str, pattern: str) -> bool:
    """Return whether a name matches a Hive pattern: `*` is any text and `|` separates choices."""
    choices = (re.escape(choice).replace(r"\*", ".*") for choice in pattern.split("|"))
    return any(re.fullmatch(choice, name, re.IGNORECASE) for choice in choices)


def matches_expression(name: str, expression: str | None) -> bool:
    """Return whether a name is one that an Expression of the API means: a regex, or a Hive pattern such as `sales*`."""
    if not expression or matches(name, expression):
        return True
    try:
        return re.fullmatch(expression, name, re.IGNORECASE) is not None
    except re.error:
        return False


def _need_database(catalog: Catalog, name: str) -> None:
    if not catalog.has_database(name):
        raise DdlError(f"SemanticException [Error 10072]: Database does not exist: {name}")


def _exists(what: str) -> DdlError:
    return DdlError(
        "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
        f"AlreadyExistsException(message:{what} already exists.)"
    )


def _create_table(statement: CreateTable, catalog: Catalog) -> list[str]:
    _need_database(catalog, statement.table.database)
    if not catalog.create_table(statement.table) and not statement.if_not_exists:
        raise _exists(f"Table {statement.table.name}")
    return []


def _create_database(statement: CreateDatabase, catalog: Catalog) -> list[str]:
    if not catalog.create_database(statement.name) and not statement.if_not_exists:
        raise _exists(f"Database {statement.name}")
    return []


def _drop_table(statement: DropTable, catalog: Catalog) -> list[str]:
    table = catalog.table(statement.database, statement.name)
    if table is not None and table.view:
        raise DdlError("SemanticException [Error 10001]: Cannot drop a view with DROP TABLE; use DROP VIEW")
    if not catalog.drop_table(statement.database, statement.name) and not statement.if_exists:
        raise _no_table(statement.database, statement.name)
    return []


def _drop_view(statement: DropView, catalog: Catalog) -> list[str]:
    view = catalog.table(statement.database, statement.name)
    if view is None and statement.if_exists:
        return []
    _view(statement, catalog)
    catalog.drop_table(statement.database, statement.name)
    return []


def _drop_database(statement: DropDatabase, catalog: Catalog) -> list[str]:
    if not statement.if_exists:
        _need_database(catalog, statement.name)
    tables = catalog.tables(statement.name)
    if tables and not statement.cascade:
        raise DdlError(f"InvalidOperationException(message:Database {statement.name} is not empty. Use CASCADE.)")
    for table in tables:
        catalog.drop_table(table.database, table.name)
    catalog.drop_database(statement.name)
    return []


def _show_tables(statement: ShowTables, catalog: Catalog) -> list[str]:
    _need_database(catalog, statement.database)
    return [table.name for table in catalog.tables(statement.database) if matches(table.name, statement.pattern)]


def _show_databases(statement: ShowDatabases, catalog: Catalog) -> list[str]:
    return [name for name in catalog.databases() if matches(name, statement.pattern)]


def _no_table(database: str, name: str) -> DdlError:
    return DdlError(f"SemanticException [Error 10001]: Table not found {database}.{name}")


def _any_table(statement: Any, catalog: Catalog) -> Table:
    table = catalog.table(statement.database, statement.name)
    if table is None:
        raise _no_table(statement.database, statement.name)
    return table


def _hive_table(statement: Any, catalog: Catalog) -> Table:
    table = _any_table(statement, catalog)
    if table.view:
        raise DdlError(f"SemanticException: {table.database}.{table.name} is a view, not a table")
    return table


def _view(statement: Any, catalog: Catalog) -> Table:
    view = catalog.table(statement.database, statement.name)
    if view is None or not view.view:
        raise DdlError(f"VIEW_NOT_FOUND: View '{statement.database}.{statement.name}' does not exist")
    return view


def _describe(statement: Describe, catalog: Catalog) -> list[str]:
    table = _any_table(statement, catalog)
    return [f"{c.name:<20}\t{c.type:<20}\t{c.comment:<20}" for c in table.all_columns]


def _show_columns(statement: ShowColumns, catalog: Catalog) -> list[str]:
    return [f"{column.name:<20}" for column in _any_table(statement, catalog).all_columns]


def _show_views(statement: ShowViews, catalog: Catalog) -> list[str]:
    _need_database(catalog, statement.database)
    views = [table.name for table in catalog.tables(statement.database) if table.view]
    return [name for name in views if matches(name, statement.pattern)]


def _show_create_table(statement: ShowCreateTable, catalog: Catalog) -> list[str]:
    return create_table_text(_hive_table(statement, catalog))


def _show_create_view(statement: ShowCreateView, catalog: Catalog) -> list[str]:
    return create_view_text(_view(statement, catalog))


def _partitioned(statement: Any, catalog: Catalog) -> Table:
    table = _hive_table(statement, catalog)
    if not table.partitions:
        raise DdlError(f"SemanticException [Error 10241]: Table {table.name} is not a partitioned table")
    return table


def _show_partitions(statement: ShowPartitions, catalog: Catalog) -> list[str]:
    table = _partitioned(statement, catalog)
    return sorted(folder_of(table, partition.values) for partition in catalog.partitions(table))


def repair_table(catalog: Catalog, objects: ObjectStore, table: Table) -> list[str]:
    """Add the partitions for which there are folders below the table's location."""
    if not table.partitions:
        return []
    found: dict[tuple[str | None, ...], Partition] = {}
    start = len(table.location)
    for info in objects_at(objects, table.location):
        parts = f"s3://{info.bucket}/{info.key}"[start:].split("/")[:-1]
        folder = "/".join(parts[: len(table.partitions)])
        values = values_in(table, folder)
        if values is not None:
            found.setdefault(values, Partition(values, f"{table.location}{folder}/"))
    folders = [folder_of(table, new.values) for new in catalog.add_partitions(table, found.values())]
    if not folders:
        return []
    missing = "\t".join(f"{table.name}:{folder}" for folder in folders)
    repaired = [f"Repair: Added partition to metastore {table.name}:{folder}" for folder in folders]
    return [f"Partitions not in metastore:\t{missing}", *repaired]


def _add_partitions(statement: AddPartitions, catalog: Catalog) -> list[str]:
    table = _partitioned(statement, catalog)
    wanted = []
    for given, location in statement.partitions:
        if given.keys() != {column.name for column in table.partitions}:
            names = ", ".join(column.name for column in table.partitions)
            raise DdlError(f"SemanticException: partition spec {given} must name the partition columns {names}")
        values = tuple(given[column.name] for column in table.partitions)
        usual = partition_at(table, values)
        wanted.append(Partition(values, location.rstrip("/") + "/") if location else usual)
    if not statement.if_not_exists:
        there = {partition.values for partition in catalog.partitions(table)}
        for partition in wanted:
            if partition.values in there:
                raise _exists(f"Partition {folder_of(table, partition.values)}")
    catalog.add_partitions(table, wanted)
    return []


def _drop_partitions(statement: DropPartitions, catalog: Catalog) -> list[str]:
    table = _partitioned(statement, catalog)
    names = [column.name for column in table.partitions]
    dropped: list[Partition] = []
    for given in statement.partitions:
        if not given.keys() <= set(names):
            raise DdlError(f"SemanticException: partition spec {given} names no partition column of {names}")
        meant = [
            partition
            for partition in catalog.partitions(table)
            if all(dict(zip(names, partition.values, strict=True))[name] == value for name, value in given.items())
        ]
        if not meant and not statement.if_exists:
            raise DdlError(f"SemanticException [Error 10006]: Partition not found {given}")
        dropped += meant
    catalog.drop_partitions(table, dropped)
    return []


_RUNS: dict[type[Ddl], Callable[[Any, Catalog], list[str]]] = {
    CreateTable: _create_table,
    CreateDatabase: _create_database,
    DropTable: _drop_table,
    DropDatabase: _drop_database,
    ShowTables: _show_tables,
    ShowDatabases: _show_databases,
    DropView: _drop_view,
    ShowViews: _show_views,
    ShowColumns: _show_columns,
    ShowCreateTable: _show_create_table,
    ShowCreateView: _show_create_view,
    ShowPartitions: _show_partitions,
    AddPartitions: _add_partitions,
    DropPartitions: _drop_partitions,
    Describe: _describe,
}
# What GetQueryResults calls the one column of a statement's result.
RESULT_COLUMNS = {
    ShowTables: "tab_name",
    ShowViews: "views",
    ShowDatabases: "database_name",
    ShowColumns: "field",
    ShowCreateTable: "createtab_stmt",
    ShowCreateView: "Create View",
    ShowPartitions: "partition",
    Describe: "col_name",
}
