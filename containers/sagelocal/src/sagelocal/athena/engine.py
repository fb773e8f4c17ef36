"""The query engine: one DuckDB connection per query, memory bounded, no rows in Python."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from sagelocal.athena import macros, render, translate
from sagelocal.athena.catalog import Catalog
from sagelocal.athena.errors import QueryError, from_engine
from sagelocal.athena.query_tree import parse_query
from sagelocal.athena.sources import create_view, literal
from sagelocal.athena.syntax import check_functions
from sagelocal.athena.types import own_type
from sagelocal.s3.objects import ObjectStore


@dataclass(frozen=True)
class Limits:
    """Bound what one query may take: `memory` as DuckDB spells sizes, such as `2GB`."""

    memory: str
    threads: int


@dataclass
class Engine:
    """Run one query; `folder` is its own and goes when it is closed."""

    objects: ObjectStore
    catalog: Catalog
    folder: Path
    limits: Limits
    scanned_bytes: int = 0
    rows: int = 0
    _connection: duckdb.DuckDBPyConnection = field(init=False)
    _query: tuple[translate.Translation, list[str]] | None = None  # the one that was prepared
    _macros: set[str] = field(default_factory=set)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": self.limits.threads,
                "memory_limit": self.limits.memory,
                "temp_directory": str(self.folder / "spill"),
                "python_enable_replacements": False,
            },
        )
        readable = ", ".join(literal(str(path)) for path in (self.objects.blobs.path(""), self.folder))
        for statement in (
            "SET TimeZone = 'UTC'",
            "SET integer_division = true",
            # a scan of CSV would take TRY_CAST for CAST, and fail where it should answer NULL
            "SET disabled_optimizers = 'type_pushdown'",
            f"SET allowed_directories = [{readable}]",
            "SET enable_external_access = false",  # SQL reads what the catalog names, no other file of this machine
            "SET lock_configuration = true",
        ):
            self._connection.execute(statement)

    def interrupt(self) -> None:
        """Stop the query; call it again until it has stopped, as between two statements it goes unheard."""
        self._stopped.set()
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        """Raise duckdb.InterruptException if the query is to stop."""
        if self._stopped.is_set():
            raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")

    def _execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        self.check()
        for name, macro in macros.called(sql).items():
            if name not in self._macros:  # all of them would take longer than many a query
                self._connection.execute(macro)
                self._macros.add(name)
        return self._connection.execute(sql)

    def _prepare(self, sql: str, database: str) -> tuple[translate.Translation, list[str]]:
        """Make the views that a query reads; return its translation and its columns' types."""
        query = parse_query(sql)
        check_functions(sql)
        translation = translate.translate(query, database, self.catalog.table)
        for source in translation.sources:
            partitions = self.catalog.partitions(source.table) if source.table.partitions else []
            self.scanned_bytes += create_view(self._connection, self.objects, source, partitions)
        described = self._execute(f"DESCRIBE {translation.sql}").fetchall()
        return translation, [row[1] for row in described]

    def _prepared(self, sql: str, database: str) -> tuple[translate.Translation, list[str]]:
        try:
            if self._query is None:
                self._query = self._prepare(sql, database)
            return self._query
        except duckdb.Error as error:
            raise self._failure(error) from error

    def columns(self, sql: str, database: str) -> list[tuple[str, str]]:
        """Return the names of a query's columns and their types in DuckDB."""
        translation, types = self._prepared(sql, database)
        return list(zip(translation.columns, types, strict=True))

    def named_columns(self, sql: str, database: str) -> list[tuple[str, str]]:
        """Return the columns of a query, each of which must have a name of its own."""
        translation, _ = self._prepared(sql, database)
        _check_names(translation.columns)
        return self.columns(sql, database)

    def select(self, sql: str, database: str) -> tuple[Path, list[tuple[str, str]]]:
        """Run a query; return the CSV file of its rows and its columns' names and types."""
        translation, types = self._prepared(sql, database)
        try:
            rows, path = self.folder / "rows.csv", self.folder / "result.csv"
            copied = self._execute(
                f"COPY ({render.text_query(translation.sql, types)}) TO {literal(str(rows))} "
                "(FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')"
            ).fetchone()
            self.rows = copied[0] if copied else 0
        except duckdb.Error as error:
            raise self._failure(error) from error
        with path.open("wb") as out, rows.open("rb") as body:
            # the header is ours: DuckDB's would rename columns of the same name
            out.write(_csv_header(translation.columns).encode())
            shutil.copyfileobj(body, out, 1 << 20)
        return path, list(zip(translation.columns, [own_type(kind) or kind for kind in types], strict=True))

    def unload(self, sql: str, database: str, options: str) -> list[Path]:
        """Run a query and write its rows to files; `options` are those of DuckDB's COPY. Return the files."""
        translation, types = self._prepared(sql, database)
        _check_names(translation.columns)
        return self._copy(render.typed_query(translation.sql, translation.columns, types), options)

    def insert(self, sql: str, database: str, targets: Sequence[render.Target], options: str) -> list[Path]:
        """Run a query and write its rows as those of the columns `targets`; return the files."""
        translation, types = self._prepared(sql, database)
        return self._copy(render.target_query(translation.sql, len(types), targets), options)

    def _copy(self, sql: str, options: str) -> list[Path]:
        target = self.folder / "unload"
        try:
            copied = self._execute(f"COPY ({sql}) TO {literal(str(target))} ({options})").fetchone()
        except duckdb.Error as error:
            raise self._failure(error) from error
        self.rows = copied[0] if copied else 0
        return sorted(path for path in target.rglob("*") if path.is_file()) if self.rows else []

    def _failure(self, error: duckdb.Error) -> Exception:
        return error if isinstance(error, duckdb.InterruptException) else from_engine(str(error))


def _csv_header(names: tuple[str, ...]) -> str:
    return ",".join('"' + name.replace('"', '""') + '"' for name in names) + "\n"


def _check_names(names: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for position, name in enumerate(names):
        if name == f"_col{position}":
            raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {position + 1}")
        if name.lower() in seen:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once")
        seen.add(name.lower())
