"""Executions: tokens, states, and what is refused.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
https://docs.aws.amazon.com/athena/latest/APIReference/API_StopQueryExecution.html
"""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.errors import error_of

pytestmark = pytest.mark.unverified


def test_a_token_starts_one_query_only(queries: Any) -> None:
    token = uuid.uuid4().hex
    first = queries.start("SELECT 1", ClientRequestToken=token)
    assert queries.start("SELECT 1", ClientRequestToken=token) == first
    queries.wait(first)
    assert queries.start("SELECT 1", ClientRequestToken=token) == first
    answer = error_of(queries.start, "SELECT 2", ClientRequestToken=token)
    assert answer == ("InvalidRequestException", "Idempotent parameters do not match")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM no_such_table", "TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.no_such_table'"),
        ("SELECT nope FROM (VALUES 1) AS t(n)", "COLUMN_NOT_FOUND: Column 'nope' cannot be resolved"),
        ("SELECT nope(1)", "FUNCTION_NOT_FOUND: Function 'nope' not registered"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT CAST('x' AS bigint)", "INVALID_CAST_ARGUMENT"),
        ("SELECT * FROM read_csv('/etc/hostname')", "FUNCTION_NOT_FOUND"),
        ("DROP TABLE no_such_table", "FAILED: SemanticException [Error 10001]: Table not found"),
        ("SHOW TABLES IN no_such_database", "FAILED: SemanticException [Error 10072]: Database does not exist"),
    ],
)
def test_a_query_that_cannot_run_fails_with_its_reason(queries: Any, sql: str, reason: str) -> None:
    assert queries.fail(sql).startswith(reason.format(database=queries.database))


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELEC 1", "SELEC"),
        ("SELECT FROM WHERE", "line 1:"),
        ("DELETE FROM t", "DELETE"),
        ("SELECT ? + 1", "Incorrect number of parameters: expected 1 but found 0"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS ORC LOCATION 's3://b/k/'", "ORC"),
        ("UNLOAD (SELECT 1 AS n) TO '/data/x' WITH (format = 'PARQUET')", "S3 URI"),
    ],
)
def test_a_statement_that_is_not_there_is_refused_by_name(queries: Any, sql: str, named: str) -> None:
    code, message = error_of(queries.start, sql)
    assert code == "InvalidRequestException"
    assert named in message


def test_what_is_missing_or_unknown_in_a_request_is_named(queries: Any) -> None:
    assert error_of(queries.start, "SELECT 1", WorkGroup="nope")[1] == "WorkGroup is not found."
    assert error_of(queries.start, "SELECT 1", ResultConfiguration={})[1].startswith("No output location provided.")
    somewhere = {"OutputLocation": "/results"}
    message = error_of(queries.start, "SELECT 1", ResultConfiguration=somewhere)[1]
    assert message == "outputLocation is not a valid S3 path."
    unknown = str(uuid.uuid4())
    code, message = error_of(queries.athena.get_query_execution, QueryExecutionId=unknown)
    assert (code, message) == ("InvalidRequestException", f"QueryExecution {unknown} was not found")


def test_a_query_that_is_stopped_is_cancelled_and_leaves_no_result(queries: Any, endless: str) -> None:
    execution_id = queries.start(endless)
    queries.athena.stop_query_execution(QueryExecutionId=execution_id)
    execution = queries.wait(execution_id)
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Query cancelled by user"
    message = error_of(queries.athena.get_query_results, QueryExecutionId=execution_id)[1]
    assert message == "Could not find results"
    queries.athena.stop_query_execution(QueryExecutionId=execution_id)  # once more changes nothing


def test_a_query_that_a_dead_server_ran_has_failed_with_a_reason(
    start_server: Callable[..., Any], tmp_path: Path, queries_of: Any, endless: str
) -> None:
    state = tmp_path / "state"
    server = start_server(state=state)
    with server.clients() as client:
        client("s3").create_bucket(Bucket="kept")
        queries = queries_of(client, "kept")
        queries.put_parquet("t/a", {"n": [1, 2]})
        queries.create("t", "n bigint", "t")
        done = queries.run("SELECT sum(n) AS s FROM t")["QueryExecutionId"]
        token = uuid.uuid4().hex
        lost = queries.start(endless, ClientRequestToken=token)
        queries.wait(lost, while_in=("QUEUED",))
    database = queries.database
    server.end(signal.SIGKILL)
    server = start_server(state=state)
    with server.clients() as client:
        queries = queries_of(client, "kept")
        queries.database = database
        status = queries.wait(lost)["Status"]
        assert status["State"] == "FAILED"
        assert "The server ended while the query ran" in status["StateChangeReason"]
        assert queries.start(endless, ClientRequestToken=token) == lost
        assert queries.results(queries.wait(done)) == [("s",), ("3",)]
        assert queries.rows("SELECT count(*) FROM t") == [("2",)]


def test_eight_queries_at_once_all_end_with_their_own_results(queries: Any) -> None:
    queries.put_parquet("t/a", {"n": list(range(10_000)), "k": [number % 8 for number in range(10_000)]})
    queries.create("t", "n bigint, k bigint", "t")
    started = {
        key: queries.start(f"SELECT sum(a.n) AS s FROM t AS a JOIN t AS b ON a.k = b.k WHERE a.k = {key}")
        for key in range(8)
    }
    found = {key: queries.results(queries.wait(execution_id)) for key, execution_id in started.items()}
    assert found == {
        key: [("s",), (str(1250 * sum(number for number in range(10_000) if number % 8 == key)),)] for key in range(8)
    }


def test_there_is_one_workgroup_and_its_executions_are_listed_newest_first(queries: Any) -> None:
    assert queries.athena.get_work_group(WorkGroup="primary")["WorkGroup"]["State"] == "ENABLED"
    assert [group["Name"] for group in queries.athena.list_work_groups()["WorkGroups"]] == ["primary"]
    ids = [queries.run(f"SELECT {n} AS n")["QueryExecutionId"] for n in range(3)]
    listed = queries.athena.list_query_executions(MaxResults=3)["QueryExecutionIds"]
    assert listed == ids[::-1]
    found = queries.athena.batch_get_query_execution(QueryExecutionIds=[*ids, str(uuid.uuid4())])
    assert [item["Query"] for item in found["QueryExecutions"]] == [f"SELECT {n} AS n" for n in range(3)]
    assert len(found["UnprocessedQueryExecutionIds"]) == 1
