"""Trino's SQL to DuckDB's: names are resolved against the catalog, types inferred, and the rest is sqlglot's work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from sagelocal.athena.catalog import CATALOG_NAME, Table
from sagelocal.athena.errors import QueryError
from sagelocal.athena.rules import apply_rules
from sagelocal.athena.type_checks import check_types
from sagelocal.athena.types import to_trino
from sagelocal.athena.views import FindTable, expand_views

PATH_COLUMN = "$path"
_MADE_UP = re.compile(r"^_col_(\d+)$")


@dataclass(frozen=True)
class Source:
    """Name a table that a query reads and the columns that it reads of it, in lower case."""

    table: Table
    columns: frozenset[str]


@dataclass(frozen=True)
class Translation:
    """Hold a query in DuckDB's SQL, the names of its columns, and what it reads."""

    sql: str
    columns: tuple[str, ...]
    sources: tuple[Source, ...]


def translate(query: exp.Query, database: str, find: FindTable) -> Translation:
    """Translate a query; `find` looks up a table by database and name. QueryError if a name is not there."""
    names = _column_names(query)
    expand_views(query, database, find)
    tables = _resolve_tables(query, database, find)
    schema = _schema(tables)
    try:
        qualified = qualify(
            query,
            schema=schema,
            dialect="trino",
            expand_alias_refs=False,  # Trino knows no aliases within the SELECT that gives them
            validate_qualify_columns=False,
        )
        tree: exp.Expr = annotate_types(qualified, schema=schema, dialect="trino")
    except sqlglot.errors.SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", str(error)) from error
    _check_columns(tree)
    check_types(tree)
    sources = _sources(tree, tables)
    columns = query.selects  # qualify works in place
    if len(names) != len(columns):
        # a star was expanded; names that sqlglot made up are made up as Trino does
        names = [_MADE_UP.sub(r"_col\1", column.alias_or_name) for column in _expanded(columns, query)]
    try:
        sql = apply_rules(tree).sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.UnsupportedError as error:
        raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena cannot run this: {error}") from error
    return Translation(sql, tuple(names), sources)


def _schema(tables: dict[tuple[str, str], Table]) -> MappingSchema:
    databases: dict[str, Any] = {}
    for (database, name), table in tables.items():
        columns = {column.name: to_trino(column.type) for column in table.all_columns}
        databases.setdefault(database, {})[name] = columns
    return MappingSchema(databases, dialect="trino")


def _column_names(tree: exp.Query) -> list[str]:
    names = []
    for position, column in enumerate(tree.selects):
        name = column.alias if isinstance(column, exp.Alias) else column.name.lower()
        is_named = isinstance(column, exp.Alias | exp.Column | exp.Dot)
        names.append(name if is_named else f"_col{position}")
    # one star stands for many names, known once it is expanded
    return [] if any(column.is_star for column in tree.selects) else names


def _expanded(columns: list[exp.Expr], query: exp.Query) -> list[exp.Expr]:
    """Return the columns of a query, where sqlglot leaves a star that stands for two of the same name."""
    if not any(column.is_star for column in columns):
        return columns
    source = query.args["from_"].this
    inner = source.unnest() if isinstance(source, exp.Subquery) else None
    if len(columns) > 1 or query.args.get("joins") or not isinstance(inner, exp.Query):
        raise QueryError("NOT_SUPPORTED", "sagelocal's Athena cannot tell the columns of * here: two have one name")
    return _expanded(inner.selects, inner)


def _resolve_tables(tree: exp.Query, database: str, find: FindTable) -> dict[tuple[str, str], Table]:
    """Give every table its database and return the tables by database and name."""
    tables: dict[tuple[str, str], Table] = {}
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if not isinstance(source, exp.Table):
                continue
            if not isinstance(source.this, exp.Identifier):
                name = source.this.sql(dialect="trino")
                raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena has no table function {name}")
            key = ((source.db or database).lower(), source.name.lower())
            table = find(*key)
            if table is None or source.catalog.lower() not in ("", CATALOG_NAME.lower()):
                catalog = source.catalog or CATALOG_NAME
                name = f"{catalog.lower()}.{key[0]}.{key[1]}"
                raise QueryError("TABLE_NOT_FOUND", f"Table '{name}' does not exist")
            source.set("catalog", None)
            source.set("db", exp.to_identifier(key[0], quoted=True))
            tables[key] = table
    return tables


def _check_columns(tree: exp.Expr) -> None:
    """Refuse names that no table has: DuckDB would look among the aliases of the same SELECT too."""
    for scope in traverse_scope(tree):
        for column in scope.columns:
            order = column.find_ancestor(exp.Order, exp.Select)
            if not column.table and column.name != PATH_COLUMN and not isinstance(order, exp.Order):
                raise QueryError("COLUMN_NOT_FOUND", f"Column '{column.name}' cannot be resolved")
        having = scope.expression.args.get("having")
        for column in having.find_all(exp.Column) if having else ():
            if not column.table:  # an alias of the SELECT, which Trino sees in ORDER BY only
                raise QueryError("COLUMN_NOT_FOUND", f"Column '{column.name}' cannot be resolved")


def _sources(tree: exp.Expr, tables: dict[tuple[str, str], Table]) -> tuple[Source, ...]:
    columns: dict[tuple[str, str], set[str]] = {key: set() for key in tables}
    for scope in traverse_scope(tree):
        for name, source in scope.sources.items():
            if isinstance(source, exp.Table):
                used = {column.name.lower() for column in scope.columns if column.table in (name, "")}
                columns[source.db.lower(), source.name.lower()] |= used
    return tuple(Source(table, frozenset(columns[key])) for key, table in tables.items())
