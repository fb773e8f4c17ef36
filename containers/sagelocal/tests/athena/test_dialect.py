"""Trino's answers, where DuckDB's own would be others.

https://trino.io/docs/current/functions.html; what Athena answers is from its documents and from published measurements.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from sagelocal.athena.errors import QueryError
from sagelocal.errors import AwsError


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("7 / 2.0", "3.5"),
        ("9007199254740993 / 1", "9007199254740993"),
        ("1e0 / 0", "Infinity"),
        ("0e0 / 0", "NaN"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("1e7", "1.0E7"),
        ("123456789.5", "1.234567895E8"),
        ("1e-4", "1.0E-4"),
        ("-0.00015", "-1.5E-4"),
        ("0.001", "0.001"),
        ("1.5e300", "1.5E300"),
        ("CAST(2.5 AS bigint)", "3"),
        ("CAST(-2.5 AS bigint)", "-3"),
        ("CAST('abcdef' AS varchar(3))", "abc"),
        ("substr('abc', 0)", ""),
        ("substr('abc', -2)", "bc"),
        ("substr('abc', -5)", ""),
        ("substr('abc', 2, 1)", "b"),
        ("substr(substr('abc', 2), 0)", ""),
        ("CAST(CAST('abcdef' AS varchar(3)) AS varchar(2))", "ab"),
        ("(7 / 2) / 2.0", "1.5"),
        ("7 / (1 / 2.0) / 0", "Infinity"),
        ("CAST(CAST(5 AS double) / 2 AS bigint)", "3"),
        ("date_diff('day', TIMESTAMP '2024-01-01 12:00:00', TIMESTAMP '2024-01-03 11:00:00')", "1"),
        ("date_diff('hour', TIMESTAMP '2024-01-01 00:59:00', TIMESTAMP '2024-01-01 01:01:00')", "0"),
        ("date_diff('day', DATE '2024-01-01', DATE '2024-03-01')", "60"),
        ("date_add('day', 3, DATE '2024-01-01')", "2024-01-04"),
        ("DATE '2024-01-31' + INTERVAL '1' MONTH", "2024-02-29"),
        ("date_add('hour', -1, TIMESTAMP '2024-01-01 00:00:00')", "2023-12-31 23:00:00.000"),
        ("TIMESTAMP '2024-01-01 00:00:00' - INTERVAL '30' DAY", "2023-12-02 00:00:00.000"),
        ("TIMESTAMP '2024-01-01 00:00:00.123456'", "2024-01-01 00:00:00.123456"),
        ("from_iso8601_timestamp('2024-01-01T02:00:00+02:00')", "2024-01-01 00:00:00.000 UTC"),
        ("to_unixtime(from_iso8601_timestamp('2024-01-01T00:00:00.250Z'))", "1.70406720025E9"),
        ("to_unixtime(TIMESTAMP '1970-01-01 00:00:01')", "1.0"),
        ("TIMESTAMP '2024-01-01 00:00:00' AT TIME ZONE 'UTC'", "2024-01-01 00:00:00.000 UTC"),
        ("element_at(MAP(ARRAY['a'], ARRAY[1]), 'a')", "1"),
        ("element_at(ARRAY[1, 2], -1)", "2"),
        ("CAST(ROW(1, 'x') AS ROW(n bigint, s varchar)).s", "x"),
        ("X'00ff'", "00 ff"),
        ("to_hex(X'00ff')", "00FF"),
        ("coalesce(NULL, true)", "true"),
        ("approx_percentile(x, 0.5)", "1"),
        ("approx_percentile(x, ARRAY[0.1, 0.5])", "[1, 1]"),
        ("approx_percentile(x * 1e0, ARRAY[0.1, 0.5])", "[1.0, 1.0]"),
        ("max_by(x, -x)", "1"),
        ("slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"),
        ("slice(ARRAY[1, 2, 3, 4], -3, 2)", "[2, 3]"),
        ("format('%.2f and %s is %03d', 3.14159e0, 'a', 7)", "3.14 and a is 007"),
        ("format('%,d', 1234567)", "1,234,567"),
        ("typeof(1)", "integer"),
        ("typeof('ab')", "varchar(2)"),
        ("typeof(1.5)", "double"),
        ("typeof(ARRAY[1])", "array(integer)"),
        ("split('a,b,c', ',', 2)", "[a, b,c]"),
        ("regexp_replace('a1b2', '([a-z])(\\d)', '$2$1')", "1a2b"),
        ("CAST(TIMESTAMP '2024-01-01 00:00:00' AS varchar)", "2024-01-01 00:00:00.000"),
        ("format_datetime(TIMESTAMP '2024-03-05 07:08:09', 'EEE, d MMM yyyy HH:mm')", "Tue, 5 Mar 2024 07:08"),
        ("parse_datetime('2024-03-05 07:08:09', 'yyyy-MM-dd HH:mm:ss')", "2024-03-05 07:08:09.000 UTC"),
        ("map_agg('k', x)", "{k=1}"),
        ("codepoint('a')", "97"),
        ("zip(ARRAY[1, 2], ARRAY['a', 'b'])", "[{field0=1, field1=a}, {field0=2, field1=b}]"),
        ("url_encode('a b/c~*')", "a+b%2Fc%7E*"),
        ("url_decode('a+b%2Fc')", "a b/c"),
        ("url_extract_host('https://me@example.com:8080/a/b?x=1#f')", "example.com"),
        ("url_extract_port('https://example.com:8080/a')", "8080"),
        ("url_extract_path('https://example.com:8080/a/b?x=1#f')", "/a/b"),
        ("url_extract_query('https://example.com/a?x=1&y=2#f')", "x=1&y=2"),
        ("url_extract_fragment('https://example.com/a#f')", "f"),
        ("CAST(ROW(1, 'x') AS ROW(n bigint, s varchar))", "{n=1, s=x}"),
        ("ROW(1, 'x')", "{field0=1, field1=x}"),
        ("ARRAY[1.5e0, 1e10, NULL]", "[1.5, 1.0E10, null]"),
        ("ARRAY[TIMESTAMP '2024-01-01 00:00:00']", "[2024-01-01 00:00:00.000]"),
        ("ARRAY[ARRAY[1], ARRAY[NULL, 2]]", "[[1], [null, 2]]"),
        ("approx_distinct(x)", "1"),
        ("coalesce(TRY_CAST('1.5' AS integer), 0)", "0"),
        ("TRY_CAST('2024-01-01T00:00:00Z' AS timestamp) IS NULL", "true"),
        ("coalesce(try(CAST('2024-01-01 10:00:00' AS date)), DATE '2020-01-01')", "2020-01-01"),
        ("CAST('+7' AS bigint)", "7"),
        ("CAST('2024-1-2 3:04' AS timestamp)", "2024-01-02 03:04:00.000"),
        ("random(5) BETWEEN 0 AND 4", "true"),
        ("random(3, 5) BETWEEN 3 AND 4", "true"),
        ("CASE x WHEN 1 THEN DATE '2024-01-01' ELSE NULL END", "2024-01-01"),
        ("DATE '2024-01-01' < TIMESTAMP '2024-01-02 00:00:00'", "true"),
        ("coalesce(NULL, 1, 2.5)", "1.0"),
        ("count(*) FILTER (WHERE x = 1)", "1"),
        ("map_agg(if(x = 1, 'a', 'b'), x)", "{a=1}"),
    ],
)
def test_an_expression_answers_as_in_trino(shared_lake: Any, expression: str, expected: str) -> None:
    assert shared_lake.value(f"SELECT {expression} FROM (VALUES 1) AS t(x) GROUP BY x") == expected


def test_integers_of_a_table_divide_as_integers_wherever_they_come_from(lake: Any) -> None:
    lake.store("t", [pa.table({"n": [7, 8], "d": [2, 3], "f": [0.5, 2.0]})])
    assert lake.rows("SELECT n / d, n / f FROM t ORDER BY n") == [["3", "14.0"], ["2", "4.0"]]
    assert lake.rows("WITH x AS (SELECT sum(n) AS s, count(*) AS c FROM t) SELECT s / c FROM x") == [["7"]]
    assert lake.rows("SELECT a FROM (SELECT n / d AS a FROM t UNION ALL SELECT d / n FROM t) AS u ORDER BY a") == [
        ["0"],
        ["0"],
        ["2"],
        ["3"],
    ]


def test_last_value_ignores_nulls_and_sees_its_own_row(lake: Any) -> None:
    lake.store("t", [pa.table({"k": [1, 1, 1, 2], "t": [1, 2, 3, 1], "v": ["a", None, "c", None]})])
    query = (
        "SELECT k, t, last_value(v) IGNORE NULLS OVER (PARTITION BY k ORDER BY t "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS v FROM t ORDER BY k, t"
    )
    assert lake.rows(query) == [["1", "1", "a"], ["1", "2", "a"], ["1", "3", "c"], ["2", "1", ""]]


def test_nulls_come_last_in_either_order(lake: Any) -> None:
    lake.store("t", [pa.table({"n": [None, 1, 2]})])
    assert lake.rows("SELECT n FROM t ORDER BY n") == [["1"], ["2"], []]
    assert lake.rows("SELECT n FROM t ORDER BY n DESC") == [["2"], ["1"], []]


def test_names_know_no_case_and_a_star_gives_all_columns_but_the_path(lake: Any) -> None:
    lake.store("t", [pa.table({"Big": [1], "small": ["x"]})])
    assert lake.rows('SELECT BIG, "Small", T.big FROM DB.T AS t') == [["1", "x", "1"]]
    with lake.engine() as engine:
        _, columns = engine.select('SELECT * FROM t WHERE "$path" IS NOT NULL', "db")
    assert [name for name, _ in columns] == ["big", "small"]


def test_a_sum_of_bigints_is_a_bigint_in_files_too(lake: Any) -> None:
    lake.store("t", [pa.table({"n": [2**40, 2**40]})])
    with lake.engine() as engine:
        (file,) = [
            path for path in engine.unload("SELECT sum(n) AS s FROM t", "db", "FORMAT parquet, PER_THREAD_OUTPUT true")
        ]
        lake.put("sums/0", pa.parquet.read_table(file))
    lake.create("sums", {"s": "bigint"})
    assert lake.value("SELECT s FROM sums") == str(2**41)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT n + 1 AS m, m + 1 FROM (VALUES 1) AS t(n)", "COLUMN_NOT_FOUND: Column 'm' cannot be resolved"),
        ("SELECT TIMESTAMP '2024-01-01 00:00:00' AT TIME ZONE 'Asia/Tokyo'", "NOT_SUPPORTED"),
        ("SELECT * FROM read_text('/etc/hostname')", "FUNCTION_NOT_FOUND: Function 'read_text' not registered"),
        ("SELECT * FROM other.db.t", "TABLE_NOT_FOUND: Table 'other.db.t' does not exist"),
        ("SELECT 1 % 0", "DIVISION_BY_ZERO"),
        ("SELECT CAST(9223372036854775807 AS integer)", "INVALID_CAST_ARGUMENT"),
        ("SELECT CAST('1.5' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to INT"),
        ("SELECT CAST(' 1' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast ' 1' to BIGINT"),
        (
            "SELECT CAST(t AS timestamp) FROM (VALUES '2024-01-01T00:00:00Z') AS v(t)",
            "INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: 2024-01-01T00:00:00Z",
        ),
        (
            "SELECT date('2024-01-01 10:00:00')",
            "INVALID_CAST_ARGUMENT: Value cannot be cast to date: 2024-01-01 10:00:00",
        ),
        ("SELECT 1 FROM (SELECT 'a' AS k) AS v WHERE k = 1", "TYPE_MISMATCH: Cannot apply operator: varchar = integer"),
        ("SELECT DATE '2024-01-01' > '2023-01-01'", "TYPE_MISMATCH: Cannot apply operator: date > varchar"),
        (
            "SELECT k + 1 FROM (SELECT DATE '2024-01-01' AS k) AS v",
            "TYPE_MISMATCH: Cannot apply operator: date + integer",
        ),
        ("SELECT 'a' || 1", "TYPE_MISMATCH"),
        ("SELECT 2 BETWEEN '1' AND '3'", "TYPE_MISMATCH"),
        ("SELECT 'a' IN (1, 2)", "TYPE_MISMATCH"),
        ("SELECT coalesce('a', 1)", "TYPE_MISMATCH"),
        ("SELECT if(true, 1, 'a')", "TYPE_MISMATCH"),
        ("SELECT CASE WHEN true THEN 1 ELSE 'a' END", "TYPE_MISMATCH"),
        ("SELECT 1 WHERE 1", "TYPE_MISMATCH: WHERE clause must evaluate to a boolean: actual type integer"),
        (
            "SELECT k, count(*) AS c FROM (VALUES 1) AS v(k) GROUP BY k HAVING c > 0",
            "COLUMN_NOT_FOUND: Column 'c' cannot be resolved",
        ),
        ("SELECT ifnull(NULL, 1)", "FUNCTION_NOT_FOUND: Function 'ifnull' not registered"),
        ("SELECT left('abc', 2)", "FUNCTION_NOT_FOUND: Function 'left' not registered"),
        ("SELECT list_value(1)", "FUNCTION_NOT_FOUND: Function 'list_value' not registered"),
        ("SELECT current_date()", "FUNCTION_NOT_FOUND"),
    ],
)
def test_what_trino_refuses_is_refused(shared_lake: Any, sql: str, reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        shared_lake.rows(sql)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("sql", "place", "word"),
    [
        ("SELECT x::integer FROM (VALUES 1) AS t(x)", "1:9", "::"),
        ("SELECT 'a' ILIKE 'A'", "1:12", "ILIKE"),
        ("SELECT 1 LIMIT 1 OFFSET 1", "1:18", "OFFSET"),
        ("SELECT x,\n  FROM (VALUES 1) AS t(x)", "2:3", "FROM"),
        ("SELECT 1 IN (1,)", "1:16", ")"),
        ("SELECT 1 == 1", "1:10", "=="),
        ("SELECT INTERVAL 1 DAY", "1:17", "1"),
        ("SELECT INTERVAL '1 day'", "1:17", "1 day"),
        ("SELECT DISTINCT ON (x) x FROM (VALUES 1) AS t(x)", "1:17", "ON"),
        ("SELECT * EXCLUDE (x) FROM (VALUES 1) AS t(x)", "1:10", "EXCLUDE"),
        ("SELECT x FROM (VALUES 1) AS t(x) GROUP BY ALL", "1:43", "ALL"),
        ("SELECT true IS TRUE", "1:16", "TRUE"),
        ("SELECT 2 ^ 3", "1:10", "^"),
    ],
)
def test_what_other_dialects_have_is_no_sql(shared_lake: Any, sql: str, place: str, word: str) -> None:
    with pytest.raises(AwsError) as caught:
        shared_lake.rows(sql)
    assert str(caught.value).endswith(f": line {place}: mismatched input '{word}'")


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a(k) AS (SELECT 1), b(k) AS (SELECT 1) SELECT a.k FROM a, b",
        "SELECT k FROM UNNEST(ARRAY[1]) t(k)",
        "SELECT count(*) FROM (VALUES (1, 2)) AS v(a, b) GROUP BY GROUPING SETS ((a), (b)) HAVING count(*) = 1 LIMIT 1",
        "SELECT x FROM (VALUES 1, 2) AS t(x) ORDER BY x OFFSET 0 LIMIT 1",
        "SELECT date_diff('day', from_iso8601_timestamp('2024-01-01T00:00:00Z'), TIMESTAMP '2024-01-02 00:00:00 UTC')",
        "SELECT CAST(1 AS decimal(3, 0)) WHERE (1, 2) IN (SELECT 1, 2) AND NOT (1 > 2) AND EXISTS (SELECT 1)",
        "SELECT sum(x) OVER (PARTITION BY x ORDER BY x) FROM (VALUES 1) AS t(x)",
    ],
)
def test_what_only_looks_like_another_dialect_is_answered(shared_lake: Any, sql: str) -> None:
    assert shared_lake.value(sql) == "1"


@pytest.mark.parametrize(
    ("tables", "rows"),
    [
        ("UNNEST(MAP(ARRAY['p', 'q'], ARRAY[1, 2])) AS t(a, b)", [["p", "1"], ["q", "2"]]),
        ("UNNEST(ARRAY[1, 2], ARRAY['x']) AS t(a, b)", [["1", "x"], ["2", ""]]),
        ("UNNEST(ARRAY['x', 'y'], ARRAY[7]) WITH ORDINALITY AS t(a, c, b)", [["x", "1"], ["y", "2"]]),
        ("UNNEST(ARRAY[CAST(ROW(1, 2) AS ROW(m integer, n integer))]) AS t(a, b)", [["1", "2"]]),
        ("(VALUES 'z') AS v(k) CROSS JOIN UNNEST(ARRAY[k, k], ARRAY[7]) AS t(a, b)", [["z", "7"], ["z", ""]]),
        ("(VALUES 'z') AS v(k) LEFT JOIN UNNEST(MAP(ARRAY[k], ARRAY[1])) AS t(a, b) ON true", [["z", "1"]]),
    ],
)
def test_arrays_maps_and_rows_unnest_side_by_side(shared_lake: Any, tables: str, rows: list[list[str]]) -> None:
    assert shared_lake.rows(f"SELECT a, b FROM {tables} ORDER BY a, b") == rows


def test_of_several_values_of_a_key_one_is_kept(lake: Any) -> None:
    lake.store("t", [pa.table({"k": ["a", "a", "b", None], "v": [1, 1, None, 3]})])
    assert lake.value("SELECT map_agg(k, v) FROM t") == "{a=1, b=null}"


def test_a_star_over_columns_of_one_name_gives_each_of_them(lake: Any) -> None:
    lake.store("t", [pa.table({"k": [1], "v": [2]})])
    with lake.engine() as engine:
        _, columns = engine.select("SELECT * FROM (SELECT a.*, b.k FROM t AS a JOIN t AS b ON a.k = b.k) AS u", "db")
    assert [name for name, _ in columns] == ["k", "v", "k"]
