"""What Athena refuses, though many another engine takes it: who tests here must not be surprised there.

https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html
https://docs.aws.amazon.com/athena/latest/ug/select.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unverified


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("event_time > '2024-01-01'", "TYPE_MISMATCH"),
        ("id = 7", "TYPE_MISMATCH"),
        ("date(written) = DATE '2024-01-01'", "INVALID_CAST_ARGUMENT: Value cannot be cast to date"),
        ("CAST(written AS timestamp) = event_time", "INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp"),
        ("ifnull(id, '') = ''", "FUNCTION_NOT_FOUND: Function 'ifnull' not registered"),
        ("median(1) = 1", "FUNCTION_NOT_FOUND: Function 'median' not registered"),
    ],
)
def test_a_query_of_another_engines_habits_fails(queries: Any, condition: str, reason: str) -> None:
    queries.run(
        "CREATE TABLE labels AS SELECT '7' AS id, TIMESTAMP '2024-01-01 00:00:00' AS event_time, "
        "'2024-01-01T00:00:00Z' AS written"
    )
    assert queries.fail(f"SELECT id FROM labels WHERE {condition}").startswith(reason)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS n LIMIT 1 OFFSET 0",
        "SELECT '1'::integer",
        "SELECT 'a' ILIKE 'A'",
        "SELECT INTERVAL '1 day'",
        "SELECT 1, FROM (VALUES 1) AS t(n)",
    ],
)
def test_a_clause_that_athena_has_not_is_refused_at_its_place(queries: Any, sql: str) -> None:
    with pytest.raises(ClientError, match=r"line 1:[0-9]+: mismatched input") as caught:
        queries.start(sql)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    assert {**caught.value.response}["AthenaErrorCode"] == "MALFORMED_QUERY"


def test_a_map_and_arrays_beside_each_other_become_rows(queries: Any) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/flattening-arrays.html"""
    assert queries.rows("SELECT k, v FROM UNNEST(MAP(ARRAY['p', 'q'], ARRAY[1, 2])) AS t(k, v)") == [
        ("p", "1"),
        ("q", "2"),
    ]
    assert queries.rows("SELECT a, b FROM UNNEST(ARRAY[1, 2], ARRAY['x']) AS t(a, b)") == [("1", "x"), ("2", None)]
