"""Athena: run one statement to its end and read what it answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import QueryError, error_code, error_message
from boatyard.aws.outcome import Outcome, outcome_of
from boatyard.aws.waiting.pauses import looks

log = logging.getLogger(__name__)

SHOWN_SQL = 200
CATALOG = "AwsDataCatalog"


@dataclass(frozen=True)
class Execution:
    """A query execution as Athena describes it now."""

    id: str
    outcome: Outcome
    reason: str


def start(client: Any, request: dict[str, Any]) -> str:
    """Start a statement and return its execution's id; the same `ClientRequestToken` returns the same execution."""
    try:
        execution_id: str = call(client, "start_query_execution", request)["QueryExecutionId"]
    except client.exceptions.ClientError as error:
        # "Idempotent parameters do not match": the statement was changed since an earlier try started it
        if "idempotent" in error_message(error).lower():
            raise QueryError("an earlier try of this task started another statement in its place") from None
        raise
    return execution_id


def describe(client: Any, execution_id: str) -> Execution:
    """Return how a query stands."""
    found = call(client, "get_query_execution", {"QueryExecutionId": execution_id})
    execution = found["QueryExecution"]
    status = execution["Status"]
    return Execution(
        id=execution_id,
        outcome=outcome_of("query", status["State"]),
        reason=status.get("StateChangeReason", ""),
    )


def run(client: Any, request: dict[str, Any], on_start: Callable[[str], None] = lambda _: None) -> Execution:
    """Start a statement, wait until it succeeded and return it; `QueryError` gives Athena's reason."""
    execution_id = start(client, request)
    on_start(execution_id)
    log.info("Athena query %s: %s", execution_id, _shown(request["QueryString"]))
    for _ in looks():
        execution = describe(client, execution_id)
        if execution.outcome.ended:
            break
    if execution.outcome is not Outcome.SUCCEEDED:
        raise QueryError(f"Athena query {execution_id} {execution.outcome.value}: {execution.reason}")
    return execution


def unloaded(client: Any, execution_id: str) -> str:
    """Return the URI of the list of the files that an UNLOAD wrote."""
    found = call(client, "get_query_execution", {"QueryExecutionId": execution_id})
    manifest: str = found["QueryExecution"]["Statistics"]["DataManifestLocation"]
    return manifest


def rows(client: Any, execution_id: str) -> Iterator[dict[str, str | None]]:
    """Yield the rows that a SELECT answered, each as column name to text, `None` for NULL."""
    columns: list[str] = []
    page: dict[str, str] = {}
    while True:
        answer = call(client, "get_query_results", {"QueryExecutionId": execution_id, **page})
        for row in answer["ResultSet"]["Rows"]:
            values = [cell.get("VarCharValue") for cell in row["Data"]]
            if columns:
                yield dict(zip(columns, values, strict=True))
            else:  # the first row of the first page is the header
                columns = [str(value) for value in values]
        if "NextToken" not in answer:
            return
        page = {"NextToken": answer["NextToken"]}


def tables(client: Any, database: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield the metadata of the tables whose names begin with `prefix`, none for a database that is not there."""
    page: dict[str, str] = {"CatalogName": CATALOG, "DatabaseName": database, "Expression": f"{prefix}*"}
    while True:
        try:
            answer = call(client, "list_table_metadata", page)
        except client.exceptions.MetadataException as error:
            if "EntityNotFound" not in error_message(error):
                raise
            return
        yield from answer["TableMetadataList"]
        if "NextToken" not in answer:
            return
        page = {**page, "NextToken": answer["NextToken"]}


def stop(client: Any, execution_id: str) -> None:
    """Cancel a query; one that has ended already stays as it is."""
    try:
        call(client, "stop_query_execution", {"QueryExecutionId": execution_id})
    except client.exceptions.ClientError as error:
        if error_code(error) != "InvalidRequestException":
            raise


def _shown(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= SHOWN_SQL else f"{text[:SHOWN_SQL]}..."
