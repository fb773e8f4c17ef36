"""The operations on queries and workgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.athena import execution, prepared
from sagelocal.athena.catalog import CATALOG_NAME, DEFAULT_DATABASE
from sagelocal.athena.errors import invalid_request
from sagelocal.athena.execution import KIND, WORK_GROUP, Document, check_work_group
from sagelocal.athena.paging import page
from sagelocal.athena.parse import bind, parse
from sagelocal.athena.results import read_csv_page, row_shapes
from sagelocal.athena.statements import Execute
from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation
from sagelocal.paging import position
from sagelocal.s3.uri import split_uri

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_NO_LOCATION = (
    "No output location provided. You did not provide an output location for  your query results. "  # two spaces: AWS's
    "Either specify an S3 bucket location or enable Athena managed query results in your workgroup settings."
)
_PAGE_ROWS = 1000
_WRITES = ("UNLOAD", "INSERT", "CREATE_TABLE_AS_SELECT")  # their result is a count of rows
_NOT_OVER = ("QUEUED", "RUNNING")
_NOT_SUPPORTED = ("EngineConfiguration",)  # Spark's


def check_catalog(name: str | None) -> None:
    """Refuse a data catalog other than the one there is."""
    if name is not None and name.lower() != CATALOG_NAME.lower():
        raise invalid_request(f"DataCatalog {name} was not found; sagelocal has {CATALOG_NAME}.")


def _location(request: Request) -> str:
    location: str = (request.get("ResultConfiguration") or {}).get("OutputLocation", "")
    if not location:
        raise invalid_request(_NO_LOCATION)
    try:
        split_uri(location)
    except AwsError as error:
        raise invalid_request("outputLocation is not a valid S3 path.") from error
    return location


@operation("athena", "StartQueryExecution")
def start_query_execution(backend: Backend, request: Request) -> Response:
    check_work_group(request.get("WorkGroup"))
    context = request.get("QueryExecutionContext") or {}
    check_catalog(context.get("Catalog"))
    for member in _NOT_SUPPORTED:
        if member in request:
            raise invalid_request(f"sagelocal's Athena has no {member}.")
    token = request.get("ClientRequestToken")
    if not token:
        raise invalid_request("clientRequestToken is null or empty")
    location = _location(request)
    database = context.get("Database", DEFAULT_DATABASE)
    parameters = request.get("ExecutionParameters", [])
    sql = bind(request["QueryString"], parameters)
    statement = parse(sql, database)
    if isinstance(statement, Execute):
        sql = prepared.bound(backend.store, statement, parameters)
        statement = parse(sql, database)
    document = execution.new_document(request, statement, sql, location, database)
    fingerprint = [request["QueryString"], database, location, *parameters]
    execution_id = backend.athena.submit(document, token, fingerprint)
    if execution_id is None:
        raise invalid_request("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH")
    return {"QueryExecutionId": execution_id}


def _document(backend: Backend, execution_id: str) -> Document:
    document = backend.store.get(KIND, execution_id)
    if document is None:
        raise invalid_request(f"QueryExecution {execution_id} was not found", "QUERY_EXECUTION_NOT_FOUND")
    return document


@operation("athena", "GetQueryExecution")
def get_query_execution(backend: Backend, request: Request) -> Response:
    return {"QueryExecution": _document(backend, request["QueryExecutionId"])["execution"]}


@operation("athena", "BatchGetQueryExecution")
def batch_get_query_execution(backend: Backend, request: Request) -> Response:
    found, missing = [], []
    for execution_id in request["QueryExecutionIds"]:
        document = backend.store.get(KIND, execution_id)
        if document is None:
            message = f"QueryExecution {execution_id} was not found"
            missing.append(
                {"QueryExecutionId": execution_id, "ErrorCode": "QUERY_EXECUTION_NOT_FOUND", "ErrorMessage": message}
            )
        else:
            found.append(document["execution"])
    return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}


@operation("athena", "ListQueryExecutions")
def list_query_executions(backend: Backend, request: Request) -> Response:
    check_work_group(request.get("WorkGroup"))
    newest_first = [document["execution"]["QueryExecutionId"] for document in reversed(backend.store.list(KIND))]
    found, token = page(newest_first, request, 50)
    return {"QueryExecutionIds": found, **token}


@operation("athena", "StopQueryExecution")
def stop_query_execution(backend: Backend, request: Request) -> Response:
    execution_id = request["QueryExecutionId"]
    if not execution.is_over(_document(backend, execution_id)):
        backend.athena.stop(execution_id)
    return {}


@operation("athena", "GetQueryResults")
def get_query_results(backend: Backend, request: Request) -> Response:
    document = _document(backend, request["QueryExecutionId"])
    state = execution.state(document)
    if state in _NOT_OVER:
        message = f"Query has not yet finished. Current state: {state}"
        raise invalid_request(message, "INVALID_QUERY_EXECUTION_STATE")
    if state == "FAILED":
        message = "Query did not finish successfully. Final query state: FAILED"
        raise invalid_request(message, "INVALID_QUERY_EXECUTION_STATE")
    if state == "CANCELLED":
        raise invalid_request("Could not find results", "RESULT_NOT_FOUND")
    rows, token = _rows(backend, document, request)
    count = document["update_count"]
    return {
        "ResultSet": {"Rows": row_shapes(rows), "ResultSetMetadata": {"ColumnInfo": document["columns"]}},
        **({"UpdateCount": count} if count is not None else {}),
        **({"NextToken": token} if token else {}),
    }


def _rows(backend: Backend, document: Document, request: Request) -> tuple[list[list[str | None]], str | None]:
    """Return a page of the result file and the token of the next: the byte at which it starts."""
    query = document["execution"]
    if query["SubstatementType"] in _WRITES or not document["columns"]:
        return [], None
    try:
        path = backend.objects.get(*split_uri(query["ResultConfiguration"]["OutputLocation"])).path
    except AwsError as error:
        raise invalid_request("Could not find results", "RESULT_NOT_FOUND") from error
    begin = position(request.get("NextToken"), invalid_request("Invalid token was provided"))
    limit = request.get("MaxResults", _PAGE_ROWS)
    if query["SubstatementType"] == "SELECT":
        rows, end = read_csv_page(path, begin, limit, len(document["columns"]))
    else:
        lines = path.read_text().splitlines()
        rows = [[line] for line in lines[begin : begin + limit]]
        end = begin + len(rows)
    # a full page has a next one, which may be empty: as on AWS
    return rows, str(end) if len(rows) == limit else None


def _work_group() -> Response:
    return {"Name": WORK_GROUP, "State": "ENABLED", "Description": ""}


@operation("athena", "GetWorkGroup")
def get_work_group(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    configuration = {
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": False,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EngineVersion": execution.ENGINE_VERSION,
    }
    return {"WorkGroup": {**_work_group(), "Configuration": configuration}}


@operation("athena", "ListWorkGroups")
def list_work_groups(backend: Backend, request: Request) -> Response:
    return {"WorkGroups": [{**_work_group(), "EngineVersion": execution.ENGINE_VERSION}]}
