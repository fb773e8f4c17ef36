"""The text of values in results, as Athena writes them, made by the engine itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagelocal.athena.sources import identifier, literal
from sagelocal.athena.types import own_type

# isnan() is wrong for files whose statistics say nothing of NaN, hence the text.
# 1.0E7 and above, 1.0E-4 and below: Java's notation. `text` is DuckDB's shortest form, such as 123.0 or 1e+22.
_SCIENTIFIC = """
CREATE MACRO java_exponential(text) AS CASE
    WHEN contains(text, 'e') THEN
        split_part(text, 'e', 1) || CASE WHEN contains(split_part(text, 'e', 1), '.') THEN '' ELSE '.0' END
        || 'E' || CAST(split_part(text, 'e', 2) AS INTEGER)
    WHEN text LIKE '0.%' THEN
        java_mantissa(ltrim(split_part(text, '.', 2), '0'))
        || 'E-' || (length(text) - 1 - length(ltrim(split_part(text, '.', 2), '0')))
    ELSE java_mantissa(rtrim(replace(text, '.', ''), '0')) || 'E' || (length(split_part(text, '.', 1)) - 1)
END
"""
_DOUBLE = """
CREATE MACRO java_double(x) AS CASE
    WHEN CAST(x AS VARCHAR) IN ('nan', '-nan') THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN CAST(x AS VARCHAR)
    ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || java_exponential(CAST(abs(x) AS VARCHAR))
END
"""
MACROS = (
    "CREATE MACRO java_mantissa(digits) AS digits[1] || '.' || CASE WHEN digits[2:] = '' THEN '0' ELSE digits[2:] END",
    _SCIENTIFIC,
    _DOUBLE,
    # milliseconds, as Athena has them; finer ones are shown, not dropped
    (
        "CREATE MACRO moment(x) AS CASE WHEN epoch_us(x) % 1000 = 0 "
        "THEN strftime(x, '%Y-%m-%d %H:%M:%S.%g') ELSE strftime(x, '%Y-%m-%d %H:%M:%S.%f') END"
    ),
    "CREATE MACRO moment_utc(x) AS moment(CAST(x AS TIMESTAMP)) || ' UTC'",
    "CREATE MACRO time_text(x) AS strftime(DATE '2000-01-01' + x, '%H:%M:%S.%g')",
    # what CAST(double AS varchar) gives: always with an exponent
    (
        "CREATE MACRO scientific(x) AS CASE WHEN CAST(x AS VARCHAR) IN ('nan', '-nan') OR isinf(x) THEN java_double(x) "
        "WHEN x = 0 THEN replace(CAST(x AS VARCHAR), '0.0', '0E0') "
        "ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || java_exponential(CAST(abs(x) AS VARCHAR)) END"
    ),
    # intervals are of months or of milliseconds, never of both
    (
        "CREATE MACRO day_time(ms) AS printf('%d %02d:%02d:%02d.%03d', ms // 86400000, ms // 3600000 % 24, "
        "ms // 60000 % 60, ms // 1000 % 60, ms % 1000)"
    ),
    (
        "CREATE MACRO interval_text(x) AS CASE WHEN x < to_days(0) THEN '-' ELSE '' END || CASE "
        "WHEN datepart('year', x) <> 0 OR datepart('month', x) <> 0 "
        "THEN abs(datepart('year', x)) || '-' || abs(datepart('month', x)) "
        "ELSE day_time(CAST(abs(round(epoch(x) * 1000)) AS BIGINT)) END"
    ),
    "CREATE MACRO hex_bytes(x) AS rtrim(regexp_replace(lower(hex(x)), '(..)', '\\1 ', 'g'))",
)
_TEXTS = {
    "DOUBLE": "java_double({})",
    "FLOAT": "java_double({})",
    "TIMESTAMP": "moment({})",
    "TIMESTAMP WITH TIME ZONE": "moment_utc({})",
    "TIME": "time_text({})",
    "INTERVAL": "interval_text({})",
    "BLOB": "hex_bytes({})",
}


def text_of(column: str, duckdb_type: str, depth: int = 0) -> str:
    """Return the expression for a column's text; what lies in arrays, maps and rows is written by the same rules."""
    template = _TEXTS.get(duckdb_type)
    if template:
        return template.format(column)
    if duckdb_type.endswith("]"):
        return _list_text(column, duckdb_type[: duckdb_type.rindex("[")], depth)
    if duckdb_type.startswith(("STRUCT(", "TUPLE(")):
        return _row_text(column, duckdb_type, depth)
    if duckdb_type.startswith("MAP("):
        return _map_text(column, duckdb_type, depth)
    return f"CAST({column} AS VARCHAR)"


