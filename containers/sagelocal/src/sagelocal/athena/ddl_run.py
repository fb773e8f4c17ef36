"""What DDL does to the catalog; the errors are Hive's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sagelocal.athena.catalog import Catalog
from sagelocal.athena.errors import QueryError
from sagelocal.athena.statements import (
    CreateDatabase,
    CreateTable,
    Ddl,
    Describe,
    DropDatabase,
    DropTable,
    ShowDatabases,
    ShowTables,
)


class DdlError(QueryError):
    """Fail a statement of DDL."""

    def __init__(self, message: str) -> None:
        super().__init__("FAILED", message)


def run_ddl(statement: Ddl, catalog: Catalog) -> list[str]:
    """Carry out a statement and return the lines of its result."""
    run: Callable[[Any, Catalog], list[str]] = _RUNS[type(statement)]
    return run(statement, catalog)


def matches(name: str, pattern: str) -> bool:
    """Return whether a name matches a Hive pattern: `*` is any text and `|` separates choices."""
    choices = (re.escape(choice).replace(r"\*", ".*") for choice in pattern.split("|"))
    return any(re.fullmatch(choice, name, re.IGNORECASE) for choice in choices)


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
    if not catalog.drop_table(statement.database, statement.name) and not statement.if_exists:
        raise DdlError(f"SemanticException [Error 10001]: Table not found {statement.database}.{statement.name}")
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


def _describe(statement: Describe, catalog: Catalog) -> list[str]:
    table = catalog.table(statement.database, statement.name)
    if table is None:
        raise DdlError(f"SemanticException [Error 10001]: Table not found {statement.database}.{statement.name}")
    return [f"{c.name:<20}\t{c.type:<20}\t{c.comment:<20}" for c in table.all_columns]


_RUNS: dict[type[Ddl], Callable[[Any, Catalog], list[str]]] = {
    CreateTable: _create_table,
    CreateDatabase: _create_database,
    DropTable: _drop_table,
    DropDatabase: _drop_database,
    ShowTables: _show_tables,
    ShowDatabases: _show_databases,
    Describe: _describe,
}
# What GetQueryResults calls the one column of a statement's result.
RESULT_COLUMNS = {ShowTables: "tab_name", ShowDatabases: "database_name", Describe: "col_name"}
