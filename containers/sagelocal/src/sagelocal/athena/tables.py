"""The tables that queries write: their options, the types of their columns, and where each file belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sagelocal.athena import unload
from sagelocal.athena.catalog import Column, Partition, Table
from sagelocal.athena.errors import QueryError
from sagelocal.athena.partitions import partition_at, values_in
from sagelocal.athena.render import Target
from sagelocal.athena.statements import CreateTableAs
from sagelocal.athena.types import own_type, result_type, to_duckdb, to_hive

# https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
_OPTIONS = {
    "format": "format",
    "write_compression": "compression",
    "parquet_compression": "compression",
    "field_delimiter": "field_delimiter",
    "partitioned_by": "partitioned_by",
    "external_location": "",
    "table_type": "",
}
_MOST_PARTITIONS = 100  # that one query may write, as in Athena
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


@dataclass(frozen=True)
class Plan:
    """Hold the table that a CREATE TABLE AS makes, the options of DuckDB's COPY, and how its files' names end."""

    table: Table
    copy: str
    end: str


def planned(statement: CreateTableAs, location: str, columns: list[tuple[str, str]]) -> Plan:
    """Return the plan of a CREATE TABLE AS over a query of these columns (name, DuckDB's type)."""
    given = statement.options
    for name in given:
        if name not in _OPTIONS:
            names = ", ".join(_OPTIONS)
            raise QueryError("NOT_SUPPORTED", f"sagelocal's CREATE TABLE AS has no property '{name}'; it has {names}")
    if given.get("table_type", "HIVE").upper() != "HIVE":
        raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena has tables of type 'HIVE', not '{given['table_type']}'")
    if not location.startswith("s3://"):
        raise QueryError("INVALID_TABLE_PROPERTY", f"external_location '{location}' must be an S3 URI")
    options = {"format": "PARQUET", **{_OPTIONS[name]: value for name, value in given.items() if _OPTIONS[name]}}
    is_text = options["format"].upper() == "TEXTFILE"
    partitions = [name.lower() for name in options.get("partitioned_by", "").split(",") if name]
    described = tuple(Column(name.lower(), _hive(name, kind)) for name, kind in columns)
    if [column.name for column in described][len(described) - len(partitions) :] != partitions:
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(partitions)}]",
        )
    count = len(described) - len(partitions)
    table = Table(
        database=statement.database,
        name=statement.name,
        columns=described[:count],
        location=location.rstrip("/") + "/",
        format="csv" if is_text else "parquet",
        partitions=described[count:],
        serde={"field.delim": options.get("field_delimiter", unload.DEFAULT_DELIMITER)} if is_text else {},
    )
    return Plan(table, unload.copy_options(options), unload.suffix(options))


def _hive(name: str, duckdb_type: str) -> str:
    try:
        return to_hive(duckdb_type)
    except ValueError as error:
        raise QueryError("NOT_SUPPORTED", f"{error} (column '{name}')") from error


def targets(table: Table, named: tuple[str, ...], columns: list[tuple[str, str]]) -> list[Target]:
    """Return what of a query goes into each column of a table; QueryError TYPE_MISMATCH if it does not fit."""
    wanted = {column.name: to_duckdb(column.type) for column in table.all_columns}
    for position, name in enumerate(named):
        if name not in wanted:
            raise QueryError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {name}")
        if name in named[:position]:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Insert column name is specified more than once: {name}")
    names = named or tuple(wanted)
    types = [kind for _, kind in columns]
    if len(names) != len(types) or not all(_fits(kind, wanted[name]) for name, kind in zip(names, types, strict=True)):
        there = ", ".join(result_type(wanted[name]).name for name in names)
        given = ", ".join(result_type(own_type(kind) or kind).name for kind in types)
        message = f"Insert query has mismatched column types: Table: [{there}], Query: [{given}]"
        raise QueryError("TYPE_MISMATCH", message)
    places = {name: position for position, name in enumerate(names)}
    return [Target(name, kind, places.get(name)) for name, kind in wanted.items()]


def _fits(given: str, wanted: str) -> bool:
    """Return whether Trino turns a type into another without a cast."""
    if given == '"NULL"':
        return True
    given, wanted = own_type(given) or given, _PLAIN.get(wanted, wanted)
    if given == wanted or (given in _INTEGERS and wanted in _WIDER[given]):
        return True
    if given.startswith("DECIMAL"):
        return wanted.startswith("DECIMAL") or wanted in _FLOATS
    return (given, wanted) in _OTHERS


# DuckDB's other names of types
_PLAIN = {"TEXT": "VARCHAR", "INT": "INTEGER", "REAL": "FLOAT"}
_FLOATS = ("FLOAT", "DOUBLE")
_WIDER = {kind: (*_INTEGERS[place:], *_FLOATS) for place, kind in enumerate(_INTEGERS)}
_OTHERS = {("FLOAT", "DOUBLE"), ("DATE", "TIMESTAMP")}


def copy_options_of(table: Table) -> str:
    """Return the options of DuckDB's COPY for a table's files."""
    return unload.copy_options(_options_of(table))


def suffix_of(table: Table) -> str:
    """Return how the names of a table's new files end."""
    return unload.suffix(_options_of(table))


def _options_of(table: Table) -> dict[str, str]:
    partitions = ",".join(column.name for column in table.partitions)
    if table.format == "parquet":
        return {"format": "PARQUET", "partitioned_by": partitions}
    if "field.delim" not in table.serde or "skip.header.line.count" in table.parameters:
        raise QueryError("NOT_SUPPORTED", "INSERT INTO writes tables of PARQUET and of delimited text without a header")
    return {"format": "TEXTFILE", "field_delimiter": table.serde["field.delim"], "partitioned_by": partitions}


def place(
    table: Table, folder: Path, files: list[Path], end: str, there: Mapping[tuple[str | None, ...], Partition]
) -> list[tuple[str, Path, Partition | None]]:
    """Return the S3 URI of each file and its partition: one of `there`, or one in its usual place."""
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.parent, []).append(path)
    if table.partitions and len(by_folder) > _MOST_PARTITIONS:
        raise QueryError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {_MOST_PARTITIONS} open writers for partitions/buckets.",
        )
    placed: list[tuple[str, Path, Partition | None]] = []
    for parent, some in by_folder.items():
        values = values_in(table, parent.relative_to(folder).as_posix()) if table.partitions else None
        partition = None if values is None else there.get(values) or partition_at(table, values)
        location = table.location if partition is None else partition.location
        placed += [
            (uri, path, partition) for uri, path in zip(unload.uris(location, parent, some, end), some, strict=True)
        ]
    return placed
