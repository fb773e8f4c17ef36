"""Hive's DDL as Athena takes it: CREATE EXTERNAL TABLE, CREATE DATABASE, DROP."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from sagelocal.athena.catalog import Column, Table
from sagelocal.athena.errors import invalid_request, malformed
from sagelocal.athena.formats import CSV_SERDES, PARQUET_MARK
from sagelocal.athena.statements import CreateDatabase, CreateTable, DropDatabase, DropTable, Statement
from sagelocal.athena.types import hive_name

_DELIMITED = {"fields": "field.delim", "escaped": "escape.delim", "null": "serialization.null.format"}
_TEXT_FORMATS = ("TEXTFILE",)


def parse_hive(query: str) -> exp.Expr:
    """Parse one statement of Hive's DDL; AwsError InvalidRequestException with the place of a mistake."""
    try:
        return sqlglot.parse_one(query, dialect="hive")
    except sqlglot.errors.SqlglotError as error:
        raise malformed(error) from error


def parse_create(query: str, database: str) -> Statement:
    """Parse CREATE EXTERNAL TABLE and CREATE DATABASE."""
    create = parse_hive(query)
    if not isinstance(create, exp.Create):
        raise invalid_request(f"sagelocal's Athena cannot read this CREATE statement: {query[:200]}", "MALFORMED_QUERY")
    if create.kind in ("DATABASE", "SCHEMA"):
        return CreateDatabase(_database_name(create.this), bool(create.args.get("exists")))
    if create.kind != "TABLE" or create.args.get("expression"):
        message = f"sagelocal's Athena has no CREATE {create.kind}; it has CREATE TABLE, VIEW and DATABASE."
        raise invalid_request(message)
    return CreateTable(_table(create, database), bool(create.args.get("exists")))


def parse_drop(query: str, database: str) -> Statement:
    """Parse DROP TABLE and DROP DATABASE."""
    drop = parse_hive(query)
    target = (drop.args.get("tables") or [drop.this])[0] if isinstance(drop, exp.Drop) else None
    if not isinstance(drop, exp.Drop) or not isinstance(target, exp.Table):
        raise invalid_request(f"sagelocal's Athena cannot read this DROP statement: {query[:200]}", "MALFORMED_QUERY")
    kind = drop.args["kind"]
    exists = bool(drop.args.get("exists"))
    if kind in ("DATABASE", "SCHEMA"):
        return DropDatabase(_database_name(target), exists, bool(drop.args.get("cascade")))
    if kind != "TABLE":
        raise invalid_request(f"sagelocal's Athena has no DROP {kind}; it has DROP TABLE, DROP VIEW and DROP DATABASE.")
    return DropTable(target.db or database, target.name, exists)


def _database_name(table: exp.Expr) -> str:
    return table.name or table.text("db")


def _columns(definitions: list[exp.Expr]) -> tuple[Column, ...]:
    columns = []
    for definition in definitions:
        kind = definition.args.get("kind")
        if not isinstance(definition, exp.ColumnDef) or kind is None:
            raise invalid_request(f"Column '{definition.name}' has no type.", "MALFORMED_QUERY")
        comments = [constraint.this.name for constraint in definition.find_all(exp.CommentColumnConstraint)]
        columns.append(Column(definition.name, hive_name(kind), "".join(comments)))
    return tuple(columns)


def _table(create: exp.Create, database: str) -> Table:
    schema = create.this
    properties: list[exp.Expr] = properties_of(create)
    if not isinstance(schema, exp.Schema):
        raise invalid_request("CREATE EXTERNAL TABLE needs columns.", "MALFORMED_QUERY")
    found = {type(item): item for item in properties}
    if exp.ExternalProperty not in found:
        raise invalid_request("Only CREATE EXTERNAL TABLE is there for tables of files.", "MALFORMED_QUERY")
    if exp.LocationProperty not in found:
        raise invalid_request("CREATE EXTERNAL TABLE needs LOCATION 's3://bucket/prefix/'.", "MALFORMED_QUERY")
    location = found[exp.LocationProperty].this.name
    if not location.startswith("s3://"):
        raise invalid_request(f"LOCATION '{location}' must be an S3 URI, s3://bucket/prefix/.")
    partitions = found.get(exp.PartitionedByProperty)
    parameters = {item.this.name: item.args["value"].name for item in properties if type(item) is exp.Property}
    if parameters.get("projection.enabled", "false").lower() == "true":
        raise invalid_request(
            "sagelocal's Athena has no partition projection; it has MSCK REPAIR TABLE and ALTER TABLE ADD PARTITION."
        )
    table_format, serde = _format(found)
    return Table(
        database=schema.this.db or database,
        name=schema.this.name,
        columns=_columns(schema.expressions),
        partitions=_columns(partitions.this.expressions) if partitions is not None else (),
        location=location,
        format=table_format,
        serde=serde,
        parameters=parameters,
    )


def properties_of(create: exp.Create) -> list[exp.Expr]:
    properties = create.args.get("properties")
    return list(properties.expressions) if properties else []


def _format(found: dict[type[exp.Expr], exp.Expr]) -> tuple[str, dict[str, str]]:
    """Return the format and the settings of its reader."""
    file_format = found.get(exp.FileFormatProperty)
    serde = found.get(exp.RowFormatSerdeProperty)
    named = file_format.this.sql(dialect="hive") if file_format is not None else ""
    serde_name = serde.this.name.lower() if serde is not None else ""
    if PARQUET_MARK in named.lower() or PARQUET_MARK in serde_name:
        return "parquet", {}
    if serde_name in CSV_SERDES:
        given = serde.args.get("serde_properties") if serde is not None else None
        settings = {item.this.name: item.args["value"].name for item in given.expressions} if given else {}
        return "csv", {**CSV_SERDES[serde_name], **settings}
    if serde_name or (named and named.upper() not in _TEXT_FORMATS and "TextInputFormat" not in named):
        raise invalid_request(
            f"sagelocal's Athena cannot read {serde_name or named}; it reads PARQUET and delimited text (CSV)."
        )
    delimited = found.get(exp.RowFormatDelimitedProperty)
    settings = {"field.delim": "\x01"}
    if delimited is not None:
        settings |= {ours: delimited.args[arg].name for arg, ours in _DELIMITED.items() if delimited.args.get(arg)}
    return "csv", settings
