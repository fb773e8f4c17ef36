"""The provider's Athena operator, sensor, trigger and hooks.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/athena/index.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.athena_sql import AthenaSQLHook
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.sensors.athena import AthenaSensor
from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger
from tests.contract.athena.conftest import ENDLESS
from tests.contract.conftest import LocalServer
from tests.deferral import defer, fire, resume

Client = Callable[..., Any]
Context = Any  # of Airflow, in part
Query = Callable[[str], str]

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "query", "aws_conn_id": None}
THREE = "SELECT x, x * 2 AS y FROM UNNEST(sequence(1, 3)) AS t(x)"


@pytest.fixture
def hook() -> AthenaHook:
    return AthenaHook(aws_conn_id=None)


@pytest.fixture
def query(hook: AthenaHook, bucket: str) -> Query:
    """Return a function that starts a query and returns its id."""

    def start(sql: str) -> str:
        return hook.run_query(sql, {"Database": "default"}, {"OutputLocation": f"s3://{bucket}/results/"})

    return start


def _operator(sql: str, bucket: str, **options: Any) -> AthenaOperator:
    return AthenaOperator(
        query=sql, database="default", output_location=f"s3://{bucket}/results/", sleep_time=1, **OPTIONS, **options
    )


def _result(client: Client, bucket: str, execution: str) -> str:
    body: bytes = client("s3").get_object(Bucket=bucket, Key=f"results/{execution}.csv")["Body"].read()
    return body.decode()


def test_the_operator_runs_a_query(client: Client, context: Context, bucket: str) -> None:
    execution = _operator(THREE, bucket).execute(context)
    assert execution is not None
    assert _result(client, bucket, execution) == '"x","y"\n"1","2"\n"2","4"\n"3","6"\n'


def test_the_operator_fails_with_the_querys_reason(context: Context, bucket: str) -> None:
    with pytest.raises(Exception, match=r"Final state of Athena job is FAILED.*no_such_table"):
        _operator("SELECT * FROM no_such_table", bucket).execute(context)


def test_a_repeated_operator_with_one_token_runs_one_query(context: Context, bucket: str) -> None:
    token = str(uuid.uuid4())
    first, second = (_operator(THREE, bucket, client_request_token=token).execute(context) for _ in range(2))
    assert first == second


def test_the_deferred_operator_is_resumed_by_its_trigger(client: Client, context: Context, bucket: str) -> None:
    execution = resume(_operator(THREE, bucket, deferrable=True), context)
    assert _result(client, bucket, execution).splitlines()[1] == '"1","2"'


def test_the_deferred_operator_fails_when_somebody_stops_the_query(
    client: Client, context: Context, bucket: str
) -> None:
    operator = _operator(ENDLESS, bucket, deferrable=True)
    deferred = defer(operator, context)
    assert isinstance(deferred.trigger, AthenaTrigger)
    client("athena").stop_query_execution(QueryExecutionId=operator.query_execution_id)
    event = fire(deferred.trigger)
    assert event["status"] != "success"
    with pytest.raises(Exception, match="Error while waiting"):
        operator.execute_complete(context, event)


def test_a_killed_task_stops_its_query(hook: AthenaHook, context: Context, bucket: str) -> None:
    operator = _operator(ENDLESS, bucket, deferrable=True)
    defer(operator, context)
    operator.on_kill()
    assert operator.query_execution_id is not None
    assert hook.check_query_status(operator.query_execution_id) == "CANCELLED"


def test_the_sensor_waits_for_a_query_and_fails_where_it_did(query: Query) -> None:
    sensor = AthenaSensor(query_execution_id=query(THREE), sleep_time=1, **OPTIONS)
    assert sensor.poke({}) is True
    with pytest.raises(Exception, match="Athena sensor failed"):
        AthenaSensor(query_execution_id=query("SELECT nothing"), sleep_time=1, **OPTIONS).poke({})


def test_the_sensor_goes_on_waiting_while_the_query_runs(hook: AthenaHook, query: Query) -> None:
    running = query(ENDLESS)
    assert AthenaSensor(query_execution_id=running, max_retries=1, sleep_time=1, **OPTIONS).poke({}) is False
    hook.stop_query(running)
    assert hook.poll_query_status(running, sleep_time=1) == "CANCELLED"
    assert hook.get_query_results(running) is None


def test_the_hook_reads_a_querys_results_page_by_page(hook: AthenaHook, query: Query, bucket: str) -> None:
    execution = query(THREE)
    assert hook.poll_query_status(execution, sleep_time=1) == "SUCCEEDED"
    assert hook.get_query_info(execution)["QueryExecution"]["StatementType"] == "DML"
    assert hook.get_output_location(execution) == f"s3://{bucket}/results/{execution}.csv"
    results = hook.get_query_results(execution, max_results=2)
    assert results is not None
    following = hook.get_query_results(execution, next_token_id=results["NextToken"])
    assert following is not None
    assert [len(page["ResultSet"]["Rows"]) for page in (results, following)] == [2, 2]
    pages = hook.get_query_results_paginator(execution, page_size=1)
    assert pages is not None
    rows = pages.build_full_result()["ResultSet"]["Rows"]
    assert [row["Data"][1]["VarCharValue"] for row in rows] == ["y", "2", "4", "6"]


def test_the_hook_tells_why_a_query_failed(hook: AthenaHook, query: Query) -> None:
    execution = query("SELECT * FROM no_such_table")
    assert hook.poll_query_status(execution, sleep_time=1) == "FAILED"
    assert "no_such_table" in str(hook.get_state_change_reason(execution))


def test_the_sql_hook_reads_rows_through_pyathena(
    aws: LocalServer, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"region_name": "us-east-1", "s3_staging_dir": f"s3://{bucket}/staging/", "endpoint_url": aws.url}
    monkeypatch.setenv("AIRFLOW_CONN_ATHENA_DEFAULT", json.dumps({"conn_type": "athena", "extra": extra}))
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws"}))
    hook = AthenaSQLHook()
    with hook.get_conn() as connection:
        rows = connection.cursor().execute(THREE).fetchall()
    assert rows == [(1, 2), (2, 4), (3, 6)]
    assert hook.get_first("SELECT 7") == (7,)
