"""Column types in their three spellings: Hive's in the catalog, DuckDB's in the engine, Athena's in results."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

_TIMESTAMP = "TIMESTAMP"


@lru_cache(maxsize=1024)
def to_duckdb(hive_type: str) -> str:
    """Return DuckDB's name of a Hive type."""
    return parse_hive(hive_type).sql(dialect="duckdb")


@lru_cache(maxsize=1024)
def to_trino(hive_type: str) -> str:
    """Return Trino's name of a Hive type."""
    return parse_hive(hive_type).sql(dialect="trino")


def to_hive(duckdb_type: str) -> str:
    """Return the Hive type in which a column of the engine is kept in a table; ValueError if there is none."""
    if duckdb_type.startswith("TIMESTAMP WITH TIME ZONE") or duckdb_type in ("TIME", "INTERVAL", "JSON"):
        raise ValueError(f"Unsupported Hive type: {result_type(duckdb_type).name}")
    kind = exp.DataType.build(own_type(duckdb_type) or duckdb_type, dialect="duckdb")
    return hive_name(kind)


def hive_name(kind: exp.DataType) -> str:
    """Return a type as Hive spells it, such as `array<struct<x:int>>`."""
    return kind.sql(dialect="hive").lower().replace(": ", ":").replace(", ", ",")


def parse_hive(hive_type: str) -> exp.DataType:
    """Return a Hive type as sqlglot knows it; ValueError if it is none."""
    try:
        return exp.DataType.build(hive_type, dialect="hive")
    except sqlglot.errors.ParseError as error:
        raise ValueError(f"'{hive_type}' is not a column type") from error


@dataclass(frozen=True)
class ResultType:
    """Name a result column's type as GetQueryResults does; precisions are the fixed ones of Athena."""

    name: str
    precision: int = 0
    scale: int = 0


_STRING = ResultType("varchar", 2_147_483_647)
# DuckDB's type without parameters -> Athena's. HUGEINT is what DuckDB makes of sums over bigint.
_RESULT_TYPES = {
    "BOOLEAN": ResultType("boolean"),
    "TINYINT": ResultType("tinyint", 3),
    "SMALLINT": ResultType("smallint", 5),
    "INTEGER": ResultType("integer", 10),
    "BIGINT": ResultType("bigint", 19),
    "FLOAT": ResultType("float", 17),
    "DOUBLE": ResultType("double", 17),
    "DATE": ResultType("date"),
    "TIME": ResultType("time", 3),
    "TIMESTAMP": ResultType("timestamp", 3),
    "TIMESTAMP WITH TIME ZONE": ResultType("timestamp with time zone", 3),
    "BLOB": ResultType("varbinary", 1_073_741_824),
    "VARCHAR": _STRING,
    "JSON": ResultType("json"),
    "INTERVAL": ResultType("interval day to second"),
    '"NULL"': ResultType("unknown"),
}
_NESTED = {"STRUCT": "row", "TUPLE": "row", "MAP": "map"}
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),([0-9]+)\)")
# Types that Trino does not have, and what its own answer would be.
_FOREIGN = {
    **dict.fromkeys(("HUGEINT", "UHUGEINT", "UBIGINT", "UINTEGER", "BIGNUM"), "BIGINT"),
    **dict.fromkeys(("UTINYINT", "USMALLINT"), "INTEGER"),
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), _TIMESTAMP),
    "UUID": "VARCHAR",
    "ENUM": "VARCHAR",
    '"NULL"': "VARCHAR",
}


def own_type(duckdb_type: str) -> str | None:
    """Return the type to which a result column of a type foreign to Trino is cast, or None if it stays."""
    return _FOREIGN.get(duckdb_type.partition("(")[0] if not duckdb_type.endswith("]") else duckdb_type)


def result_type(duckdb_type: str) -> ResultType:
    """Return the type that GetQueryResults names for a column of the engine."""
    decimal = _DECIMAL.fullmatch(duckdb_type)
    if decimal:
        return ResultType("decimal", int(decimal.group(1)), int(decimal.group(2)))
    if duckdb_type.endswith("]"):
        return ResultType("array")
    base = duckdb_type.partition("(")[0]
    if base in _NESTED:
        return ResultType(_NESTED[base])
    return _RESULT_TYPES.get(base, _STRING)
