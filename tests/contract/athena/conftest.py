"""Statements of Athena in a bucket and a database of their own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Client = Callable[..., Any]
# Runs until it is stopped.
ENDLESS = (
    "SELECT count(*) FROM UNNEST(sequence(1, 100000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000000)) AS b(y) "
    "WHERE x * y % 7 = 3"
)


class Queries:
    """Run statements of Athena in one bucket and one database."""

    def __init__(self, client: Client, bucket: str) -> None:
        self.athena = client("athena")
        self.s3 = client("s3")
        self.bucket = bucket
        self.database = f"db_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {self.database}")

    def start(self, sql: str, **arguments: Any) -> str:
        request = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"},
            **arguments,
        }
        execution_id: str = self.athena.start_query_execution(**request)["QueryExecutionId"]
        return execution_id

    def wait(self, execution_id: str, *, while_in: tuple[str, ...] = ("QUEUED", "RUNNING")) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if found["Status"]["State"] not in while_in:
                return found
            time.sleep(0.02)

    def run(self, sql: str, **arguments: Any) -> dict[str, Any]:
        execution = self.wait(self.start(sql, **arguments))
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        return execution

    def fail(self, sql: str) -> str:
        execution = self.wait(self.start(sql))
        assert execution["Status"]["State"] == "FAILED"
        reason: str = execution["Status"]["StateChangeReason"]
        assert execution["Status"]["AthenaError"]["ErrorMessage"] == reason
        return reason

    def rows(self, sql: str, **arguments: Any) -> list[tuple[str | None, ...]]:
        """Return the rows of a SELECT without its header."""
        return self.results(self.run(sql, **arguments))[1:]

    def results(self, execution: dict[str, Any]) -> list[tuple[str | None, ...]]:
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        rows = [row for page in pages for row in page["ResultSet"]["Rows"]]
        return [tuple(datum.get("VarCharValue") for datum in row["Data"]) for row in rows]

    def text(self, uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        text: str = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return text

    def put_parquet(self, key: str, columns: dict[str, Any]) -> None:
        sink = BytesIO()
        pq.write_table(pa.table(columns), sink)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=sink.getvalue())

    def create(self, name: str, columns: str, prefix: str, rest: str = "STORED AS PARQUET") -> None:
        self.run(
            f"CREATE EXTERNAL TABLE `{self.database}`.`{name}` ({columns}) {rest} LOCATION 's3://{self.bucket}/{prefix}/'"
        )


@pytest.fixture
def queries(client: Client, bucket: str) -> Queries:
    """Give statements in a new bucket of the shared server."""
    return Queries(client, bucket)


@pytest.fixture
def queries_of() -> type[Queries]:
    """Give the class, for servers of a test's own."""
    return Queries


@pytest.fixture
def endless() -> str:
    """Give a query that runs until it is stopped."""
    return ENDLESS
