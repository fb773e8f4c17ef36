"""Which statement a text is."""

from __future__ import annotations

import pytest

from sagelocal.athena.catalog import Column
from sagelocal.athena.parse import bind, parse
from sagelocal.athena.statements import CreateTable, Describe, DropTable, Select, ShowDatabases, ShowTables, Unload
from sagelocal.errors import AwsError


def test_comments_and_a_semicolon_at_the_end_do_not_matter() -> None:
    assert isinstance(parse("-- why\n/* and\nhow */ select 1 ;\n", "db"), Select)


def test_unload_has_a_query_a_place_and_options() -> None:
    statement = parse(
        "UNLOAD (SELECT ')' AS x, (1) AS y) TO 's3://b/k/' WITH (format = 'PARQUET', partitioned_by = ARRAY['x', 'y'])",
        "db",
    )
    options = {"format": "PARQUET", "partitioned_by": "x,y"}
    assert statement == Unload("SELECT ')' AS x, (1) AS y", "s3://b/k/", options)


def test_an_external_table_has_columns_partitions_and_a_place() -> None:
    statement = parse(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `other`.`t` (`a` bigint COMMENT 'n', b array<struct<x:int>>, "
        "c decimal(10,2)) PARTITIONED BY (d string) STORED AS PARQUET LOCATION 's3://b/k' "
        "TBLPROPERTIES ('parquet.compression' = 'SNAPPY')",
        "db",
    )
    assert isinstance(statement, CreateTable)
    assert statement.if_not_exists
    table = statement.table
    assert (table.database, table.name, table.location) == ("other", "t", "s3://b/k")
    assert table.columns == (
        Column("a", "bigint", "n"),
        Column("b", "array<struct<x:int>>"),
        Column("c", "decimal(10,2)"),
    )
    assert table.partitions == (Column("d", "string"),)
    assert (table.format, table.parameters) == ("parquet", {"parquet.compression": "SNAPPY"})


@pytest.mark.parametrize(
    ("row_format", "delimiter"),
    [
        ("ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' STORED AS TEXTFILE", ("field.delim", "\t")),
        ("ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'", ("separatorChar", ",")),
        ("", ("field.delim", "\x01")),
    ],
)
def test_text_tables_are_split_where_they_say(row_format: str, delimiter: tuple[str, str]) -> None:
    statement = parse(f"CREATE EXTERNAL TABLE t (a string) {row_format} LOCATION 's3://b/k/'", "db")
    assert isinstance(statement, CreateTable)
    assert statement.table.format == "csv"
    assert delimiter in statement.table.serde.items()


def test_short_statements_take_the_database_of_the_context() -> None:
    assert parse("show tables", "db") == ShowTables("db")
    assert parse("SHOW TABLES IN `other` 'x*|y'", "db") == ShowTables("other", "x*|y")
    assert parse("SHOW SCHEMAS LIKE 'x'", "db") == ShowDatabases("x")
    assert parse("DROP TABLE IF EXISTS `t`", "db") == DropTable("db", "t", if_exists=True)
    assert parse("DESCRIBE other.t", "db") == Describe("other", "t")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "''"),
        ("MSCK REPAIR TABLE t", "MSCK"),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET", "LOCATION"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS AVRO LOCATION 's3://b/k/'", "AVRO"),
        ("SELECT (1", "line 1:"),
        ("SELECT 'open", "line 1:"),
        ("UNLOAD SELECT 1 TO 's3://b/k/'", "Expecting: ("),
        ("UNLOAD (SELECT 1", "parentheses"),
        ("SHOW PARTITIONS t", "SHOW TABLES"),
    ],
)
def test_what_is_no_statement_is_refused_by_name(query: str, named: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse(query, "db")
    assert caught.value.code == "InvalidRequestException"
    assert named in caught.value.message


def test_a_parameter_is_an_expression_or_a_text() -> None:
    assert bind("SELECT ?, '?', ?, ?", ["1 + 1", "it's", "x"]) == "SELECT 1 + 1, '?', 'it''s', 'x'"
    assert bind("SELECT 1", ["unused"]) == "SELECT 1"
    with pytest.raises(AwsError, match="expected 2 but found 1"):
        bind("SELECT ?, ?", ["1"])
