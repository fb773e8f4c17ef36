"""Which statement a text is."""

from __future__ import annotations

import pytest

from sagelocal.athena.catalog import Column
from sagelocal.athena.parse import bind, parse
from sagelocal.athena.statements import (
    AddPartitions,
    CreateTable,
    CreateTableAs,
    CreateView,
    Deallocate,
    Describe,
    DropPartitions,
    DropTable,
    Execute,
    InsertInto,
    RepairTable,
    Select,
    ShowDatabases,
    ShowTables,
    Unload,
)
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


def test_statements_that_write_say_where_and_what() -> None:
    made = parse(
        "CREATE TABLE o.t WITH (format = 'PARQUET', partitioned_by = ARRAY['p']) AS SELECT 1 AS n, 'x' AS p", "db"
    )
    options = {"format": "PARQUET", "partitioned_by": "p"}
    assert made == CreateTableAs("o", "t", "SELECT 1 AS n, 'x' AS p", options, if_not_exists=False, with_data=True)
    assert parse("CREATE TABLE t AS SELECT 1 AS n WITH NO DATA", "db") == CreateTableAs(
        "db", "t", "SELECT 1 AS n ", {}, if_not_exists=False, with_data=False
    )
    assert parse("INSERT INTO t (a, b) VALUES (1, 2)", "db") == InsertInto("db", "t", ("a", "b"), "VALUES (1, 2)")
    assert parse("INSERT INTO t (SELECT 1)", "db") == InsertInto("db", "t", (), "(SELECT 1)")
    assert parse('CREATE OR REPLACE VIEW "v" AS SELECT 1 AS n', "db") == CreateView("db", "v", "SELECT 1 AS n", True)
    assert parse("EXECUTE p USING 1, 'it''s'", "db") == Execute("p", ("1", "'it''s'"))
    assert parse("DEALLOCATE PREPARE p", "db") == Deallocate("p")


def test_statements_on_partitions_name_their_values() -> None:
    assert parse("MSCK REPAIR TABLE `o`.t", "db") == RepairTable("o", "t")
    assert parse(
        "ALTER TABLE t ADD IF NOT EXISTS PARTITION (d='x', n=5) LOCATION 's3://b/k' PARTITION (d='y', n=-1)", "db"
    ) == AddPartitions(
        "db", "t", (({"d": "x", "n": "5"}, "s3://b/k"), ({"d": "y", "n": "-1"}, None)), if_not_exists=True
    )
    assert parse("ALTER TABLE t DROP PARTITION (d='x'), PARTITION (d='y')", "db") == DropPartitions(
        "db", "t", ({"d": "x"}, {"d": "y"}), if_exists=False
    )


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "''"),
        ("MERGE INTO t", "MERGE"),
        ("CREATE ROLE v", "CREATE"),
        ("MSCK TABLE t", "MSCK REPAIR TABLE"),
        ("ALTER TABLE t ADD COLUMNS (x int)", "ADD COLUMNS"),
        ("INSERT INTO t", "a query"),
        ("EXECUTE 1", "'1' is no name"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET", "LOCATION"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS AVRO LOCATION 's3://b/k/'", "AVRO"),
        ("SELECT (1", "line 1:"),
        ("SELECT 'open", "line 1:"),
        ("UNLOAD SELECT 1 TO 's3://b/k/'", "Expecting: ("),
        ("UNLOAD (SELECT 1", "parentheses"),
        ("SHOW ROLES", "SHOW TABLES"),
        ("SHOW PARTITIONS t u", "the end of the query"),
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
