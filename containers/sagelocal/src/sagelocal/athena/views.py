"""Views: the query in the place of the name."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from sagelocal.athena.catalog import CATALOG_NAME, Table
from sagelocal.athena.errors import QueryError
from sagelocal.athena.query_tree import parse_query

FindTable = Callable[[str, str], Table | None]
_DEEPEST = 100  # views within views


def expand_views(query: exp.Expr, database: str, find: FindTable, depth: int = 0) -> None:
    """Put the queries of views in the place of their names, and of those in them; changes the query."""
    if depth > _DEEPEST:
        raise QueryError("VIEW_IS_RECURSIVE", "Statement would create a recursive view")
    for scope in traverse_scope(query):
        for source in list(scope.sources.values()):
            if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
                continue
            table = _table(source, database, find)
            if table is not None and table.view:
                inner = _query(table, find, depth)
                # the names of the day on which the view was made, whatever a star stands for today
                wrapped = exp.select(*(exp.column(c.name, quoted=True) for c in table.columns)).from_(
                    inner.subquery(table.name)
                )
                source.replace(wrapped.subquery(source.alias or source.name))


def _table(source: exp.Table, database: str, find: FindTable) -> Table | None:
    if source.catalog.lower() not in ("", CATALOG_NAME.lower()):
        return None
    return find((source.db or database).lower(), source.name.lower())


def _query(table: Table, find: FindTable, depth: int) -> exp.Query:
    """Return a view's query in which every table has its database."""
    query = parse_query(table.view)
    expand_views(query, table.view_database, find, depth + 1)
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier) and not source.db:
                source.set("db", exp.to_identifier(table.view_database, quoted=True))
    return query
