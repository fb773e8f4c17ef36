"""From ingested records to a training set, in Athena: no row passes through a worker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.failures import explained
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws.cache.entries import Rule
from boatyard.aws.cache.queries import QueryCache
from boatyard.aws.carry_out import data
from boatyard.aws.errors import InvisibleRecordsError
from boatyard.aws.queries import Queries
from boatyard.aws.records.links import CACHED_FROM, DATA, QUERY, RECORD

DEFER_AFTER = 20.0


class QueriesOperator(RequestsOperator):
    """Ask Athena, and cancel the query when the task is killed."""

    link_names: ClassVar[tuple[str, ...]] = (QUERY, DATA, RECORD)

    @cached_property
    def queries(self) -> Queries:
        """Return what runs this task's queries."""
        return Queries(self.clients)

    def on_kill(self) -> None:
        """Cancel the query that runs: nobody waits for its answer any more."""
        self.queries.stop()


class FeatureStoreVisibleOperator(QueriesOperator):
    """Wait until the offline store shows what was ingested: it lags by minutes on AWS.

    `skip_if_empty`: where nothing was ingested the task is skipped, its outlets are not updated. A `deferrable` task
    asks for `defer_after` seconds, then holds no worker for `pause` seconds, and so on.
    """

    def __init__(
        self,
        *,
        skip_if_empty: bool = False,
        deferrable: bool = False,
        defer_after: float = DEFER_AFTER,
        pause: float = 60.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.skip_if_empty = skip_if_empty
        self.deferrable = deferrable
        self.defer_after = defer_after
        self.pause = pause

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Wait, then tell whether there is anything new to see."""
        return self._unless_empty(super().execute(context))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a pause."""
        return self._unless_empty(super().resume_execution(next_method, next_kwargs, context))

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Ask again and again how much is visible, until it is enough or the time is up."""
        return self._ask(time.time() + float(self.only("WaitUntil")["TimeoutInSeconds"]))

    def ask_again(self, context: Mapping[str, Any], deadline: float, event: Any = None) -> dict[str, Any]:
        """Ask after a pause; `deadline` in seconds since the epoch."""
        with explained():
            return self._ask(deadline)

    def _ask(self, deadline: float) -> dict[str, Any]:
        left = max(0.0, deadline - time.time())
        try:
            seconds = min(left, self.defer_after) if self.deferrable else left
            return data.wait_visible(self.plan, self.clients, self.queries, seconds)
        except InvisibleRecordsError:
            if time.time() >= deadline:
                raise
        from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

        self.log.info("asking again in %g s", self.pause)
        trigger = TimeDeltaTrigger(timedelta(seconds=self.pause))
        raise TaskDeferred(trigger=trigger, method_name="ask_again", kwargs={"deadline": deadline})

    def _unless_empty(self, result: dict[str, Any]) -> dict[str, Any]:
        if self.skip_if_empty and not result["rows"]:
            raise AirflowSkipException("nothing was ingested: what waits for it is left alone")
        return result


class AthenaTrainingSetOperator(QueriesOperator):
    """Leave a snapshot of the training set as Parquet, and a table named by its contents.

    `result` is what is known before: database, table and location, with the words that only the queries can fill.
    `cache` is as of the operators of jobs.
    """

    template_fields: Sequence[str] = (*QueriesOperator.template_fields, "result", "cache")
    link_names = (QUERY, DATA, RECORD, CACHED_FROM)

    def __init__(self, *, result: dict[str, str], cache: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result
        self.cache = cache

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the statements, unless an earlier run did."""
        self._record = self.subject(self.records, context).uri if self.records else None
        return super().execute(context)

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Run the statements."""
        cache = QueryCache(self.clients, Rule.of(self.cache), me, self._record) if self.cache else None
        return data.training_set(self.plan, self.clients, self.queries, me, self.result, cache)
