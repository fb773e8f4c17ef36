"""Executions of pipelines: their steps become jobs, one look after the other."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from sagelocal.drivers import Drivers
from sagelocal.errors import AwsError
from sagelocal.pipelines import caching, children, progress
from sagelocal.pipelines.definition import parse
from sagelocal.pipelines.kinds import KINDS
from sagelocal.pipelines.references import UnresolvedError
from sagelocal.pipelines.tokens import forget_old_tokens
from sagelocal.s3.uri import split_uri
from sagelocal.sagemaker.resources import PIPELINE_EXECUTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from sagelocal.backend import Backend
    from sagelocal.pipelines.definition import Step
    from sagelocal.pipelines.progress import Document, Row


class PipelineRunner:
    """Begin the steps of executions, and take in what comes of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._drivers = Drivers("pipeline", self._step_of, self._give_up, self._is_over)
        self.submit, self.wake, self.close = self._drivers.submit, self._drivers.wake, self._drivers.close

    def start(self) -> None:
        """Go on with the executions that a former server left."""
        forget_old_tokens(self._backend, time.time())
        for document in self._backend.store.list(PIPELINE_EXECUTION.kind):
            if progress.status_of(document) not in progress.ENDED:
                arn = document["describe"]["PipelineExecutionArn"]
                self.submit(PIPELINE_EXECUTION.name_of(self._backend, arn))

    # one execution's life

    def _step_of(self, name: str) -> Callable[[], bool]:
        return lambda: self._step(name)

    def _is_over(self, name: str) -> bool:
        document = self._backend.store.get(PIPELINE_EXECUTION.kind, name)
        return document is None or progress.status_of(document) in progress.ENDED

    def _give_up(self, name: str, reason: str) -> None:
        for row in progress.running(self._document(name)):
            children.stop(self._backend, row)
        self._update(name, lambda it: progress.give_up(it, reason, time.time()))

    def _step(self, name: str) -> bool:
        """Bring the execution one step on; return False once it has ended."""
        document = self._document(name)
        for row in progress.running(document):
            self._look(name, row, document)
        document = self._begin(name)
        if progress.running(document) or progress.ready(document):
            return True
        return progress.status_of(self._update(name, _end)) not in progress.ENDED

    def _look(self, name: str, row: Row, document: Document) -> None:
        """Take in what became of a step; stop it if the execution is stopped."""
        stopped = progress.status_of(document) == "Stopping"
        if row["status"] == "Starting":
            if stopped and children.find(self._backend, row) is None:  # it was only planned
                self._update(name, lambda it: progress.stop(it, row["name"], time.time()))
                return
            if row.get("begin_at", 0.0) <= time.time():
                self._launch(name, row)
            return
        seen, now = children.look(self._backend, row), time.time()
        if seen.state == "Succeeded":
            properties = seen.properties | self._property_files(document, row, seen.properties)
            self._update(name, lambda it: progress.succeed(it, row["name"], properties, now))
        elif seen.state == "Failed":
            reason = f"ClientError: {seen.reason}"
            self._update(name, lambda it: progress.fail(it, row["name"], seen.reason, reason, now))
        elif seen.state == "Stopped":
            self._update(name, lambda it: progress.stop(it, row["name"], now))
        elif stopped and row["status"] != "Stopping" and children.stop(self._backend, row):
            self._update(name, lambda it: progress.stopping(it, row["name"]))

    def _begin(self, name: str) -> Document:
        """Write down each step that is ready, and create what it creates, until none is ready."""
        document = self._document(name)
        while not self._drivers.closed and (steps := progress.ready(document)):
            now = time.time()
            rows = [self._plan(document, step, now) for step in steps]
            document = self._update(name, partial(progress.begin, rows=rows, now=now))
            for row in rows:
                if row["status"] == "Starting" and row in document["steps"]:
                    self._launch(name, row)
            document = self._document(name)
        return document

    def _plan(self, document: Document, step: Step, now: float) -> Row:
        row = progress.plan(document, step, now, self._read)
        config = step.members.get("CacheConfig") or {}
        if row["status"] != "Starting" or not config.get("Enabled"):
            return row
        pipeline = document["describe"]["PipelineArn"]
        executions = self._backend.store.list(PIPELINE_EXECUTION.kind)
        return caching.apply(
            row, [one for one in executions if one["describe"]["PipelineArn"] == pipeline], config, now
        )

    def _launch(self, name: str, row: Row) -> None:
        """Create what a step creates, whose row is stored."""
        try:
            arn = children.launch(self._backend, row)
        except AwsError as error:
            operation, now = KINDS[row["type"]].operation, time.time()
            reason = f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {error.message}"
            cause = error.code
            self._update(name, lambda it: progress.fail(it, row["name"], cause, reason, now))
            return
        self._update(name, lambda it: progress.created(it, row["name"], arn))

    def _read(self, uri: str) -> Any:
        """Return the JSON document of a property file."""
        try:
            return json.loads(self._backend.objects.get(*split_uri(uri)).path.read_bytes())
        except AwsError as error:
            raise UnresolvedError(f"the property file {uri} cannot be read: {error.message}") from error
        except ValueError as error:
            raise UnresolvedError(f"the property file {uri} is not JSON: {error}") from error

    def _property_files(self, document: Document, row: Row, properties: Document) -> Document:
        """Return where the property files of a processing step lie."""
        members = parse(document["definition"]).step(row["name"]).members
        outputs = (properties.get("ProcessingOutputConfig") or {}).get("Outputs") or []
        uris = {output["OutputName"]: (output.get("S3Output") or {}).get("S3Uri", "") for output in outputs}
        found = {
            file["PropertyFileName"]: f"{uris.get(file['OutputName'], '').rstrip('/')}/{file['FilePath']}"
            for file in members.get("PropertyFiles") or ()
        }
        return {"PropertyFiles": found} if found else {}

    # documents

    def _document(self, name: str) -> Document:
        return PIPELINE_EXECUTION.document(self._backend, name)

    def _update(self, name: str, change: Callable[[Document], Any]) -> Document:
        def changed(document: Document) -> None:
            change(document)

        return PIPELINE_EXECUTION.update(self._backend, name, changed)


def _end(document: Document) -> None:
    if not progress.running(document) and not progress.ready(document):
        progress.end(document, time.time())
