"""The operations of Glue that read the data catalog; databases that it does not have are moto's to answer for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sagelocal.athena.catalog import Column, Table
from sagelocal.athena.formats import format_of
from sagelocal.athena.paging import page
from sagelocal.athena.view_text import view_text
from sagelocal.errors import AwsError
from sagelocal.operations import FallThrough, Request, Response, operation

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


def _own_database(backend: Backend, name: str) -> str:
    if not backend.athena.catalog.has_database(name):
        raise FallThrough
    return name.lower()


@operation("glue", "GetDatabase")
def get_database(backend: Backend, request: Request) -> Response:
    return {"Database": _database(backend, _own_database(backend, request["Name"]))}


@operation("glue", "GetDatabases")
def get_databases(backend: Backend, request: Request) -> Response:
    names, token = page(backend.athena.catalog.databases(), request, _PAGE)
    return {"DatabaseList": [_database(backend, name) for name in names], **token}


@operation("glue", "GetTable")
def get_table(backend: Backend, request: Request) -> Response:
    database = _own_database(backend, request["DatabaseName"])
    table = backend.athena.catalog.table(database, request["Name"])
    if table is None:
        raise AwsError("EntityNotFoundException", f"Table {request['Name']} not found.")
    return {"Table": _table(backend, table)}


@operation("glue", "GetTables")
def get_tables(backend: Backend, request: Request) -> Response:
    tables = backend.athena.catalog.tables(_own_database(backend, request["DatabaseName"]))
    expression = re.compile(request.get("Expression") or ".*", re.IGNORECASE)
    found, token = page([table for table in tables if expression.fullmatch(table.name)], request, _PAGE)
    return {"TableList": [_table(backend, table) for table in found], **token}
