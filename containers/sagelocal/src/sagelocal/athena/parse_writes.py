"""The statements that write tables, views and prepared statements."""

from __future__ import annotations

from sagelocal.athena.cursor import Cursor
from sagelocal.athena.errors import invalid_request
from sagelocal.athena.query_tree import parse_query
from sagelocal.athena.statements import CreateTableAs, CreateView, Deallocate, Execute, InsertInto, Prepare, Statement

_SUBQUERY = ("SELECT", "WITH", "VALUES", "(", "TABLE")
_LONGEST_NAME = 256


def parse_create_view(query: str, database: str) -> Statement | None:
    """Parse CREATE VIEW; None if it is another CREATE."""
    cursor = Cursor(query, "trino")
    cursor.expect("CREATE")
    replace = cursor.accept("OR REPLACE")
    if not cursor.accept("VIEW"):
        return None
    named, name = cursor.name(database)
    cursor.expect("AS")
    sql = cursor.rest()
    parse_query(sql)
    return CreateView(named, name, sql, replace)


def parse_create_as(query: str, database: str) -> Statement | None:
    """Parse CREATE TABLE AS; None if it is another CREATE."""
    cursor = Cursor(query, "trino")
    if not cursor.accept("CREATE TABLE"):
        return None
    exists = cursor.accept("IF NOT EXISTS")
    named, name = cursor.name(database)
    options = table_options(cursor) if cursor.accept("WITH") else {}
    if not cursor.accept("AS"):
        return None
    sql, is_empty = cursor.rest_without("WITH NO DATA")
    parse_query(sql)
    return CreateTableAs(named, name, sql, options, exists, with_data=not is_empty)


def table_options(cursor: Cursor) -> dict[str, str]:
    """Parse `(name = value, ...)`; the names in an ARRAY become one value, joined with commas."""

    def option() -> tuple[str, str]:
        name = cursor.word("an option").lower()
        cursor.expect("=")
        if not cursor.accept("ARRAY"):
            return name, cursor.word("a value")
        cursor.expect("[")
        values = [cursor.string()]
        while cursor.accept(","):
            values.append(cursor.string())
        cursor.expect("]")
        return name, ",".join(values)

    return dict(cursor.listed(option))


def parse_insert(query: str, database: str) -> Statement:
    """Parse INSERT INTO."""
    cursor = Cursor(query, "trino")
    cursor.expect("INSERT INTO")
    named, name = cursor.name(database)
    columns: tuple[str, ...] = ()
    if cursor.peek() == "(" and cursor.peek(1) not in _SUBQUERY:
        columns = tuple(cursor.listed(lambda: cursor.word("a column").lower()))
    sql = cursor.rest()
    parse_query(sql)
    return InsertInto(named, name, columns, sql)


def parse_prepare(query: str, database: str) -> Statement:
    """Parse PREPARE name FROM statement."""
    cursor = Cursor(query, "trino")
    cursor.expect("PREPARE")
    name = cursor.word("a name")
    cursor.expect("FROM")
    return Prepare(check_name(name), cursor.rest())


def parse_execute(query: str, database: str) -> Statement:
    """Parse EXECUTE name [USING value, ...]."""
    cursor = Cursor(query, "trino")
    cursor.expect("EXECUTE")
    name = check_name(cursor.word("a name"))
    if cursor.is_at_end:
        return Execute(name, ())
    cursor.expect("USING")
    values = parse_query(f"SELECT {cursor.rest()}").selects
    return Execute(name, tuple(value.sql(dialect="trino") for value in values))


def parse_deallocate(query: str, database: str) -> Statement:
    """Parse DEALLOCATE PREPARE name."""
    cursor = Cursor(query, "trino")
    cursor.expect("DEALLOCATE PREPARE")
    name = check_name(cursor.word("a name"))
    cursor.end()
    return Deallocate(name)


def check_name(name: str) -> str:
    """Return the name of a prepared statement; AwsError InvalidRequestException if it cannot be one."""
    if not name.isidentifier() or not name.isascii() or len(name) > _LONGEST_NAME:
        raise invalid_request(f"{name!r} is no name of a prepared statement; it has letters, digits and underscores.")
    return name
