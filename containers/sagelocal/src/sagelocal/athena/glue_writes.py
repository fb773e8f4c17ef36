"""The operations of Glue that change the data catalog, which is Athena's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.athena.catalog import Column, Partition, Table
from sagelocal.athena.formats import CSV_SERDES, PARQUET_MARK
from sagelocal.athena.glue import own_database, own_table, partition_values
from sagelocal.athena.partitions import partition_at
from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


@operation("glue", "CreateDatabase")
def create_database(backend: Backend, request: Request) -> Response:
    if not backend.athena.catalog.create_database(request["DatabaseInput"]["Name"]):
        raise AwsError("AlreadyExistsException", "Database already exists.")
    return {}


@operation("glue", "DeleteDatabase")
def delete_database(backend: Backend, request: Request) -> Response:
    catalog, name = backend.athena.catalog, own_database(backend, request["Name"])
    for table in catalog.tables(name):  # Glue takes them along
        catalog.drop_table(name, table.name)
    catalog.drop_database(name)
    return {}


@operation("glue", "CreateTable")
def create_table(backend: Backend, request: Request) -> Response:
    database = own_database(backend, request["DatabaseName"])
    if not backend.athena.catalog.create_table(_table(database, request["TableInput"])):
        raise AwsError("AlreadyExistsException", "Table already exists.")
    return {}


@operation("glue", "DeleteTable")
def delete_table(backend: Backend, request: Request) -> Response:
    table = own_table(backend, request, "Name")
    backend.athena.catalog.drop_table(table.database, table.name)
    return {}


@operation("glue", "CreatePartition")
def create_partition(backend: Backend, request: Request) -> Response:
    table = own_table(backend, request)
    if not backend.athena.catalog.add_partitions(table, [_partition(table, request["PartitionInput"])]):
        raise AwsError("AlreadyExistsException", "Partition already exists.")
    return {}


@operation("glue", "BatchCreatePartition")
def batch_create_partition(backend: Backend, request: Request) -> Response:
    table = own_table(backend, request)
    wanted = [_partition(table, given) for given in request["PartitionInputList"]]
    added = backend.athena.catalog.add_partitions(table, wanted)
    there = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}
    return {
        "Errors": [
            {"PartitionValues": given["Values"], "ErrorDetail": there}
            for given, partition in zip(request["PartitionInputList"], wanted, strict=True)
            if partition not in added
        ]
    }


@operation("glue", "DeletePartition")
def delete_partition(backend: Backend, request: Request) -> Response:
    table, catalog = own_table(backend, request), backend.athena.catalog
    values = partition_values(request["PartitionValues"])
    meant = [partition for partition in catalog.partitions(table) if partition.values == values]
    if not meant:
        raise AwsError("EntityNotFoundException", "Cannot find partition.")
    catalog.drop_partitions(table, meant)
    return {}


def _table(database: str, given: dict[str, Any]) -> Table:
    """Return a table of Parquet or delimited text; InvalidInputException for what Athena could not read here."""
    storage = given.get("StorageDescriptor") or {}
    parameters = dict(given.get("Parameters") or {})
    if given.get("TableType") not in (None, "EXTERNAL_TABLE") or "table_type" in parameters:
        raise _invalid("sagelocal's Glue makes external tables only; views are made by Athena's CREATE VIEW.")
    if parameters.get("projection.enabled", "false").lower() == "true":
        raise _invalid("sagelocal's Athena has no partition projection.")
    location = storage.get("Location", "")
    if not location.startswith("s3://"):
        raise _invalid(f"The Location {location!r} of StorageDescriptor must be an S3 URI, s3://bucket/prefix/.")
    serde = storage.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary", "").lower()
    if PARQUET_MARK not in library and library not in CSV_SERDES:
        raise _invalid(f"sagelocal's Athena cannot read {library!r}; it reads Parquet and delimited text (CSV).")
    is_parquet = PARQUET_MARK in library
    return Table(
        database=database,
        name=given["Name"],
        columns=_columns(storage.get("Columns") or []),
        partitions=_columns(given.get("PartitionKeys") or []),
        location=location,
        format="parquet" if is_parquet else "csv",
        serde={} if is_parquet else {**CSV_SERDES[library], **(serde.get("Parameters") or {})},
        parameters={name: value for name, value in parameters.items() if name not in ("EXTERNAL", "classification")},
    )


def _columns(given: list[dict[str, str]]) -> tuple[Column, ...]:
    return tuple(Column(one["Name"], one.get("Type", "string"), one.get("Comment", "")) for one in given)


def _partition(table: Table, given: dict[str, Any]) -> Partition:
    values = partition_values(given.get("Values") or [])
    if len(values) != len(table.partitions):
        raise _invalid("The number of partition keys do not match the number of partition values.")
    location = (given.get("StorageDescriptor") or {}).get("Location")
    return Partition(values, f"{location.rstrip('/')}/") if location else partition_at(table, values)
