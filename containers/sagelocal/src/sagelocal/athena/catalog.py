"""The Glue data catalog: which tables there are, what their columns are and where their files lie."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sagelocal.store import Store

CATALOG_NAME = "AwsDataCatalog"
DEFAULT_DATABASE = "default"

_DATABASE = "glue_database"
_TABLE = "glue_table"


@dataclass(frozen=True)
class Column:
    """Name a column and its Hive type, such as `bigint` or `array<string>`."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class Table:
    """Describe an external table.

    `location` is an S3 URI that ends in a slash; `format` is `parquet` or `csv`; `serde` holds the reader's settings
    under Hive's own names, such as `field.delim`.
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

    @property
    def all_columns(self) -> tuple[Column, ...]:
        return self.columns + self.partitions


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

    def create_table(self, table: Table) -> bool:
        """Add a table; return False and change nothing if the name is taken."""
        table = _normal(table)
        return self._store.create(_TABLE, _key(table.database, table.name), asdict(table))

    def replace_columns(self, database: str, name: str, columns: tuple[Column, ...]) -> None:
        """Give a table other columns."""

        def change(document: dict[str, Any]) -> dict[str, Any]:
            return asdict(_normal(replace(_table_from(document), columns=columns)))

        self._store.update(_TABLE, _key(database, name), change)

    def drop_table(self, database: str, name: str) -> bool:
        """Remove a table, not its files; return whether there was one."""
        return self._store.delete(_TABLE, _key(database, name))


def _key(database: str, name: str) -> str:
    return f"{database.lower()}/{name.lower()}"


def _normal(table: Table) -> Table:
    def lower(columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(replace(column, name=column.name.lower()) for column in columns)

    return replace(
        table,
        database=table.database.lower(),
        name=table.name.lower(),
        columns=lower(table.columns),
        partitions=lower(table.partitions),
        location=table.location.rstrip("/") + "/",
        created=table.created or time.time(),
    )
