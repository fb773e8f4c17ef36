"""Which statement a query string is. What Athena takes and sagelocal does not is refused by its name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import Token, TokenType, exp

from sagelocal.athena.ddl import malformed, parse_create, parse_drop, parse_hive
from sagelocal.athena.errors import invalid_request
from sagelocal.athena.statements import Describe, Select, ShowDatabases, ShowTables, Statement, Unload

_FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*([A-Za-z]+|\()", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*(?:\n|$)|/\*.*?\*/", re.DOTALL)
_SHOW = re.compile(
    r"SHOW\s+(?P<what>TABLES|DATABASES|SCHEMAS)(?:\s+(?:IN|FROM)\s+[`\"]?(?P<database>[^\s`\"]+)[`\"]?)?"
    r"(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?",
    re.IGNORECASE,
)
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
    places = [token for token in _tokens(query) if token.token_type == TokenType.PLACEHOLDER]
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


def _parameter(value: str) -> str:
    try:
        parsed = sqlglot.parse_one(f"SELECT {value}", dialect="trino")
    except sqlglot.errors.SqlglotError:
        parsed = None
    if isinstance(parsed, exp.Select) and len(parsed.args["expressions"]) == 1 and not parsed.find(exp.Column):
        return value
    return exp.Literal.string(value).sql(dialect="trino")


def _tokens(query: str) -> list[Token]:
    try:
        return sqlglot.tokenize(query, read="trino")
    except sqlglot.errors.SqlglotError as error:
        raise malformed(error) from error


def _without_end(query: str) -> str:
    return query.rstrip().removesuffix(";").rstrip()


def parse_query(sql: str) -> exp.Query:
    """Return the tree of a SELECT in Trino's SQL; AwsError InvalidRequestException if it is none."""
    try:
        trees = sqlglot.parse(sql, dialect="trino")
    except sqlglot.errors.SqlglotError as error:
        raise malformed(error) from error
    if len(trees) != 1:
        raise invalid_request("Only one sql statement is allowed", "MALFORMED_QUERY")
    tree = trees[0]
    if isinstance(tree, exp.Values):
        tree = sqlglot.parse_one(f"SELECT * FROM ({sql}) AS t", dialect="trino")
    if not isinstance(tree, exp.Query):
        raise invalid_request("Queries of this type are not supported", "MALFORMED_QUERY")
    return tree


def _select(query: str, database: str) -> Statement:
    parse_query(query)
    return Select(query)


def _unload(query: str, database: str) -> Statement:
    tokens = iter(_tokens(query))
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


def _show(query: str, database: str) -> Statement:
    show = _SHOW.fullmatch(_COMMENT.sub(" ", query).strip())
    if show is None:
        raise invalid_request(f"sagelocal's Athena cannot read {query[:200]!r}; it has SHOW TABLES and SHOW DATABASES.")
    named = show.group("database") or database
    pattern = show.group("pattern") or "*"
    return ShowTables(named, pattern) if show.group("what").upper() == "TABLES" else ShowDatabases(pattern)


def _describe(query: str, database: str) -> Statement:
    tree = parse_hive(query)
    table = tree.this
    if not isinstance(table, exp.Table):
        raise invalid_request("DESCRIBE needs a table", "MALFORMED_QUERY")
    return Describe(table.db or database, table.name)


_PARSERS: dict[str, Callable[[str, str], Statement]] = {
    "SELECT": _select,
    "WITH": _select,
    "VALUES": _select,
    "(": _select,
    "UNLOAD": _unload,
    "CREATE": parse_create,
    "DROP": parse_drop,
    "SHOW": _show,
    "DESCRIBE": _describe,
}
