"""Athena: queries run in threads, their states kept in the store."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import duckdb

from sagelocal.athena import execution, prepared
from sagelocal.athena.catalog import Catalog
from sagelocal.athena.ddl_run import RESULT_COLUMNS, run_ddl
from sagelocal.athena.engine import Engine, Limits
from sagelocal.athena.errors import QueryError
from sagelocal.athena.execution import KIND, TOKEN_KIND, Document
from sagelocal.athena.metadata_file import metadata_file
from sagelocal.athena.parse import parse
from sagelocal.athena.results import column_info
from sagelocal.athena.runs import Outcome, Run, run_query
from sagelocal.athena.statements import Deallocate, Prepare, Query
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
        self._spare: SimpleQueue[Engine] = SimpleQueue()  # made ahead: it takes longer than many a query
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
        while not self._spare.empty():
            self._spare.get().close()

    def _interrupt_all(self) -> bool:
        with self._running_lock:
            engines = list(self._running.values())
        for engine in engines:
            engine.interrupt()
        return bool(engines)

    @property
    def is_closing(self) -> bool:
        """Say whether the server ends: queries fail then that would not otherwise."""
        return self._closing

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
        statement = parse(document["sql"], document["execution"]["QueryExecutionContext"]["Database"])
        if isinstance(statement, Query):
            with self._engine_of(document) as engine:
                run = Run(self._backend.objects, self.catalog, engine, document)
                self._succeed(document, run_query(run, statement))
        elif isinstance(statement, Prepare | Deallocate):
            prepared.run(self._backend.store, statement)
            self._succeed(document, Outcome([], None))
        else:
            self._succeed(document, self._run_ddl(document["execution"], statement))

    def _succeed(self, document: Document, outcome: Outcome) -> None:
        query = document["execution"]
        uri = query["ResultConfiguration"]["OutputLocation"]
        if outcome.columns:
            self._put(f"{uri}.metadata", metadata_file(query["QueryExecutionId"], outcome.columns))
        self._change(
            query["QueryExecutionId"],
            lambda done: execution.succeed(done, outcome.columns, outcome.count, outcome.statistics),
        )

    @contextmanager
    def _engine_of(self, document: Document) -> Iterator[Engine]:
        """Give the engine of a query, which can be interrupted from now on, and make one for the next query."""
        execution_id = document["execution"]["QueryExecutionId"]
        try:
            engine = self._spare.get_nowait()
        except Empty:
            engine = self._new_engine()
        with self._running_lock:
            self._running[execution_id] = engine
        if self._closing or not self._is_running(execution_id):
            engine.interrupt()  # it was stopped before it could be interrupted
        try:
            yield engine
        finally:
            with self._running_lock:
                del self._running[execution_id]
            engine.close()
            if self._spare.empty() and not self._closing:
                self._spare.put(self._new_engine())

    def _new_engine(self) -> Engine:
        return Engine(self._backend.objects, self.catalog, self._folder / uuid.uuid4().hex, self._limits)

    def _put(self, location: str, content: bytes) -> None:
        bucket, key = split_uri(location)
        self._backend.objects.put(bucket, key, content, content_type="application/octet-stream")

    def _run_ddl(self, query: Document, statement: Any) -> Outcome:
        lines = run_ddl(statement, self.catalog, self._backend.objects)
        self._put(query["ResultConfiguration"]["OutputLocation"], "\n".join(lines).encode())
        name = RESULT_COLUMNS.get(type(statement))
        columns = [{**column_info(name, "VARCHAR"), "Type": "string"}] if name else []
        return Outcome(columns, 0 if name else None)
