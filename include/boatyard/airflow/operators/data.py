"""From ingested records to a training set, in Athena: no row passes through a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws import athena, features, storage
from boatyard.aws.errors import EmptyTrainingSetError, InvisibleRecordsError, QueryError, StepError
from boatyard.aws.waiting import looks
from boatyard.steps.run import (
    CONTENT_HASH,
    JOB_NAME,
    JOB_TABLE,
    database_token,
    fill,
    table_token,
)
from boatyard.steps.wait_visible import ingested_words


class QueriesOperator(RequestsOperator):
    """Ask Athena, and cancel the query when the task is killed."""

    _running: str | None = None
    _killed = False

    @cached_property
    def _stopper(self) -> Any:
        # a client of its own: a kill interrupts the other one in the middle of whatever it is doing
        return self.clients.new("athena")

    def on_kill(self) -> None:
        """Cancel the query that runs: nobody waits for its answer any more."""
        self._killed = True
        if self._running is not None:
            athena.stop(self._stopper, self._running)

    def query(self, request: dict[str, Any]) -> athena.Execution:
        """Run one statement to its end."""
        _ = self._stopper  # made now, for a signal handler is no place to make one
        if self._killed:
            raise StepError("killed before the next query")
        execution = athena.run(self.clients.get("athena"), request, self._started)
        self._running = None
        return execution

    def first_row(self, execution: athena.Execution) -> dict[str, str | None]:
        """Return the first row that a SELECT answered."""
        return next(iter(islice(athena.rows(self.clients.get("athena"), execution.id), 1)))

    def tables(self) -> dict[str, str]:
        """Return the words that stand for the Glue tables of the feature groups that the requests describe."""
        words: dict[str, str] = {}
        for params in self.asked("DescribeFeatureGroup"):
            group = params["FeatureGroupName"]
            table = features.offline_table(self.clients.get("sagemaker"), group)
            words |= {table_token(group): table.table, database_token(group): table.database}
        return words

    def _started(self, execution_id: str) -> None:
        self._running = execution_id
        if self._killed:  # on_kill came before the answer with the id
            athena.stop(self._stopper, execution_id)


class FeatureStoreVisibleOperator(QueriesOperator):
    """Wait until the offline store shows what was ingested: it lags by minutes on AWS."""

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Ask again and again how much is visible, until it is enough or the time is up."""
        until = self.only("WaitUntil")
        where = self.only("GetObject")
        ingested = ingested_words(storage.read_json(self.clients.get("s3"), f"s3://{where['Bucket']}/{where['Key']}"))
        wanted = int(fill(until["AtLeast"], ingested))
        if wanted == 0:
            return {"rows": 0}
        question = fill(self.only("StartQueryExecution"), self.tables() | ingested)
        visible = 0
        for _ in looks(until["TimeoutInSeconds"], longest=10.0):
            visible = int(self.first_row(self.query(question))[until["Column"]] or 0)
            if visible >= wanted:
                return {"rows": visible}
            self.log.info("%d of %d ingested records are visible in the offline store", visible, wanted)
        raise InvisibleRecordsError(
            f"only {visible} of {wanted} ingested records became visible within {until['TimeoutInSeconds']} s"
        )


class AthenaTrainingSetOperator(QueriesOperator):
    """Leave a snapshot of the training set as Parquet, and a table named by its contents.

    `result` is what is known before: database, table and location, with the words that only the queries can fill.
    """

    template_fields: Sequence[str] = (*QueriesOperator.template_fields, "result")

    def __init__(self, *, result: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Run the statements; what an earlier try of this task began is gone on with.

        The same request token answers with the same execution, a failed one too. So there may be as many failed
        attempts as there were tries before this one, and no more.
        """
        for attempt in range(me.tries):
            try:
                return self._attempt(me.job_name(attempt))
            except QueryError as error:
                self.log.info("attempt %d belongs to an earlier try: %s", attempt, error)
        return self._attempt(me.job_name(me.tries))

    def _attempt(self, name: str) -> dict[str, Any]:
        words = self.tables() | {JOB_NAME: name, JOB_TABLE: name.lower().replace("-", "_")}
        statements = self.asked("StartQueryExecution")
        known: dict[str, Any] = {}
        for statement in statements:
            execution = self.query(fill(statement, words))
            verb = statement["QueryString"].split(None, 1)[0]
            if verb == "UNLOAD":
                known["query_execution_id"] = execution.id
            if verb == "SELECT":
                known |= self._content(execution, lambda: self.query(fill(statements[-1], words)))
                words[CONTENT_HASH] = known["content_hash"]
        return {**fill(self.result, words), **known}

    def _content(self, execution: athena.Execution, tidy: Callable[[], object]) -> dict[str, Any]:
        rule = self.only("RequireRows")
        answer = self.first_row(execution)
        rows = int(answer[rule["Column"]] or 0)
        if rows < rule["AtLeast"]:
            tidy()
            raise EmptyTrainingSetError(
                f"feature group {rule['FeatureGroup']} has no rows for a training set: nothing was ingested, "
                "or everything is newer than as_of"
            )
        return {"rows": rows, "content_hash": str(answer["content_hash"])}