def _list_text(column: str, kind: str, depth: int) -> str:
    item = f"item{depth}"
    texts = f"list_transform({column}, lambda {item}: coalesce({text_of(item, kind, depth + 1)}, 'null'))"
    return f"'[' || coalesce(array_to_string({texts}, ', '), '') || left(CAST({column} AS VARCHAR), 0) || ']'"


def _map_text(column: str, duckdb_type: str, depth: int) -> str:
    item = f"item{depth}"
    key, value = (kind for _, kind in _fields(f"TUPLE({duckdb_type.removeprefix('MAP(')}"))
    of_key, of_value = (text_of(f"{item}.{name}", kind, depth + 1) for name, kind in (("key", key), ("value", value)))
    texts = f"list_transform(map_entries({column}), lambda {item}: {of_key} || '=' || coalesce({of_value}, 'null'))"
    joined = f"coalesce(array_to_string({texts}, ', '), '')"
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE '{{' || {joined} || '}}' END"


def _row_text(column: str, duckdb_type: str, depth: int) -> str:
    fields = []
    for position, (name, kind) in enumerate(_fields(duckdb_type)):
        place = f"{column}[{literal(name)}]" if name else f"{column}[{position + 1}]"
        text = f"coalesce({text_of(place, kind, depth + 1)}, 'null')"
        fields.append(f"{literal((name or f'field{position}') + '=')} || {text}")
    joined = " || ', ' || ".join(fields)
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE '{{' || {joined} || '}}' END"


def _fields(duckdb_type: str) -> list[tuple[str, str]]:
    """Return the names, empty without one, and types of a row such as `STRUCT("a b" INTEGER, n BIGINT[])`."""
    is_named = duckdb_type.startswith("STRUCT(")
    parts, depth, is_quoted, start = [], 0, False, duckdb_type.index("(") + 1
    for place in range(start, len(duckdb_type)):
        letter = duckdb_type[place]
        if letter == '"':
            is_quoted = not is_quoted
        elif not is_quoted and (letter == "," or place == len(duckdb_type) - 1) and depth == 0:
            parts.append(duckdb_type[start:place].strip())
            start = place + 1
        elif not is_quoted:
            depth += {"(": 1, ")": -1}.get(letter, 0)
    return [_named(part) if is_named else ("", part) for part in parts]


def _named(part: str) -> tuple[str, str]:
    if not part.startswith('"'):
        name, _, kind = part.partition(" ")
        return name, kind
    name, _, kind = part[1:].replace('""', "\0").partition('"')
    return name.replace("\0", '"'), kind.replace("\0", '""').strip()


@dataclass(frozen=True)
class Target:
    """Name a column of a table, its type in the engine and its place in the query; None if the query lacks it."""

    name: str
    type: str
    position: int | None


def target_query(sql: str, count: int, targets: Sequence[Target]) -> str:
    """Return the query with its columns as those of a table; `count` is how many columns the query has."""
    columns = [
        f"CAST({'NULL' if t.position is None else f'c{t.position}'} AS {t.type}) AS {identifier(t.name)}"
        for t in targets
    ]
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS result({_positions(count)})"


def typed_query(sql: str, names: tuple[str, ...], types: list[str]) -> str:
    """Return the query with its columns named and in types that Trino has too."""
    columns = []
    for position, (name, duckdb_type) in enumerate(zip(names, types, strict=True)):
        own = own_type(duckdb_type)
        column = f"CAST(c{position} AS {own})" if own else f"c{position}"
        columns.append(f"{column} AS {identifier(name)}")
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS result({_positions(len(names))})"


def text_query(sql: str, types: list[str]) -> str:
    """Return the query with every column as its text."""
    columns = [f"{text_of(f'c{position}', _own(kind))} AS c{position}" for position, kind in enumerate(types)]
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS result({_positions(len(types))})"


def _own(duckdb_type: str) -> str:
    return own_type(duckdb_type) or duckdb_type


def _positions(count: int) -> str:
    return ", ".join(f"c{position}" for position in range(count))
