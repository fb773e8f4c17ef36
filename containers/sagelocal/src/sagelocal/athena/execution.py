"""A query execution as a document: its states, and what each changes."""

from __future__ import annotations

import time
import uuid
from typing import Any

from sagelocal.athena.errors import QueryError, invalid_request
from sagelocal.athena.statements import CreateTableAs, InsertInto, Select, Statement, Unload

KIND = "query_execution"
TOKEN_KIND = "query_token"  # noqa: S105 - the kind of document, no secret
WORK_GROUP = "primary"
ENGINE_VERSION = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}

Document = dict[str, Any]


# Where below the location of results that of a statement lies; a line of text for all others.
_PLACES: dict[type[Statement], str] = {
    Select: "{}.csv",
    Unload: "{}",
    InsertInto: "{}",
    CreateTableAs: "tables/{}",
}


def output_location(location: str, execution_id: str, statement: Statement) -> str:
    """Return the S3 URI of the file in which the result will lie."""
    place = _PLACES.get(type(statement), "{}.txt")
    return f"{location.rstrip('/')}/{place.format(execution_id)}"


def new_document(request: Document, statement: Statement, sql: str, location: str, database: str) -> Document:
    """Return the document of an execution that is queued; `sql` is what is run, its parameters in their places."""
    execution_id = str(uuid.uuid4())
    statement_type, substatement_type = statement.kind
    given = request.get("ResultConfiguration") or {}
    configuration = {**given, "OutputLocation": output_location(location, execution_id, statement)}
    return {
        "execution": {
            "QueryExecutionId": execution_id,
            "Query": request["QueryString"],
            "StatementType": statement_type,
            "SubstatementType": substatement_type,
            "ResultConfiguration": configuration,
            "QueryExecutionContext": {"Database": database, "Catalog": "awsdatacatalog"},
            "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
            "Statistics": {},
            "WorkGroup": WORK_GROUP,
            "EngineVersion": ENGINE_VERSION,
            **({"ExecutionParameters": parameters} if (parameters := request.get("ExecutionParameters")) else {}),
        },
        "sql": sql,
        "started": None,
        "columns": [],
        "update_count": None,
    }


def check_work_group(name: str | None) -> None:
    """Refuse a workgroup other than the one there is."""
    if name not in (None, WORK_GROUP):
        raise invalid_request("WorkGroup is not found.")


def state(document: Document) -> str:
    """Return the state of an execution."""
    name: str = document["execution"]["Status"]["State"]
    return name


def is_over(document: Document) -> bool:
    """Return whether an execution has ended, however it ended."""
    return state(document) in ("SUCCEEDED", "FAILED", "CANCELLED")


def run(document: Document) -> None:
    """Let a queued execution run."""
    if state(document) == "QUEUED":
        document["execution"]["Status"]["State"] = "RUNNING"
        document["started"] = time.time()


def _end(document: Document, ended: str, status: Document, statistics: Document) -> None:
    if is_over(document):  # a query that was cancelled stays so
        return
    now = time.time()
    submitted = document["execution"]["Status"]["SubmissionDateTime"]
    started = document["started"] or now
    document["execution"]["Status"] |= {"State": ended, "CompletionDateTime": now, **status}
    document["execution"]["Statistics"] = {
        "EngineExecutionTimeInMillis": int((now - started) * 1000),
        "DataScannedInBytes": 0,
        "TotalExecutionTimeInMillis": int((now - submitted) * 1000),
        "QueryQueueTimeInMillis": int((started - submitted) * 1000),
        "ServiceProcessingTimeInMillis": 0,
        "ResultReuseInformation": {"ReusedPreviousResult": False},
        **statistics,
    }


def succeed(document: Document, columns: list[Document], update_count: int | None, statistics: Document) -> None:
    """End an execution well."""
    if not is_over(document):
        document["columns"] = columns
        document["update_count"] = update_count
    _end(document, "SUCCEEDED", {}, statistics)


def fail(document: Document, error: QueryError) -> None:
    """End an execution with a reason."""
    _end(document, "FAILED", {"StateChangeReason": str(error), "AthenaError": error.athena_error()}, {})


def cancel(document: Document) -> None:
    """End an execution because somebody asked for it."""
    _end(document, "CANCELLED", {"StateChangeReason": "Query cancelled by user"}, {})
