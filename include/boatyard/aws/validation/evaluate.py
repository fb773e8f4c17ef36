"""Evaluate checks: one suite on one batch, so that GX asks for all it can in one query."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from boatyard.aws.clients import Clients
from boatyard.aws.errors import QueryError
from boatyard.aws.queries import Queries
from boatyard.aws.validation.connection import connector
from boatyard.aws.validation.library import great_expectations, quiet
from boatyard.aws.validation.outcome import Outcome, Table, observed
from boatyard.spec.checks import Check

log = logging.getLogger(__name__)

Numbered = tuple[int, Check]  # a check with the number of the item it comes from

# How much GX tells. The first asks for counts only; the second for examples too, in one more query for each check.
_COUNTS, _DETAILS = "BOOLEAN_ONLY", "SUMMARY"
_EXAMPLES = 20  # failed checks whose examples are worth a query
_MARK = "boatyard"  # the member of an expectation's meta that holds the check's place


def evaluated(table: Table, checks: Sequence[Numbered], clients: Clients, queries: Queries, answers: str) -> Evaluation:
    """Evaluate checks on a table; `answers` is where Athena leaves its answers."""
    queries.require_running()
    connect = connector(clients, table.database, answers, queries.started)
    with quiet():
        context = great_expectations().get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        batch = _batch(context, table, connect, queries)
    evaluation = Evaluation(context, checks, table.rows, queries.require_running)
    evaluation.run(batch)
    return evaluation


def _batch(context: Any, table: Table, connect: Callable[[], Any], queries: Queries) -> Any:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError

    try:
        source = context.data_sources.add_sql(
            "athena", connection_string=f"awsathena+rest://athena/{table.database}", kwargs={"creator": connect}
        )
        asset = source.add_table_asset(table.name, table_name=table.name)
        return asset.add_batch_definition_whole_table("whole").get_batch()
    except TestConnectionError as error:  # GX asks for a row of the table first
        queries.require_running()
        raise QueryError(f"Athena cannot read {table.database}.{table.name}: {_one_line(str(error))}") from None


class Evaluation:
    """Evaluate checks; `results` are GX's own, in the order of the checks."""

    def __init__(self, context: Any, checks: Sequence[Numbered], rows: int, alive: Callable[[], None]) -> None:
        self.context = context
        self.results: list[Any] = []
        self._checks = checks
        self._rows = rows
        self._alive = alive  # raises once nobody waits for the answer any more
        self._expectations = [_expectation(place, check) for place, (_, check) in enumerate(checks)]

    def run(self, batch: Any) -> None:
        """Evaluate the checks on a batch.

        A check that must hold for every row needs no details as long as it holds; what failed is asked for again,
        with examples of what is wrong.
        """
        strict = [place for place in range(len(self._checks)) if self._is_strict(place)]
        others = [place for place in range(len(self._checks)) if place not in set(strict)]
        found = self._evaluated(batch, strict, _COUNTS) | self._evaluated(batch, others, _DETAILS)
        for place in strict:
            if found[place].success:
                found[place].result = self._figures(0)
        failed = [place for place in strict if not found[place].success and not error_of(found[place])]
        found |= self._evaluated(batch, failed[:_EXAMPLES], _DETAILS)
        for place, count in self._counts(batch, failed[_EXAMPLES:]).items():
            found[place].result = self._figures(count)
        self.results = [found[place] for place in range(len(self._checks))]

    def suite(self, name: str) -> Any:
        """Return the checks as a suite of GX."""
        return great_expectations().ExpectationSuite(name, expectations=self._expectations)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the results without GX."""
        for (item, check), result in zip(self._checks, self.results, strict=True):
            yield Outcome(
                check=check,
                item=item,
                success=bool(result.success),
                error=error_of(result),
                unexpected_count=result.result.get("unexpected_count"),
                unexpected_percent=result.result.get("unexpected_percent"),
                observed=observed(result.result),
            )

    def _is_strict(self, place: int) -> bool:
        from great_expectations.expectations.expectation import (
            ColumnMapExpectation,
            ColumnPairMapExpectation,
            MulticolumnMapExpectation,
        )

        expectation = self._expectations[place]
        by_row = isinstance(expectation, ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation)
        # one with metrics of its own answers from the table's description
        own = "get_validation_dependencies" in vars(type(expectation))
        return by_row and not own and expectation.mostly == 1

    def _figures(self, unexpected: int) -> dict[str, Any]:
        return {
            "element_count": self._rows,
            "unexpected_count": unexpected,
            "unexpected_percent": 100 * unexpected / self._rows if self._rows else 0.0,
            "partial_unexpected_list": [],
        }

    def _counts(self, batch: Any, places: Sequence[int]) -> dict[int, int]:
        """Return how many rows fail each check, all in one query: what `_COUNTS` finds out and keeps to itself."""
        from great_expectations.validator.metrics_calculator import MetricsCalculator

        engine = batch.data.execution_engine
        wanted: dict[int, Any] = {}
        for place in places:
            asked = self._expectations[place].get_validation_dependencies(engine, {"result_format": _COUNTS})
            metric = f"{self._expectations[place].map_metric}.unexpected_count"
            wanted[place] = asked.get_metric_configuration(metric)
        with quiet():
            answers, _ = MetricsCalculator(engine, show_progress_bars=False).compute_metrics([*wanted.values()])
        return {place: int(answers[metric.id]) for place, metric in wanted.items()}

    def _evaluated(self, batch: Any, places: Sequence[int], detail: str) -> dict[int, Any]:
        """Return the results by place; an error of one check takes those with it that share its query, so halve."""
        if not places:
            return {}
        self._alive()
        suite = great_expectations().ExpectationSuite(
            "checks", expectations=[self._expectations[place] for place in places]
        )
        with quiet():
            answered = batch.validate(suite, result_format=detail)
        self._alive()
        found = {result.expectation_config.meta[_MARK]: _plain(result) for result in answered.results}
        wrong = [place for place in places if error_of(found[place])]
        if not wrong or len(places) == 1:
            return found
        half = (len(wrong) + 1) // 2
        return found | self._evaluated(batch, wrong[:half], detail) | self._evaluated(batch, wrong[half:], detail)


def _plain(result: Any) -> Any:
    """Return a result without numpy's numbers, which GX itself cannot write as JSON."""
    from great_expectations.util import convert_to_json_serializable

    result.success = bool(result.success)
    result.result = convert_to_json_serializable(result.result)
    return result


def error_of(result: Any) -> str | None:
    """Return in one line why GX could not evaluate an expectation, `None` if it could."""
    info = result.exception_info or {}
    told = [one for one in (info, *info.values()) if isinstance(one, dict) and one.get("raised_exception")]
    if not told:
        return None
    message = str(told[0].get("exception_message") or "no reason given")
    return _one_line(message)


def _one_line(message: str) -> str:
    """Return what Athena said, without PyAthena's and SQLAlchemy's words around it."""
    said = message.rpartition("(pyathena.error.OperationalError) ")[2].partition("\n[SQL")[0]
    return " ".join(said.split())


def _expectation(place: int, check: Check) -> Any:
    great_expectations()
    from great_expectations.expectations.registry import get_expectation_impl

    arguments = dict(check.arguments)
    if "row_condition" in arguments:
        arguments["condition_parser"] = "great_expectations"
    made: Any = get_expectation_impl(check.expectation)
    with quiet():
        return made(**arguments, severity=check.severity, meta={_MARK: place})
