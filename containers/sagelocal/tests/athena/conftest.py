"""The engine over tables of a few files, without a server."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sagelocal.athena.catalog import Catalog, Column, Table
from sagelocal.athena.engine import Engine, Limits
from sagelocal.s3.objects import ObjectStore
from sagelocal.store import Store

DATABASE = "db"
GLUE_TYPES = {"int64": "bigint", "int32": "int", "double": "double", "string": "string", "bool": "boolean"}


class Lake:
    """Put Parquet files under tables and run queries over them."""

    def __init__(self, folder: Path) -> None:
        self.objects = ObjectStore(folder / "s3")
        self.objects.create_bucket("lake")
        self._store = Store(folder / "documents.sqlite")
        self.catalog = Catalog(self._store)
        self._folder = folder
        self._numbers = itertools.count()

    def put(self, key: str, table: pa.Table) -> None:
        """Write one Parquet file."""
        sink = BytesIO()
        pq.write_table(table, sink)
        self.objects.put("lake", key, sink.getvalue())

    def create(self, name: str, columns: dict[str, str], location: str = "", **changes: Any) -> Table:
        """Name the files below a prefix as a table."""
        described = tuple(Column(column.lower(), kind) for column, kind in columns.items())
        table = Table(DATABASE, name, described, f"s3://lake/{location or name}/", **changes)
        self.catalog.drop_table(DATABASE, name)
        self.catalog.create_table(table)
        return table

    def store(self, name: str, files: list[pa.Table]) -> None:
        """Make a table of files of one schema."""
        self.create(name, {field.name: GLUE_TYPES[str(field.type)] for field in files[0].schema})
        for number, file in enumerate(files):
            self.put(f"{name}/{number}", file)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Give an engine for one query."""
        folder = self._folder / f"query-{next(self._numbers)}"
        engine = Engine(self.objects, self.catalog, folder, Limits("512MiB", 2))
        try:
            yield engine
        finally:
            engine.close()

    def rows(self, sql: str) -> list[list[str]]:
        """Return the rows of a query's CSV without its header; NULL reads as ''."""
        with self.engine() as engine:
            path, _ = engine.select(sql, DATABASE)
            with path.open(newline="") as file:
                return list(csv.reader(file))[1:]

    def close(self) -> None:
        """Close what the lake lies in."""
        self.objects.close()
        self._store.close()

    def value(self, sql: str) -> str:
        """Return the one value of a query."""
        ((value,),) = self.rows(sql)
        return value


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Give an empty lake."""
    lake = Lake(tmp_path)
    yield lake
    lake.close()


@pytest.fixture(scope="module")
def shared_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Give a lake for tests of many examples."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    yield lake
    lake.close()
