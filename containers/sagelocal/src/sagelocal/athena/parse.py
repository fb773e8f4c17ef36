"""Which statement a query string is. What Athena takes and sagelocal does not is refused by its name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import Token, TokenType, exp

from sagelocal.athena.cursor import Cursor, tokens_of
from sagelocal.athena.ddl import parse_create, parse_drop, parse_hive
from sagelocal.athena.errors import invalid_request
from sagelocal.athena.parse_hive import parse_alter, parse_repair, parse_show
from sagelocal.athena.parse_writes import (
    parse_create_as,
    parse_create_view,
    parse_deallocate,
    parse_execute,
    parse_insert,
    parse_prepare,
)
from sagelocal.athena.query_tree import parse_query
from sagelocal.athena.statements import Describe, DropView, Select, Statement, Unload

_FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*([A-Za-z]+|\()", re.DOTALL)
_OPENING = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


def parse(query: str, database: str) -> Statement:
    """Return the statement; AwsError InvalidRequestException if it is malformed or not there."""
    query = _without_end(query)
    first = _FIRST_WORD.match(query)
    word = first.group(1).upper() if first else ""
    parser = _PARSERS.get(word)
    if parser is None:
        names = ", ".join(sorted(name for name in _PARSERS if name.isalpha()))
        raise invalid_request(f"sagelocal's Athena has no statement {word or query[:50]!r}; it has {names}.")
    return parser(query, database)


def bind(query: str, parameters: list[str]) -> str:
    """Put ExecutionParameters in the place of the question marks; Athena takes each as an expression or as text."""
    if not parameters:
        return query
    places = places_of(query)
    if not places:
        return query  # Athena ignores parameters that nothing asks for
    if len(places) != len(parameters):
        message = f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise invalid_request(message, "INVALID_PARAMETER_USAGE")
    parts, end = [], 0
    for token, value in zip(places, parameters, strict=True):
        parts += [query[end : token.start], _parameter(value)]
        end = token.end + 1
    return "".join([*parts, query[end:]])


def places_of(query: str) -> list[Token]:
    """Return the question marks of a query."""
    return [token for token in tokens_of(query, "trino") if token.token_type == TokenType.PLACEHOLDER]


def _parameter(value: str) -> str:
    try:
        parsed = sqlglot.parse_one(f"SELECT {value}", dialect="trino")
    except sqlglot.errors.SqlglotError:
        parsed = None
    if isinstance(parsed, exp.Select) and len(parsed.args["expressions"]) == 1 and not parsed.find(exp.Column):
        return value
    return exp.Literal.string(value).sql(dialect="trino")


def _without_end(query: str) -> str:
    return query.rstrip().removesuffix(";").rstrip()


def _select(query: str, database: str) -> Statement:
    parse_query(query)
    return Select(query)


def _unload(query: str, database: str) -> Statement:
    tokens = iter(tokens_of(query, "trino"))
    next(tokens)
    opening = _expect(tokens, "(")
    depth = 1
    for closing in tokens:
        depth += _OPENING.get(closing.token_type, 0)
        if depth == 0:
            break
    else:
        raise invalid_request("UNLOAD needs a query in parentheses", "MALFORMED_QUERY")
    sql = query[opening.end + 1 : closing.start]
    parse_query(sql)
    _expect(tokens, "TO")
    location = _expect(tokens, None).text
    if not location.startswith("s3://"):
        raise invalid_request(f"UNLOAD TO '{location}' must be an S3 URI, 's3://bucket/prefix/'", "MALFORMED_QUERY")
    return Unload(sql, location, _options(list(tokens)))


def _expect(tokens: Iterator[Token], text: str | None) -> Token:
    token = next(tokens, None)
    if token is None or (text is not None and token.text.upper() != text):
        place = (
            f"line {token.line}:{token.col}: mismatched input '{token.text}'" if token else "unexpected end of query"
        )
        raise invalid_request(f"{place}. Expecting: {text or 'a string'}", "MALFORMED_QUERY")
    return token


def _options(tokens: list[Token]) -> dict[str, str]:
    """Parse `WITH (name = value, ...)`; the names in an ARRAY become one value, joined with commas."""
    if not tokens:
        return {}
    if tokens[0].text.upper() != "WITH" or len(tokens) < 3:
        raise invalid_request(f"UNLOAD has no clause {tokens[0].text!r} here; it has WITH (...)", "MALFORMED_QUERY")
    options: dict[str, str] = {}
    name = ""
    for before, token in itertools.pairwise(tokens[1:]):
        if token.token_type == TokenType.EQ:
            name = before.text.lower()
            options[name] = ""
        elif token.token_type in (TokenType.STRING, TokenType.NUMBER) and name:
            options[name] += ("," if options[name] else "") + token.text
    return options


def _create(query: str, database: str) -> Statement:
    made = parse_create_view(query, database) or parse_create_as(query, database)
    return made or parse_create(query, database)


def _drop(query: str, database: str) -> Statement:
    cursor = Cursor(query)
    if not cursor.accept("DROP VIEW"):
        return parse_drop(query, database)
    exists = cursor.accept("IF EXISTS")
    named, name = cursor.name(database)
    cursor.end()
    return DropView(named, name, exists)


def _describe(query: str, database: str) -> Statement:
    tree = parse_hive(query)
    table = tree.this
    if not isinstance(table, exp.Table):
        raise invalid_request("DESCRIBE needs a table", "MALFORMED_QUERY")
    if tree.args.get("style") or tree.args.get("partition"):
        raise invalid_request(f"sagelocal's Athena has no {query!r}; it has DESCRIBE of a table, without more.")
    return Describe(table.db or database, table.name)


_PARSERS: dict[str, Callable[[str, str], Statement]] = {
    "SELECT": _select,
    "WITH": _select,
    "VALUES": _select,
    "(": _select,
    "UNLOAD": _unload,
    "CREATE": _create,
    "DROP": _drop,
    "INSERT": parse_insert,
    "ALTER": parse_alter,
    "MSCK": parse_repair,
    "PREPARE": parse_prepare,
    "EXECUTE": parse_execute,
    "DEALLOCATE": parse_deallocate,
    "SHOW": parse_show,
    "DESCRIBE": _describe,
}
