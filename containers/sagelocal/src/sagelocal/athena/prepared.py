"""Prepared statements: PREPARE, EXECUTE, DEALLOCATE and the operations on them.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sagelocal.athena.cursor import tokens_of
from sagelocal.athena.errors import QueryError, invalid_request
from sagelocal.athena.execution import WORK_GROUP, check_work_group
from sagelocal.athena.paging import page
from sagelocal.athena.parse import bind, parse, places_of
from sagelocal.athena.parse_writes import check_name
from sagelocal.athena.statements import Deallocate, Execute, Prepare
from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation
from sagelocal.store import Document, Store

if TYPE_CHECKING:
    from sagelocal.backend import Backend

KIND = "prepared_statement"
_PAGE = 50


def run(store: Store, statement: Prepare | Deallocate) -> None:
    """Carry out PREPARE or DEALLOCATE; a name that is taken gets the new statement."""
    if isinstance(statement, Prepare):
        _check(statement.sql)
        with store.transaction():
            store.delete(KIND, statement.name)
            store.create(KIND, statement.name, _document(statement.name, statement.sql, None))
    elif not store.delete(KIND, statement.name):
        raise QueryError("NOT_FOUND", f"Prepared statement not found: {statement.name}")


def bound(store: Store, statement: Execute, parameters: list[str]) -> str:
    """Return the prepared statement with its parameters: those after USING, or those of the request."""
    document = store.get(KIND, statement.name)
    if document is None:
        raise invalid_request(f"PreparedStatement {statement.name} was not found in workGroup {WORK_GROUP}")
    sql: str = document["QueryStatement"]
    values = list(statement.parameters) or parameters
    wanted = len(places_of(sql))
    if wanted != len(values):
        message = f"Incorrect number of parameters: expected {wanted} but found {len(values)}"
        raise invalid_request(message, "INVALID_PARAMETER_USAGE")
    return bind(sql, values)


def _check(sql: str) -> None:
    statement = parse(bind(sql, ["NULL"] * len(places_of(sql))), "default")
    if isinstance(statement, Prepare | Execute | Deallocate):
        raise invalid_request(f"A prepared statement cannot be {tokens_of(sql, 'trino')[0].text.upper()}")


def _document(name: str, sql: str, description: str | None) -> Document:
    return {
        "StatementName": name,
        "QueryStatement": sql,
        "WorkGroupName": WORK_GROUP,
        **({"Description": description} if description else {}),
        "LastModifiedTime": time.time(),
    }


def _missing(name: str) -> AwsError:
    message = f"PreparedStatement {name} was not found in workGroup {WORK_GROUP}"
    return AwsError("ResourceNotFoundException", message, 400, ResourceName=name)


@operation("athena", "CreatePreparedStatement")
def create_prepared_statement(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    name = check_name(request["StatementName"])
    _check(request["QueryStatement"])
    if not backend.store.create(KIND, name, _document(name, request["QueryStatement"], request.get("Description"))):
        raise invalid_request(f"Prepared statement {name} already exists in WorkGroup {WORK_GROUP}")
    return {}


@operation("athena", "UpdatePreparedStatement")
def update_prepared_statement(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    name = request["StatementName"]
    _check(request["QueryStatement"])
    new = _document(name, request["QueryStatement"], request.get("Description"))
    if backend.store.update(KIND, name, lambda _: new) is None:
        raise _missing(name)
    return {}


@operation("athena", "GetPreparedStatement")
def get_prepared_statement(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    document = backend.store.get(KIND, request["StatementName"])
    if document is None:
        raise _missing(request["StatementName"])
    return {"PreparedStatement": document}


@operation("athena", "BatchGetPreparedStatement")
def batch_get_prepared_statement(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    found = {name: backend.store.get(KIND, name) for name in request["PreparedStatementNames"]}
    missing = [
        {"StatementName": name, "ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": _missing(name).message}
        for name, document in found.items()
        if document is None
    ]
    there = [document for document in found.values() if document is not None]
    return {"PreparedStatements": there, "UnprocessedPreparedStatementNames": missing}


@operation("athena", "ListPreparedStatements")
def list_prepared_statements(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    found, token = page(backend.store.list(KIND), request, _PAGE)
    listed = [{key: item[key] for key in ("StatementName", "LastModifiedTime")} for item in found]
    return {"PreparedStatements": listed, **token}


@operation("athena", "DeletePreparedStatement")
def delete_prepared_statement(backend: Backend, request: Request) -> Response:
    check_work_group(request["WorkGroup"])
    if not backend.store.delete(KIND, request["StatementName"]):
        raise _missing(request["StatementName"])
    return {}
