"""Statements that write: tables of queries, inserts, views, partitions, prepared statements.

https://docs.aws.amazon.com/athena/latest/ug/ctas.html
https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
https://docs.aws.amazon.com/athena/latest/ug/views.html
https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.contract.errors import error_of

pytestmark = pytest.mark.unverified


def keys(queries: Any, prefix: str) -> list[str]:
    listed = queries.s3.list_objects_v2(Bucket=queries.bucket, Prefix=prefix).get("Contents", [])
    return [item["Key"] for item in listed]


def test_a_table_of_a_query_has_files_of_its_own_and_a_manifest(queries: Any) -> None:
    made = queries.run("CREATE TABLE t AS SELECT n, 'x' AS s, n * 1.5 AS d FROM (VALUES 1, 2) AS v(n)")
    assert (made["StatementType"], made["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert queries.rows("SELECT * FROM t ORDER BY n") == [("1", "x", "1.5"), ("2", "x", "3.0")]
    manifest = queries.text(made["Statistics"]["DataManifestLocation"]).splitlines()
    assert manifest
    (bucket, _, key) = manifest[0].removeprefix("s3://").partition("/")
    schema = pq.read_schema(io.BytesIO(queries.s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    assert [str(field.type) for field in schema] == ["int32", "string", "double"]
    catalog = {"CatalogName": "AwsDataCatalog", "DatabaseName": queries.database, "TableName": "t"}
    columns = queries.athena.get_table_metadata(**catalog)["TableMetadata"]["Columns"]
    assert [(column["Name"], column["Type"]) for column in columns] == [("n", "int"), ("s", "string"), ("d", "double")]
    assert "already exists" in queries.fail("CREATE TABLE t AS SELECT 1 AS n")
    queries.run("CREATE TABLE IF NOT EXISTS t AS SELECT 5 AS n")
    assert queries.rows("SELECT count(*) FROM t") == [("2",)]


def test_a_partitioned_table_of_a_query_lies_where_it_was_told(queries: Any) -> None:
    location = f"s3://{queries.bucket}/by/"
    queries.run(
        f"CREATE TABLE t WITH (format = 'PARQUET', external_location = '{location}', partitioned_by = ARRAY['p']) AS "
        "SELECT n, p FROM (VALUES (1, 'a b'), (2, 'c'), (3, NULL)) AS v(n, p)"
    )
    shown = queries.results(queries.run("SHOW PARTITIONS t"))
    assert shown == [("p=__HIVE_DEFAULT_PARTITION__",), ("p=a b",), ("p=c",)]
    assert queries.rows("SELECT n, p FROM t ORDER BY n") == [("1", "a b"), ("2", "c"), ("3", None)]
    assert queries.rows("SELECT n FROM t WHERE p = 'a b'") == [("1",)]
    assert len(keys(queries, "by/")) == 3
    answer = queries.fail(f"CREATE TABLE other WITH (external_location = '{location}') AS SELECT 1 AS n")
    assert answer.startswith("HIVE_PATH_ALREADY_EXISTS")
    wrong = queries.fail("CREATE TABLE other WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b")
    assert wrong.startswith("HIVE_COLUMN_ORDER_MISMATCH")


def test_a_table_without_data_has_columns_only(queries: Any) -> None:
    queries.run("CREATE TABLE t WITH (format = 'TEXTFILE', field_delimiter = ',') AS SELECT 1 AS n WITH NO DATA")
    assert queries.results(queries.run("SELECT * FROM t")) == [("n",)]
    queries.run("INSERT INTO t SELECT 7")
    assert queries.rows("SELECT n FROM t") == [("7",)]


def test_an_insert_adds_rows_of_the_tables_types(queries: Any) -> None:
    queries.create("t", "n bigint, s string, d double", "t")
    done = queries.run("INSERT INTO t VALUES (1, 'a', 0.5), (2, NULL, 1)")
    assert queries.athena.get_query_results(QueryExecutionId=done["QueryExecutionId"])["UpdateCount"] == 2
    queries.run("INSERT INTO t (s, n) SELECT 'b', n + 10 FROM t WHERE n = 1")
    rows = [("1", "a", "0.5"), ("2", None, "1.0"), ("11", "b", None)]
    assert queries.rows("SELECT * FROM t ORDER BY n") == rows
    assert queries.fail("INSERT INTO t VALUES ('x', 'a', 1)").startswith("TYPE_MISMATCH: Insert query has mismatched")
    assert queries.fail("INSERT INTO t SELECT 1").startswith("TYPE_MISMATCH")
    assert queries.fail("INSERT INTO none VALUES (1)").startswith("TABLE_NOT_FOUND")
    assert queries.rows("SELECT count(*) FROM t") == [("3",)]


def test_an_insert_makes_the_partitions_it_needs(queries: Any) -> None:
    queries.create("t", "n bigint", "t", "PARTITIONED BY (year int) STORED AS PARQUET")
    queries.run(f"ALTER TABLE t ADD PARTITION (year = 2020) LOCATION 's3://{queries.bucket}/elsewhere/'")
    queries.run("INSERT INTO t VALUES (1, 2020), (2, 2021)")
    assert queries.rows("SELECT n, year FROM t ORDER BY n") == [("1", "2020"), ("2", "2021")]
    assert len(keys(queries, "elsewhere/")) == 1
    assert len(keys(queries, "t/year=2021/")) == 1


def test_partitions_are_added_and_dropped_without_their_files(queries: Any) -> None:
    queries.put_parquet("old/a", {"n": [1]})
    queries.put_parquet("p/year=2024/b", {"n": [2]})
    queries.create("p", "n bigint", "p", "PARTITIONED BY (year int) STORED AS PARQUET")
    queries.run(
        f"ALTER TABLE p ADD PARTITION (year = 2023) LOCATION 's3://{queries.bucket}/old/' PARTITION (year = 2024)"
    )
    assert queries.rows("SELECT year, n FROM p ORDER BY n") == [("2023", "1"), ("2024", "2")]
    assert "already exists" in queries.fail("ALTER TABLE p ADD PARTITION (year = 2024)")
    queries.run("ALTER TABLE p ADD IF NOT EXISTS PARTITION (year = 2024)")
    queries.run("ALTER TABLE p DROP PARTITION (year = 2024)")
    assert queries.rows("SELECT n FROM p") == [("1",)]
    assert keys(queries, "p/") == ["p/year=2024/b"]
    assert "not found" in queries.fail("ALTER TABLE p DROP PARTITION (year = 1999)")
    queries.run("DROP TABLE p")
    queries.create("p", "n bigint", "p", "PARTITIONED BY (year int) STORED AS PARQUET")
    assert queries.results(queries.run("SHOW PARTITIONS p")) == []


def test_a_view_is_its_query_over_the_tables_of_now(queries: Any) -> None:
    queries.create("t", "n bigint", "t")
    queries.run("INSERT INTO t VALUES (1), (2)")
    queries.run("CREATE VIEW doubled AS SELECT n * 2 AS m, * FROM t WHERE n > 1")
    assert queries.rows("SELECT * FROM doubled") == [("4", "2")]
    queries.run("CREATE OR REPLACE VIEW top AS SELECT max(m) AS most FROM doubled")
    queries.run("INSERT INTO t VALUES (5)")
    assert queries.rows(f'SELECT v.most FROM "{queries.database}"."top" AS v, t WHERE t.n = 1') == [("10",)]
    assert queries.results(queries.run("SHOW VIEWS")) == [("doubled",), ("top",)]
    text = queries.results(queries.run("SHOW CREATE VIEW top"))
    assert text == [(f"CREATE VIEW {queries.database}.top AS",), ("SELECT max(m) AS most FROM doubled",)]
    assert "View already exists" in queries.fail("CREATE VIEW top AS SELECT 1 AS n")
    assert queries.fail("CREATE OR REPLACE VIEW doubled AS SELECT most FROM top").startswith("VIEW_IS_RECURSIVE")
    assert queries.fail("INSERT INTO top VALUES (1)").startswith("NOT_SUPPORTED")
    catalog = {"CatalogName": "AwsDataCatalog", "DatabaseName": queries.database, "TableName": "doubled"}
    assert queries.athena.get_table_metadata(**catalog)["TableMetadata"]["TableType"] == "VIRTUAL_VIEW"
    queries.run("DROP VIEW top")
    assert queries.fail("SELECT * FROM top").startswith("TABLE_NOT_FOUND")
    queries.run("DROP VIEW IF EXISTS top")


def test_a_statement_shown_makes_the_same_table_again(queries: Any) -> None:
    queries.put_parquet("t/year=1/a", {"n": [1]})
    queries.create("t", "n bigint COMMENT 'how many'", "t", "PARTITIONED BY (year int) STORED AS PARQUET")
    shown = queries.results(queries.run("SHOW CREATE TABLE t"))
    queries.run("DROP TABLE t")
    queries.run("\n".join(line for (line,) in shown))
    assert queries.results(queries.run("MSCK REPAIR TABLE t")) == []
    assert queries.rows("SELECT n, year FROM t") == [("1", "1")]
    assert [name.strip() for (name,) in queries.results(queries.run("SHOW COLUMNS IN t"))] == ["n", "year"]


def test_a_prepared_statement_runs_with_its_values(queries: Any) -> None:
    queries.run("PREPARE add_up FROM SELECT ? + ? AS total, ? AS text")
    assert queries.rows("EXECUTE add_up USING 1, 2, 'it''s'") == [("3", "it's")]
    assert queries.rows("EXECUTE add_up", ExecutionParameters=["4", "5", "'x'"]) == [("9", "x")]
    code, message = error_of(queries.start, "EXECUTE add_up USING 1")
    assert (code, "expected 3 but found 1" in message) == ("InvalidRequestException", True)
    queries.run("DEALLOCATE PREPARE add_up")
    assert "was not found" in error_of(queries.start, "EXECUTE add_up USING 1, 2, 3")[1]


def test_prepared_statements_are_kept_by_name(queries: Any) -> None:
    athena, named = queries.athena, {"StatementName": "by_api", "WorkGroup": "primary"}
    athena.create_prepared_statement(**named, QueryStatement="SELECT ? AS n")
    assert "already exists" in error_of(athena.create_prepared_statement, **named, QueryStatement="SELECT 1")[1]
    assert queries.rows("EXECUTE by_api USING 7") == [("7",)]
    athena.update_prepared_statement(**named, QueryStatement="SELECT ? + 1 AS n")
    assert athena.get_prepared_statement(**named)["PreparedStatement"]["QueryStatement"] == "SELECT ? + 1 AS n"
    listed = athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert "by_api" in [item["StatementName"] for item in listed]
    assert queries.rows("EXECUTE by_api USING 7") == [("8",)]
    athena.delete_prepared_statement(**named)
    assert error_of(athena.get_prepared_statement, **named)[0] == "ResourceNotFoundException"


def test_the_metadata_beside_a_result_names_its_columns(queries: Any) -> None:
    done = queries.run("SELECT 1 AS n, 'x' AS s")
    uri = done["ResultConfiguration"]["OutputLocation"]
    (bucket, _, key) = f"{uri}.metadata".removeprefix("s3://").partition("/")
    content = queries.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    fields = read_fields(content)
    assert [number for number, _ in fields] == [1, 4, 4]
    described = [dict(read_fields(value)) for _, value in fields[1:]]
    assert [(column[4], column[6], column[7]) for column in described] == [
        (b"n", b"integer", 10),
        (b"s", b"varchar", 2_147_483_647),
    ]


def read_fields(content: bytes) -> list[tuple[int, Any]]:
    """Read a protocol buffer of numbers and texts."""
    fields: list[tuple[int, Any]] = []
    data = io.BytesIO(content)
    while data.tell() < len(content):
        key = _varint(data)
        size = _varint(data)
        fields.append((key >> 3, data.read(size) if key & 7 == 2 else size))
    return fields


def _varint(data: io.BytesIO) -> int:
    value = shift = 0
    while True:
        byte = data.read(1)[0]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value
