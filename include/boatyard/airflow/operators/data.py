"""From ingested records to a training set, in Athena: no row passes through a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from airflow.sdk.exceptions import AirflowSkipException

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws.cache.entries import Rule
from boatyard.aws.cache.queries import QueryCache
from boatyard.aws.carry_out import data
from boatyard.aws.links import CACHED_FROM, DATA, QUERY, RECORD
from boatyard.aws.queries import Queries


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

    `skip_if_empty`: where nothing was ingested the task is skipped, and its outlets are not updated.
    """

    def __init__(self, *, skip_if_empty: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.skip_if_empty = skip_if_empty

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Wait, then tell whether there is anything new to see."""
        result = super().execute(context)
        if self.skip_if_empty and not result["rows"]:
            raise AirflowSkipException("nothing was ingested: what waits for it is left alone")
        return result

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Ask again and again how much is visible, until it is enough or the time is up."""
        return data.wait_visible(self.plan, self.clients, self.queries)


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
