"""Athena: queries run in threads, their states kept in the store."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sagelocal.athena import execution, unload
from sagelocal.athena.catalog import Catalog
from sagelocal.athena.ddl_run import RESULT_COLUMNS, run_ddl
from sagelocal.athena.engine import Engine, Limits
from sagelocal.athena.errors import QueryError
from sagelocal.athena.execution import KIND, TOKEN_KIND, Document
from sagelocal.athena.parse import bind, parse
from sagelocal.athena.results import column_info
from sagelocal.athena.statements import Ddl, Select, Unload
from sagelocal.errors import AwsError
from sagelocal.s3.uri import split_uri

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_LOG = logging.getLogger(__name__)
_CONCURRENT = 4  # queries at a time; the others are queued
_SHARE = 0.6  # of the machine's memory, for all of them
_LOST = "The server ended while the query ran. Start the query again with another ClientRequestToken."


def _limits() -> Limits:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Limits(memory=f"{max(int(memory * _SHARE / _CONCURRENT / 2**20), 256)}MiB", threads=os.cpu_count() or 1)


class AthenaService:
    """Run the queries of one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.catalog = Catalog(backend.store)
        self._folder = backend.folder / "athena"
        self._limits = _limits()
        self._threads = ThreadPoolExecutor(_CONCURRENT, thread_name_prefix="athena")
        self._running: dict[str, Engine] = {}
        self._running_lock = threading.Lock()
        self._closing = False

    def start(self) -> None:
        """Fail the queries that a former server left running and run those that it left queued."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for document in self._backend.store.list(KIND):
            execution_id = document["execution"]["QueryExecutionId"]
            if execution.state(document) == "RUNNING":
                self._change(execution_id, lambda lost: execution.fail(lost, QueryError("", _LOST)))
            elif execution.state(document) == "QUEUED":
                self._threads.submit(self._run, execution_id)

    def close(self) -> None:
        """Stop running queries, which fail; queued ones run when the next server starts."""
        self._closing = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        while self._interrupt_all():
            time.sleep(0.05)
        self._threads.shutdown()

    def _interrupt_all(self) -> bool:
        with self._running_lock:
            engines = list(self._running.values())
        for engine in engines:
            engine.interrupt()
        return bool(engines)

    def submit(self, document: Document, token: str, fingerprint: list[str]) -> str | None:
        """Queue an execution and return its id: the first one's for a token that is known, None if that one differs."""
        execution_id: str = document["execution"]["QueryExecutionId"]
        with self._backend.store.transaction():
            known = self._backend.store.get(TOKEN_KIND, token)
            if known is not None:
                return known["id"] if known["fingerprint"] == fingerprint else None
            self._backend.store.create(KIND, execution_id, document)
            self._backend.store.create(TOKEN_KIND, token, {"id": execution_id, "fingerprint": fingerprint})
        self._threads.submit(self._run, execution_id)
        return execution_id

    def stop(self, execution_id: str) -> None:
        """Cancel an execution; one that is over stays as it is."""
        self._change(execution_id, execution.cancel)
        threading.Thread(target=self._interrupt, args=(execution_id,), daemon=True).start()

    def _interrupt(self, execution_id: str) -> None:
        while True:  # an interrupt between two statements goes unheard
            with self._running_lock:
                engine = self._running.get(execution_id)
                if engine is None:
                    return
                engine.interrupt()
            time.sleep(0.05)

    def _change(self, execution_id: str, change: Callable[[Document], None]) -> Document | None:
        return self._backend.store.update(KIND, execution_id, change)

    def _is_running(self, execution_id: str) -> bool:
        document = self._backend.store.get(KIND, execution_id)
        return document is not None and execution.state(document) == "RUNNING"

    def _run(self, execution_id: str) -> None:
        document = self._change(execution_id, execution.run)
        if document is None or execution.state(document) != "RUNNING":
            return  # cancelled while it was queued
        try:
            self._execute(document)
        except duckdb.InterruptException:
            self._change(execution_id, lambda lost: execution.fail(lost, QueryError("", _LOST)))
        except QueryError as error:
            failure = error
            self._change(execution_id, lambda failed: execution.fail(failed, failure))
        except AwsError as error:
            refused = QueryError("", f"{error.code}: {error.message}")
            self._change(execution_id, lambda failed: execution.fail(failed, refused))
        except Exception as error:  # noqa: BLE001 - a query must end, whatever goes wrong
            _LOG.exception("query %s failed", execution_id)
            unknown = QueryError("", f"INTERNAL_ERROR: {type(error).__name__}: {error}")
            self._change(execution_id, lambda failed: execution.fail(failed, unknown))

    def _execute(self, document: Document) -> None:
        query = document["execution"]
        database = query["QueryExecutionContext"]["Database"]
        statement = parse(bind(query["Query"], query.get("ExecutionParameters", [])), database)
        if isinstance(statement, Ddl):
            self._run_ddl(query, statement)
            return
        execution_id = query["QueryExecutionId"]
        engine = Engine(self._backend.objects, self.catalog.table, self._folder / execution_id, self._limits)
        with self._running_lock:
            self._running[execution_id] = engine
        if self._closing or not self._is_running(execution_id):
            engine.interrupt()  # it was stopped before it could be interrupted
        try:
            if isinstance(statement, Select):
                self._run_select(query, statement, engine)
            else:
                self._run_unload(document, statement, engine)
        finally:
            with self._running_lock:
                del self._running[execution_id]
            engine.close()

    def _put(self, location: str, content: bytes | Path) -> None:
        bucket, key = split_uri(location)
        self._backend.objects.put(bucket, key, content, content_type="application/octet-stream")

    def _run_ddl(self, query: Document, statement: Ddl) -> None:
        lines = run_ddl(statement, self.catalog)
        self._put(query["ResultConfiguration"]["OutputLocation"], "\n".join(lines).encode())
        name = RESULT_COLUMNS.get(type(statement))
        columns = [{**column_info(name, "VARCHAR"), "Type": "string"}] if name else []
        self._succeed(query, columns, 0 if name else None, {})

    def _run_select(self, query: Document, statement: Select, engine: Engine) -> None:
        path, columns = engine.select(statement.sql, query["QueryExecutionContext"]["Database"])
        self._put(query["ResultConfiguration"]["OutputLocation"], path)
        described = [column_info(name, kind) for name, kind in columns]
        self._succeed(query, described, 0, {"DataScannedInBytes": engine.scanned_bytes})

    def _run_unload(self, document: Document, statement: Unload, engine: Engine) -> None:
        query = document["execution"]
        objects = self._backend.objects
        options = unload.copy_options(statement.options)
        unload.check_empty(objects, statement.location)
        database = query["QueryExecutionContext"]["Database"]
        files = engine.unload(statement.sql, database, options)
        uris = []
        end = unload.suffix(statement.options)
        for uri in unload.upload(objects, statement.location, engine.folder / "unload", files, end):
            uris.append(uri)
            engine.check()
        manifest = f"{document['location']}{query['QueryExecutionId']}-manifest.csv"
        unload.put_manifest(objects, manifest, uris)
        statistics = {"DataScannedInBytes": engine.scanned_bytes, "DataManifestLocation": manifest}
        self._succeed(query, [column_info("rows", "BIGINT")], engine.rows, statistics)

    def _succeed(self, query: Document, columns: list[Document], count: int | None, statistics: Document) -> None:
        self._change(query["QueryExecutionId"], lambda done: execution.succeed(done, columns, count, statistics))
