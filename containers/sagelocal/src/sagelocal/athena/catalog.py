"""The Glue data catalog: which tables there are, what their columns are and where their files lie."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sagelocal.store import Store

CATALOG_NAME = "AwsDataCatalog"
DEFAULT_DATABASE = "default"

_DATABASE = "glue_database"
_TABLE = "glue_table"
_PARTITION = "glue_partition"


@dataclass(frozen=True)
class Column:
    """Name a column and its Hive type, such as `bigint` or `array<string>`."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class Table:
    """Describe an external table or a view.

    `location` is an S3 URI that ends in a slash; `format` is `parquet` or `csv`; `serde` holds the reader's settings
    under Hive's own names, such as `field.delim`. A view has `view`, its query, and `view_database`, which stands
    where that query names no database.
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    location: str
    format: str = "parquet"
    partitions: tuple[Column, ...] = ()
    serde: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    created: float = 0.0
    view: str = ""
    view_database: str = ""

    @property
    def all_columns(self) -> tuple[Column, ...]:
        return self.columns + self.partitions

    @property
    def kind(self) -> str:
        """Return what Glue calls it."""
        return "VIRTUAL_VIEW" if self.view else "EXTERNAL_TABLE"


@dataclass(frozen=True)
class Partition:
    """Hold a partition: the text of its values, in the order of the table's partition columns, and its files' place."""

    values: tuple[str | None, ...]
    location: str


def _table_from(document: dict[str, Any]) -> Table:
    columns = tuple(Column(**column) for column in document["columns"])
    partitions = tuple(Column(**column) for column in document["partitions"])
    return Table(**{**document, "columns": columns, "partitions": partitions})


class Catalog:
    """Keep databases and tables in the store; names are case-insensitive, as in Glue."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def databases(self) -> list[str]:
        """Return the names of all databases, sorted."""
        return sorted({DEFAULT_DATABASE, *(document["name"] for document in self._store.list(_DATABASE))})

    def has_database(self, name: str) -> bool:
        """Return whether there is such a database."""
        return name.lower() == DEFAULT_DATABASE or self._store.get(_DATABASE, name.lower()) is not None

    def create_database(self, name: str) -> bool:
        """Add a database; return False if there is one of that name."""
        name = name.lower()
        return name != DEFAULT_DATABASE and self._store.create(_DATABASE, name, {"name": name, "created": time.time()})

    def drop_database(self, name: str) -> bool:
        """Remove a database; return whether there was one."""
        return self._store.delete(_DATABASE, name.lower())

    def tables(self, database: str) -> list[Table]:
        """Return the tables of a database, sorted by name."""
        documents = (document for document in self._store.list(_TABLE) if document["database"] == database.lower())
        return sorted((_table_from(document) for document in documents), key=lambda table: table.name)

    def table(self, database: str, name: str) -> Table | None:
        """Return a table, or None."""
        document = self._store.get(_TABLE, _key(database, name))
        return _table_from(document) if document else None

    def create_table(self, table: Table, partitions: Iterable[Partition] = ()) -> bool:
        """Add a table with its partitions; return False and change nothing if the name is taken."""
        table = _normal(table)
        with self._store.transaction():
            created = self._store.create(_TABLE, _key(table.database, table.name), asdict(table))
            if created:
                self.add_partitions(table, partitions)
        return created

    def put_view(self, view: Table) -> bool:
        """Put a view in the place of a view of that name; return False and change nothing if a table has the name."""
        view = _normal(view)
        key = _key(view.database, view.name)
        with self._store.transaction():
            there = self._store.get(_TABLE, key)
            if there is not None and not there.get("view"):
                return False
            self._store.delete(_TABLE, key)
            return self._store.create(_TABLE, key, asdict(view))

    def replace_columns(self, database: str, name: str, columns: tuple[Column, ...]) -> None:
        """Give a table other columns."""

        def change(document: dict[str, Any]) -> dict[str, Any]:
            return asdict(_normal(replace(_table_from(document), columns=columns)))

        self._store.update(_TABLE, _key(database, name), change)

    def drop_table(self, database: str, name: str) -> bool:
        """Remove a table, not its files; return whether there was one."""
        with self._store.transaction():
            for partition in self._partitions(database, name):
                self._store.delete(_partition_kind(database, name), _partition_key(partition.values))
            return self._store.delete(_TABLE, _key(database, name))

    def partitions(self, table: Table) -> list[Partition]:
        """Return a table's partitions, in the order in which they were added."""
        return self._partitions(table.database, table.name)

    def _partitions(self, database: str, name: str) -> list[Partition]:
        documents = self._store.list(_partition_kind(database, name))
        return [Partition(tuple(document["values"]), document["location"]) for document in documents]

    def add_partitions(self, table: Table, partitions: Iterable[Partition]) -> list[Partition]:
        """Add those partitions that the table does not have, in one step, and return them."""
        kind = _partition_kind(table.database, table.name)
        with self._store.transaction():
            if self._store.get(_TABLE, _key(table.database, table.name)) is None:
                return []  # dropped in between
            return [new for new in partitions if self._store.create(kind, _partition_key(new.values), asdict(new))]

    def drop_partitions(self, table: Table, partitions: Iterable[Partition]) -> None:
        """Remove partitions, not their files, in one step."""
        kind = _partition_kind(table.database, table.name)
        with self._store.transaction():
            for partition in partitions:
                self._store.delete(kind, _partition_key(partition.values))


def _key(database: str, name: str) -> str:
    return f"{database.lower()}/{name.lower()}"


def _partition_kind(database: str, name: str) -> str:
    return f"{_PARTITION}/{_key(database, name)}"


def _partition_key(values: tuple[str | None, ...]) -> str:
    return json.dumps(values)


def _normal(table: Table) -> Table:
    def lower(columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(replace(column, name=column.name.lower()) for column in columns)

    return replace(
        table,
        database=table.database.lower(),
        name=table.name.lower(),
        columns=lower(table.columns),
        partitions=lower(table.partitions),
        location="" if table.view else table.location.rstrip("/") + "/",
        created=table.created or time.time(),
    )
