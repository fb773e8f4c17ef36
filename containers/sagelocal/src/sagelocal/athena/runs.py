"""What each kind of query does with the engine, the catalog and S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagelocal.athena import tables, unload
from sagelocal.athena.catalog import Catalog, Column, Table
from sagelocal.athena.engine import Engine
from sagelocal.athena.errors import QueryError
from sagelocal.athena.execution import Document
from sagelocal.athena.query_tree import parse_query
from sagelocal.athena.results import column_info
from sagelocal.athena.statements import CreateTableAs, CreateView, InsertInto, Query, Select, Unload
from sagelocal.athena.types import to_hive
from sagelocal.athena.views import expand_views
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri


@dataclass(frozen=True)
class Outcome:
    """Hold what a query that ended well has to show: the columns of its result, its count of rows, statistics."""

    columns: list[Document]
    count: int | None = 0
    statistics: Document = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Hold what one query works with."""

    objects: ObjectStore
    catalog: Catalog
    engine: Engine
    document: Document

    @property
    def database(self) -> str:
        name: str = self.document["execution"]["QueryExecutionContext"]["Database"]
        return name

    @property
    def output(self) -> str:
        """Return the S3 URI of the result."""
        uri: str = self.document["execution"]["ResultConfiguration"]["OutputLocation"]
        return uri

    def written(self, files: list[tuple[str, Path]]) -> Outcome:
        """Put files at their S3 URIs, all of them at once, and the list of them beside the result."""
        unload.put_files(self.objects, files, self.engine.check)
        manifest = f"{self.output}-manifest.csv"
        unload.put_manifest(self.objects, manifest, [uri for uri, _ in files])
        statistics = {"DataScannedInBytes": self.engine.scanned_bytes, "DataManifestLocation": manifest}
        return Outcome([column_info("rows", "BIGINT")], self.engine.rows, statistics)


def run_query(run: Run, statement: Query) -> Outcome:
    """Carry out a statement that needs the engine."""
    runner: Callable[[Run, Any], Outcome] = _RUNS[type(statement)]
    return runner(run, statement)


def _select(run: Run, statement: Select) -> Outcome:
    path, columns = run.engine.select(statement.sql, run.database)
    bucket, key = split_uri(run.output)
    run.objects.put(bucket, key, path, content_type="application/octet-stream")
    described = [column_info(name, kind) for name, kind in columns]
    return Outcome(described, 0, {"DataScannedInBytes": run.engine.scanned_bytes})


def _unload(run: Run, statement: Unload) -> Outcome:
    options = unload.copy_options(statement.options)
    unload.check_empty(run.objects, statement.location)
    files = run.engine.unload(statement.sql, run.database, options)
    names = unload.uris(statement.location, run.engine.folder / "unload", files, unload.suffix(statement.options))
    return run.written(list(zip(names, files, strict=True)))


def _create_as(run: Run, statement: CreateTableAs) -> Outcome:
    if run.catalog.table(statement.database, statement.name) is not None:
        if statement.if_not_exists:
            return Outcome([], None)
        raise _exists(statement.database, statement.name)
    _check_database(run, statement.database)
    location = statement.options.get("external_location", f"{run.output}/")
    plan = tables.planned(statement, location, run.engine.named_columns(statement.sql, run.database))
    unload.check_empty(run.objects, location, f"{statement.database}.{statement.name}")
    files: list[Path] = []
    if statement.with_data:
        files = run.engine.unload(statement.sql, run.database, plan.copy)
    placed = tables.place(plan.table, run.engine.folder / "unload", files, plan.end, {})
    outcome = run.written([(uri, path) for uri, path, _ in placed])
    partitions = [partition for _, _, partition in placed if partition is not None]
    if not run.catalog.create_table(plan.table, partitions):
        raise _exists(statement.database, statement.name)
    return outcome


def _insert(run: Run, statement: InsertInto) -> Outcome:
    table = run.catalog.table(statement.database, statement.name)
    if table is None or table.view:
        name = f"awsdatacatalog.{statement.database}.{statement.name}"
        if table is None:
            raise QueryError("TABLE_NOT_FOUND", f"Table '{name}' does not exist")
        raise QueryError("NOT_SUPPORTED", f"Inserting into views is not supported: {name}")
    targets = tables.targets(table, statement.columns, run.engine.columns(statement.sql, run.database))
    files = run.engine.insert(statement.sql, run.database, targets, tables.copy_options_of(table))
    there = {partition.values: partition for partition in run.catalog.partitions(table)}
    placed = tables.place(table, run.engine.folder / "unload", files, tables.suffix_of(table), there)
    # Partitions first: one without files has no rows, files without a partition would be rows that nobody sees.
    run.catalog.add_partitions(table, [partition for _, _, partition in placed if partition is not None])
    return run.written([(uri, path) for uri, path, _ in placed])


def _create_view(run: Run, statement: CreateView) -> Outcome:
    _check_database(run, statement.database)
    there = run.catalog.table(statement.database, statement.name)
    if there is not None and there.view and not statement.replace:
        raise QueryError("ALREADY_EXISTS", f"View already exists: '{statement.database}.{statement.name}'")
    columns = run.engine.named_columns(statement.sql, run.database)
    view = Table(
        database=statement.database,
        name=statement.name,
        columns=tuple(Column(name, _view_type(kind)) for name, kind in columns),
        location="",
        format="view",
        view=statement.sql,
        view_database=run.database.lower(),
    )
    _check_not_recursive(run.catalog, view)
    if not run.catalog.put_view(view):
        raise _exists(statement.database, statement.name)
    return Outcome([], None)


def _view_type(duckdb_type: str) -> str:
    try:
        return to_hive(duckdb_type)
    except ValueError:
        return duckdb_type.lower()


def _check_not_recursive(catalog: Catalog, view: Table) -> None:
    def find(database: str, name: str) -> Table | None:
        return view if (database, name) == (view.database, view.name) else catalog.table(database, name)

    expand_views(parse_query(view.view), view.view_database, find)


def _check_database(run: Run, name: str) -> None:
    if not run.catalog.has_database(name):
        raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{name}' does not exist")


def _exists(database: str, name: str) -> QueryError:
    return QueryError("TABLE_ALREADY_EXISTS", f"Destination table 'awsdatacatalog.{database}.{name}' already exists")


_RUNS: dict[type[Query], Callable[[Run, Any], Outcome]] = {
    Select: _select,
    Unload: _unload,
    CreateTableAs: _create_as,
    InsertInto: _insert,
    CreateView: _create_view,
}
