"""How the engine reads a table: a view over the blobs of the objects at the table's location."""

from __future__ import annotations

from urllib.parse import unquote

import duckdb

from sagelocal.athena.catalog import Column, Table
from sagelocal.athena.errors import QueryError
from sagelocal.athena.translate import PATH_COLUMN, Source
from sagelocal.athena.types import to_duckdb
from sagelocal.s3.objects import ObjectInfo, ObjectStore
from sagelocal.s3.uri import split_uri

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def identifier(name: str) -> str:
    """Return a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


def files_at(objects: ObjectStore, location: str) -> list[ObjectInfo]:
    """Return the objects that are a table's data: hidden ones and folder marks are not, as in Hive."""
    bucket, prefix = split_uri(location)
    if not objects.has_bucket(bucket):
        raise QueryError("HIVE_METASTORE_ERROR", f"The S3 bucket '{bucket}' of location {location} does not exist")
    found = objects.list(bucket, prefix)
    return [info for info in found if info.size and not info.key.rsplit("/", 1)[-1].startswith((".", "_"))]


def create_view(connection: duckdb.DuckDBPyConnection, objects: ObjectStore, source: Source) -> int:
    """Make the view of a table, named as the catalog names it; return the size of the files in bytes."""
    table = source.table
    files = files_at(objects, table.location)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(table.database)}")
    name = f"{identifier(table.database)}.{identifier(table.name)}"
    partitions = [column for column in table.partitions if column.name in source.columns]
    if not files:
        wanted = [*table.all_columns, Column(PATH_COLUMN, "string")]
        columns = ", ".join(f"CAST(NULL AS {to_duckdb(c.type)}) AS {identifier(c.name)}" for c in wanted)
        connection.execute(f"CREATE VIEW {name} AS SELECT {columns} WHERE false")
        return 0
    scan = _SCANS[table.format](table, files)
    selected = _columns(connection, scan, table)
    if partitions or PATH_COLUMN in source.columns:
        places = f"{identifier(table.database)}.{identifier(table.name + ' files')}"
        _create_places(connection, places, table, files)
        selected += [f"place.{identifier(c.name)}" for c in (*table.partitions, Column(PATH_COLUMN, "string"))]
        scan = f"{scan} AS data JOIN {places} AS place ON data.filename = place.filename"
    connection.execute(f"CREATE VIEW {name} AS SELECT {', '.join(selected)} FROM {scan}")
    return sum(info.size for info in files)


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


def _create_places(connection: duckdb.DuckDBPyConnection, name: str, table: Table, files: list[ObjectInfo]) -> None:
    """Make the table that says of each file which S3 URI and which partition it is."""
    columns = [Column("filename", "string"), *table.partitions, Column(PATH_COLUMN, "string")]
    declared = ", ".join(f"{identifier(column.name)} {to_duckdb(column.type)}" for column in columns)
    connection.execute(f"CREATE TABLE {name} ({declared})")
    marks = ", ".join("?" * len(columns))
    rows = []
    for info in files:
        values = _partition_values(info.key)
        rows.append(
            [
                str(info.path),
                *(values.get(column.name) for column in table.partitions),
                f"s3://{info.bucket}/{info.key}",
            ]
        )
    connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


def _partition_values(key: str) -> dict[str, str | None]:
    """Return the values in a key such as `data/year=2024/month=01/x.parquet`."""
    folders = [folder.partition("=") for folder in key.split("/")[:-1] if "=" in folder]
    return {name.lower(): None if value == _NULL_PARTITION else unquote(value) for name, _, value in folders}
