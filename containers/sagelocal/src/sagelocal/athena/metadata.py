"""The operations on the data catalog, as Athena shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.athena.catalog import CATALOG_NAME, Column, Table
from sagelocal.athena.ddl_run import matches_expression
from sagelocal.athena.formats import format_parameters
from sagelocal.athena.paging import page
from sagelocal.athena.queries import check_catalog
from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_PAGE = 50


def _missing(what: str) -> AwsError:
    return AwsError("MetadataException", f"EntityNotFoundException: {what} not found.")


def _columns(columns: tuple[Column, ...]) -> list[Response]:
    return [
        {"Name": column.name, "Type": column.type, **({"Comment": column.comment} if column.comment else {})}
        for column in columns
    ]


def _table_metadata(table: Table) -> Response:
    return {
        "Name": table.name,
        "CreateTime": table.created,
        "TableType": table.kind,
        "Columns": _columns(table.columns),
        "PartitionKeys": _columns(table.partitions),
        "Parameters": {"presto_view": "true"} if table.view else format_parameters(table),
    }


def _database(backend: Backend, request: Request) -> str:
    check_catalog(request["CatalogName"])
    name: str = request["DatabaseName"].lower()
    if not backend.athena.catalog.has_database(name):
        raise _missing(f"Database {name}")
    return name


@operation("athena", "GetDatabase")
def get_database(backend: Backend, request: Request) -> Response:
    return {"Database": {"Name": _database(backend, request)}}


@operation("athena", "ListDatabases")
def list_databases(backend: Backend, request: Request) -> Response:
    check_catalog(request["CatalogName"])
    names, token = page(backend.athena.catalog.databases(), request, _PAGE)
    return {"DatabaseList": [{"Name": name} for name in names], **token}


@operation("athena", "GetTableMetadata")
def get_table_metadata(backend: Backend, request: Request) -> Response:
    table = backend.athena.catalog.table(_database(backend, request), request["TableName"])
    if table is None:
        raise _missing(f"Table {request['TableName']}")
    return {"TableMetadata": _table_metadata(table)}


@operation("athena", "ListTableMetadata")
def list_table_metadata(backend: Backend, request: Request) -> Response:
    tables = backend.athena.catalog.tables(_database(backend, request))
    wanted = [table for table in tables if matches_expression(table.name, request.get("Expression"))]
    found, token = page(wanted, request, _PAGE)
    return {"TableMetadataList": [_table_metadata(table) for table in found], **token}


@operation("athena", "ListDataCatalogs")
def list_data_catalogs(backend: Backend, request: Request) -> Response:
    return {"DataCatalogsSummary": [{"CatalogName": CATALOG_NAME, "Type": "GLUE"}]}


@operation("athena", "GetDataCatalog")
def get_data_catalog(backend: Backend, request: Request) -> Response:
    check_catalog(request["Name"])
    return {"DataCatalog": {"Name": CATALOG_NAME, "Type": "GLUE", "Parameters": {"catalog-id": backend.account}}}
