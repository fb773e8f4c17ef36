"""What sqlglot reads and Trino does not: clauses, operators and functions of other dialects.

https://trino.io/docs/current/sql/select.html, https://trino.io/docs/current/functions/list.html
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from sqlglot import Token, TokenType

from sagelocal.athena.cursor import tokens_of
from sagelocal.athena.errors import QueryError, invalid_request
from sagelocal.athena.function_names import FUNCTIONS

# A query's shape is its words and signs in capitals, with `n` for a number, `s` for a text, `i` for a name in quotes.
_LETTERS = {TokenType.NUMBER: "n", TokenType.STRING: "s", TokenType.IDENTIFIER: "i"}
_UNITS = "YEAR|MONTH|DAY|HOUR|MINUTE|SECOND"
_FOREIGN = re.compile(
    "|".join(
        (
            r"(?<= )(?:::|==|\^|~|&|<<|\||\{|ILIKE|GLOB|RLIKE|QUALIFY)(?= )",
            r"(?<= )(?:ASOF|SEMI|ANTI|POSITIONAL)(?= (?:LEFT )?JOIN )",
            r"(?<= \* )(?:EXCLUDE|EXCEPT|REPLACE|RENAME)(?= \( )",
            r"(?<= USING )SAMPLE(?= )",
            r"(?<= DISTINCT )ON(?= \( )",
            r"(?<= GROUP BY )ALL(?= (?:HAVING|WINDOW|ORDER BY|OFFSET|LIMIT|UNION|\)|$))",
            r"(?<= ORDER BY )ALL(?= (?:OFFSET|LIMIT|\)|$))",
            r"(?<= LIMIT n )(?:OFFSET|,)(?= )",
            r"(?<= INTERVAL )n(?= )",
            rf"(?<= INTERVAL )s(?= (?!{_UNITS}))",
            r"(?<= IS )(?:TRUE|FALSE)(?= )",
            r"(?<= IS NOT )(?:TRUE|FALSE)(?= )",
            r"(?<= LIKE )(?:ANY|ALL|SOME)(?= )",
            r"(?<= s )s(?= )",
            r"(?<= , )(?:FROM(?= )|\)|$)",
        )
    )
)


def check_syntax(sql: str) -> None:
    """Refuse what other dialects have at the place where Trino's parser would stop."""
    tokens = tokens_of(sql, "trino")
    words = [_LETTERS.get(token.token_type) or token.text.upper() for token in tokens]
    shape = f" {' '.join(words)} "
    found = _FOREIGN.search(shape)
    if found:
        starts = list(accumulate((len(word) + 1 for word in words), initial=1))
        token = tokens[min(bisect_right(starts, found.start()) - 1, len(tokens) - 1)]
        place = f"line {token.line}:{token.col - (token.end - token.start)}"
        raise invalid_request(f"{place}: mismatched input '{token.text}'", "MALFORMED_QUERY")


# What may stand before a parenthesis and is no function.
_WORDS = frozenset(
    """
    all and any array as bernoulli between by case char cross cube decimal distinct else end escape except exists
    filter from group grouping having in insert intersect is join lateral like limit map not numeric offset on or
    over partition recursive returning rollup row rows select sets some system table tablesample then time timestamp
    union unnest using values varchar varbinary when where window with within
    """.split()  # noqa: SIM905 - words of a text are read as one
)
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.ALIAS, TokenType.DOT)
_OPENING = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


def check_functions(sql: str) -> None:
    """Refuse functions that Trino has not: sqlglot and DuckDB know many more."""
    tokens = tokens_of(sql, "trino")
    for place in range(len(tokens) - 1):
        token = tokens[place]
        if tokens[place + 1].token_type != TokenType.L_PAREN or token.token_type == TokenType.IDENTIFIER:
            continue
        name = token.text.lower().split(" ")[-1]  # ORDER BY is one token
        is_word = name in _WORDS or not name.isidentifier() or token.token_type in _LETTERS
        names_columns = place > 0 and tokens[place - 1].token_type in _NAMES
        if not is_word and name not in FUNCTIONS and not names_columns and not _is_table(tokens, place + 1):
            raise QueryError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered")


def _is_table(tokens: list[Token], opening: int) -> bool:
    """Say whether the parenthesis holds the columns of `WITH name (columns) AS (...)`."""
    depth = 0
    for place in range(opening, len(tokens) - 2):
        depth += _OPENING.get(tokens[place].token_type, 0)
        if depth == 0:
            return [token.text.upper() for token in tokens[place + 1 : place + 3]] == ["AS", "("]
    return False
