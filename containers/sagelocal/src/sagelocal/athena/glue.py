"""The operations of Glue that read the data catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.athena.catalog import Column, Partition, Table
from sagelocal.athena.ddl_run import matches_expression
from sagelocal.athena.formats import format_of
from sagelocal.athena.paging import page
from sagelocal.athena.partitions import NULL_PARTITION
from sagelocal.athena.view_text import view_text
from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_PAGE = 100


def _columns(columns: tuple[Column, ...]) -> list[Response]:
    return [
        {"Name": column.name, "Type": column.type, **({"Comment": column.comment} if column.comment else {})}
        for column in columns
    ]


def _table(backend: Backend, table: Table) -> Response:
    common = {
        "Name": table.name,
        "DatabaseName": table.database,
        "CatalogId": backend.account,
        "CreateTime": table.created,
        "UpdateTime": table.created,
        "TableType": table.kind,
        "PartitionKeys": _columns(table.partitions),
    }
    if table.view:
        return {
            **common,
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "ViewOriginalText": view_text(table),
            "ViewExpandedText": "/* Presto View */",
            "StorageDescriptor": {"Columns": _columns(table.columns), "Location": "", "SerdeInfo": {}},
        }
    classes = format_of(table)
    return {
        **common,
        "Parameters": {"EXTERNAL": "TRUE", "classification": table.format, **table.parameters},
        "StorageDescriptor": {
            "Columns": _columns(table.columns),
            "Location": table.location,
            "InputFormat": classes.input_format,
            "OutputFormat": classes.output_format,
            "SerdeInfo": {"SerializationLibrary": classes.serde, "Parameters": table.serde},
        },
    }


def _database(backend: Backend, name: str) -> Response:
    return {"Name": name, "CatalogId": backend.account}


def own_database(backend: Backend, name: str) -> str:
    """Return the name of a database in lower case; EntityNotFoundException if there is none."""
    if not backend.athena.catalog.has_database(name):
        raise AwsError("EntityNotFoundException", f"Database {name} not found.")
    return name.lower()


def own_table(backend: Backend, request: Request, member: str = "TableName") -> Table:
    """Return the table that a request names; EntityNotFoundException if there is none."""
    table = backend.athena.catalog.table(own_database(backend, request["DatabaseName"]), request[member])
    if table is None:
        raise AwsError("EntityNotFoundException", f"Table {request[member]} not found.")
    return table


@operation("glue", "GetDatabase")
def get_database(backend: Backend, request: Request) -> Response:
    return {"Database": _database(backend, own_database(backend, request["Name"]))}


@operation("glue", "GetDatabases")
def get_databases(backend: Backend, request: Request) -> Response:
    names, token = page(backend.athena.catalog.databases(), request, _PAGE)
    return {"DatabaseList": [_database(backend, name) for name in names], **token}


@operation("glue", "GetTable")
def get_table(backend: Backend, request: Request) -> Response:
    return {"Table": _table(backend, own_table(backend, request, "Name"))}


@operation("glue", "GetTables")
def get_tables(backend: Backend, request: Request) -> Response:
    tables = backend.athena.catalog.tables(own_database(backend, request["DatabaseName"]))
    wanted = [table for table in tables if matches_expression(table.name, request.get("Expression"))]
    found, token = page(wanted, request, _PAGE)
    return {"TableList": [_table(backend, table) for table in found], **token}


def _partition(backend: Backend, table: Table, partition: Partition) -> Response:
    described = _table(backend, table)["StorageDescriptor"]
    return {
        "Values": [NULL_PARTITION if value is None else value for value in partition.values],
        "DatabaseName": table.database,
        "TableName": table.name,
        "CatalogId": backend.account,
        "StorageDescriptor": {**described, "Location": partition.location},
        "Parameters": {},
    }


@operation("glue", "GetPartition")
def get_partition(backend: Backend, request: Request) -> Response:
    table = own_table(backend, request)
    wanted = partition_values(request["PartitionValues"])
    for partition in backend.athena.catalog.partitions(table):
        if partition.values == wanted:
            return {"Partition": _partition(backend, table, partition)}
    raise AwsError("EntityNotFoundException", "Cannot find partition.")


@operation("glue", "GetPartitions")
def get_partitions(backend: Backend, request: Request) -> Response:
    if request.get("Expression"):
        raise AwsError("NotImplemented", "sagelocal does not have Expression of GetPartitions of glue.", 501)
    table = own_table(backend, request)
    found, token = page(backend.athena.catalog.partitions(table), request, _PAGE)
    return {"Partitions": [_partition(backend, table, partition) for partition in found], **token}


def partition_values(given: list[str]) -> tuple[str | None, ...]:
    """Return a partition's values as the catalog keeps them."""
    return tuple(None if value == NULL_PARTITION else value for value in given)
