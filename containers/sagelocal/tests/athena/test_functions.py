"""Trino's functions and operators, one by one: the text that Athena gives for an expression.

https://trino.io/docs/current/functions.html; where a page there has an example, it is among these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sagelocal.athena.errors import QueryError

# A line is an expression, a tab, and its text.
EXPRESSIONS = [
    line.split("\t")
    for path in sorted((Path(__file__).parent / "expressions").glob("*.tsv"))
    for line in path.read_text().splitlines()
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_an_expression_answers_as_in_trino(shared_lake: Any, expression: str, expected: str) -> None:
    """NULL reads as an empty text."""
    (row,) = shared_lake.rows(f"SELECT {expression} FROM (VALUES 1) AS t(x) GROUP BY x")
    assert (row or [""])[0] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "normalize('a')",
        "word_stem('running')",
        "luhn_check('79927398713')",
        "parse_duration('42.8ms')",
        "combinations(ARRAY[1, 2, 3], 2)",
        "cosine_similarity(MAP(ARRAY['a'], ARRAY[1.0]), MAP(ARRAY['a'], ARRAY[2.0]))",
        "map_zip_with(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a'], ARRAY[5]), (k, a, b) -> a + b)",
        "is_json_scalar('1')",
        "crc32(to_utf8('abc'))",
        "xxhash64(to_utf8('abc'))",
        "hmac_md5(to_utf8('a'), to_utf8('b'))",
        "beta_cdf(1, 1, 0.5)",
        "normal_cdf(0, 1, 0)",
        "map_union(MAP(ARRAY['a'], ARRAY[1]))",
        "reduce_agg(x, 0, (a, b) -> a + b, (a, b) -> a + b)",
        "approx_most_frequent(1, x, 10)",
        "numeric_histogram(1, x * 1e0)",
    ],
)
def test_a_function_that_is_not_there_fails_by_its_name(shared_lake: Any, expression: str) -> None:
    with pytest.raises(QueryError) as caught:
        shared_lake.rows(f"SELECT {expression} FROM (VALUES 1) AS t(x) GROUP BY x")
    name = expression.partition("(")[0]
    assert str(caught.value) == f"FUNCTION_NOT_FOUND: Function '{name}' not registered"


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("soundex('Miller')", "SOUNDEX"),
        ("array_sort(ARRAY[3, 1], (a, b) -> b - a)", "comparator"),
        ("now() AT TIME ZONE 'Asia/Tokyo'", "Asia/Tokyo"),
        ("with_timezone(TIMESTAMP '2024-01-01 00:00:00', 'Asia/Tokyo')", "Asia/Tokyo"),
        ("format_datetime(now(), 'ZZZZ')", "ZZZZ"),
    ],
)
def test_what_the_engine_would_answer_otherwise_is_refused_by_name(
    shared_lake: Any, expression: str, named: str
) -> None:
    with pytest.raises(QueryError, match="NOT_SUPPORTED") as caught:
        shared_lake.rows(f"SELECT {expression}")
    assert named in str(caught.value)


def test_errors_of_functions_are_errors(shared_lake: Any) -> None:
    for expression, name in (
        ("hamming_distance('a', 'ab')", "INVALID_FUNCTION_ARGUMENT"),
        ("CAST(1 AS decimal(5,2)) / CAST(0 AS decimal(5,2))", "DIVISION_BY_ZERO"),
        ("2147483647 + CAST(1 AS integer)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ):
        with pytest.raises(QueryError, match=name):
            shared_lake.rows(f"SELECT {expression}")
