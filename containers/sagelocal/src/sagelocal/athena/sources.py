"""How the engine reads a table: a view over the blobs of the objects at the table's location."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from sagelocal.athena.catalog import Column, Partition, Table
from sagelocal.athena.errors import QueryError
from sagelocal.athena.translate import PATH_COLUMN, Source
from sagelocal.athena.types import to_duckdb
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri


def identifier(name: str) -> str:
    """Return a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class DataFile:
    """Hold a table's file and the partition it belongs to, if the table has partitions."""

    info: ObjectInfo
    partition: Partition | None = None


def objects_at(objects: ObjectStore, location: str) -> Iterator[ObjectInfo]:
    """Yield the objects that are data: hidden ones and folder marks are not, as in Hive."""
    bucket, prefix = split_uri(location)
    if not objects.has_bucket(bucket):
        raise QueryError("HIVE_METASTORE_ERROR", f"The S3 bucket '{bucket}' of location {location} does not exist")
    for info in objects.list(bucket, prefix):
        if info.size and not info.key.rsplit("/", 1)[-1].startswith((".", "_")):
            yield info


def files_of(objects: ObjectStore, table: Table, partitions: list[Partition]) -> list[DataFile]:
    """Return a table's files; those of a table with partitions lie where one of its partitions says."""
    if not table.partitions:
        return [DataFile(info) for info in objects_at(objects, table.location)]
    usual = {partition.location: partition for partition in partitions if partition.location.startswith(table.location)}
    elsewhere = [partition for partition in partitions if partition.location not in usual]
    found = []
    if usual:  # one list for all of them
        for info in objects_at(objects, table.location):
            partition = _partition_of(f"s3://{info.bucket}/{info.key}", usual)
            if partition is not None:
                found.append(DataFile(info, partition))
    for partition in elsewhere:
        found += [DataFile(info, partition) for info in objects_at(objects, partition.location)]
    return found


def _partition_of(uri: str, partitions: dict[str, Partition]) -> Partition | None:
    end = uri.rfind("/")
    while end > len("s3://"):
        partition = partitions.get(uri[: end + 1])
        if partition is not None:
            return partition
        end = uri.rfind("/", 0, end)
    return None


def create_view(
    connection: duckdb.DuckDBPyConnection, objects: ObjectStore, source: Source, partitions: list[Partition]
) -> int:
    """Make the view of a table, named as the catalog names it; return the size of the files in bytes."""
    table = source.table
    files = files_of(objects, table, partitions)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(table.database)}")
    name = f"{identifier(table.database)}.{identifier(table.name)}"
    if not files:
        wanted = [*table.all_columns, Column(PATH_COLUMN, "string")]
        columns = ", ".join(f"CAST(NULL AS {to_duckdb(c.type)}) AS {identifier(c.name)}" for c in wanted)
        connection.execute(f"CREATE VIEW {name} AS SELECT {columns} WHERE false")
        return 0
    scan = _SCANS[table.format](table, [file.info for file in files])
    selected = _columns(connection, scan, table)
    if PATH_COLUMN in source.columns or any(column.name in source.columns for column in table.partitions):
        places = f"{identifier(table.database)}.{identifier(table.name + ' files')}"
        _create_places(connection, places, table, files)
        selected += [f"place.{identifier(c.name)}" for c in (*table.partitions, Column(PATH_COLUMN, "string"))]
        scan = f"{scan} AS data JOIN {places} AS place ON data.filename = place.filename"
    connection.execute(f"CREATE VIEW {name} AS SELECT {', '.join(selected)} FROM {scan}")
    return sum(file.info.size for file in files)


def _columns(connection: duckdb.DuckDBPyConnection, scan: str, table: Table) -> list[str]:
    """Return the columns as the catalog types them; one that no file has is NULL, as in Athena."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    there = {row[0].lower(): row[0] for row in described}
    value_of = _VALUES[table.format]
    return [
        f"{value_of(identifier(there[c.name]) if c.name in there else 'NULL', c.type)} AS {identifier(c.name)}"
        for c in table.columns
    ]


def _cast(column: str, hive_type: str) -> str:
    return f"CAST({column} AS {to_duckdb(hive_type)})"


def _try_cast(column: str, hive_type: str) -> str:
    """Return NULL for a text that is no value of the type, as Athena does.

    nullif keeps the engine from reading the file's column as that type at once, which would be an error.
    """
    if hive_type == "string":
        return column
    return f"TRY_CAST(nullif({column}, '') AS {to_duckdb(hive_type)})"


def _paths(files: list[ObjectInfo]) -> str:
    return "[" + ", ".join(literal(str(info.path)) for info in files) + "]"


def _parquet_scan(table: Table, files: list[ObjectInfo]) -> str:
    return f"read_parquet({_paths(files)}, union_by_name = true)"


def _csv_scan(table: Table, files: list[ObjectInfo]) -> str:
    """Read every column as text; the view casts it."""
    serde = table.serde
    names = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in table.columns)
    options = {
        "columns": "{" + names + "}",
        "header": "false",
        "auto_detect": "false",
        "null_padding": "true",
        "delim": literal(serde.get("field.delim") or serde.get("separatorChar") or ","),
        "quote": literal(serde.get("quoteChar", "")),
        "escape": literal(serde.get("quoteChar", "")),
        "nullstr": literal(serde.get("serialization.null.format", "\\N")),
        "skip": str(int(table.parameters.get("skip.header.line.count", "0"))),
    }
    settings = ", ".join(f"{name} = {value}" for name, value in options.items())
    # A compressed file says so by its name, as in Hive.
    packed = [info for info in files if info.key.endswith(".gz")]
    plain = [info for info in files if not info.key.endswith(".gz")]
    scans = [
        f"read_csv({_paths(some)}, {settings}, compression = '{compression}')"
        for some, compression in ((plain, "none"), (packed, "gzip"))
        if some
    ]
    if len(scans) == 1:
        return scans[0]
    return f"({' UNION ALL '.join(f'SELECT *, filename FROM {scan}' for scan in scans)})"


_SCANS = {"parquet": _parquet_scan, "csv": _csv_scan}
_VALUES = {"parquet": _cast, "csv": _try_cast}


def _create_places(connection: duckdb.DuckDBPyConnection, name: str, table: Table, files: list[DataFile]) -> None:
    """Make the table that says of each file which S3 URI and which partition it is."""
    columns = [Column("filename", "string"), *table.partitions, Column(PATH_COLUMN, "string")]
    declared = ", ".join(f"{identifier(column.name)} {to_duckdb(column.type)}" for column in columns)
    connection.execute(f"CREATE TABLE {name} ({declared})")
    values = [list(column) for column in zip(*map(_place, files), strict=True)]
    arrays = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS c{number}" for number in range(len(columns)))
    cast = ", ".join(f"CAST(c{number} AS {to_duckdb(column.type)})" for number, column in enumerate(columns))
    connection.execute(f"INSERT INTO {name} SELECT {cast} FROM (SELECT {arrays})", values)


def _place(file: DataFile) -> list[str | None]:
    values = file.partition.values if file.partition else ()
    return [str(file.info.path), *values, f"s3://{file.info.bucket}/{file.info.key}"]
