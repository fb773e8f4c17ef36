"""What SELECT leaves and how it is read.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.errors import error_of

pytestmark = pytest.mark.unverified


def test_a_select_leaves_its_rows_as_csv_and_gives_them_page_by_page(queries: Any) -> None:
    execution = queries.run(
        "SELECT * FROM (VALUES (1, 'a \"b\", c'), (2, ''), (3, NULL), (4, 'two\nlines')) AS t(n, text) ORDER BY n"
    )
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{queries.bucket}/results/{execution['QueryExecutionId']}.csv"
    assert queries.text(location) == '"n","text"\n"1","a ""b"", c"\n"2",""\n"3",\n"4","two\nlines"\n'
    expected = [("n", "text"), ("1", 'a "b", c'), ("2", ""), ("3", None), ("4", "two\nlines")]
    assert queries.results(execution) == expected
    page = queries.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"], MaxResults=2)
    assert len(page["ResultSet"]["Rows"]) == 2  # the header is a row
    rest = queries.athena.get_query_results(
        QueryExecutionId=execution["QueryExecutionId"], MaxResults=3, NextToken=page["NextToken"]
    )
    assert [row["Data"][0]["VarCharValue"] for row in rest["ResultSet"]["Rows"]] == ["2", "3", "4"]
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")


def test_column_types_are_named_as_trino_names_them(queries: Any) -> None:
    execution = queries.run(
        "SELECT 1 AS i, CAST(1 AS bigint) AS b, 1.5 AS d, 'x' AS v, true AS t, DATE '2024-01-02' AS day, "
        "TIMESTAMP '2024-01-02 03:04:05.678' AS moment, CAST(1.5 AS decimal(10,2)) AS e, ARRAY[1, 2] AS a, "
        "sum(CAST(1 AS bigint)) AS s, from_iso8601_timestamp('2024-01-02T03:04:05Z') AS z, X'00ff' AS bytes"
    )
    answer = queries.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert {column["Name"]: column["Type"] for column in info} == {
        "i": "integer",
        "b": "bigint",
        "d": "double",
        "v": "varchar",
        "t": "boolean",
        "day": "date",
        "moment": "timestamp",
        "e": "decimal",
        "a": "array",
        "s": "bigint",
        "z": "timestamp with time zone",
        "bytes": "varbinary",
    }
    values = [datum["VarCharValue"] for datum in answer["ResultSet"]["Rows"][1]["Data"]]
    assert values == [
        "1",
        "1",
        "1.5",
        "x",
        "true",
        "2024-01-02",
        "2024-01-02 03:04:05.678",
        "1.50",
        "[1, 2]",
        "1",
        "2024-01-02 03:04:05.000 UTC",
        "00 ff",
    ]


def test_columns_without_a_name_are_numbered(queries: Any) -> None:
    assert queries.results(queries.run("SELECT 1, count(*), 2 AS Two"))[0] == ("_col0", "_col1", "Two")


def test_parameters_take_the_place_of_question_marks(queries: Any) -> None:
    rows = queries.rows("SELECT ? AS a, '?' AS b, ? + 1 AS c", ExecutionParameters=["it's", "41"])
    assert rows == [("it's", "?", "42")]


def test_results_are_there_once_the_query_succeeded(queries: Any) -> None:
    execution = queries.wait(queries.start("SELECT 1 / 0"))
    message = error_of(queries.athena.get_query_results, QueryExecutionId=execution["QueryExecutionId"])[1]
    assert message == "Query did not finish successfully. Final query state: FAILED"
