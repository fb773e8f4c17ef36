"""Tables over files: what is read, and what the catalog shows.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html
https://docs.aws.amazon.com/athena/latest/APIReference/API_GetTableMetadata.html
"""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from tests.contract.errors import error_of
from tests.waiting import until

pytestmark = pytest.mark.unverified


def test_a_table_reads_the_files_at_its_location_by_column_name(queries: Any) -> None:
    queries.put_parquet("t/one.parquet", {"b": ["x", None], "a": pa.array([1, 2], pa.int32())})
    queries.put_parquet("t/deeper/two", {"A": [3]})
    queries.put_parquet("t/_hidden", {"a": [4]})
    queries.create("t", "a bigint, b string, c double", "t")
    assert queries.rows("SELECT * FROM t ORDER BY a") == [("1", "x", None), ("2", None, None), ("3", None, None)]
    queries.put_parquet("t/three", {"a": [5]})
    assert queries.rows(f'SELECT count(*), sum(a) FROM "{queries.database}"."t"') == [("4", "11")]
    paths = queries.rows('SELECT "$path" FROM t WHERE a = 3')
    assert paths == [(f"s3://{queries.bucket}/t/deeper/two",)]


def test_a_table_without_files_has_no_rows_and_its_columns(queries: Any) -> None:
    queries.create("empty", "a bigint, b string", "nothing")
    assert queries.results(queries.run("SELECT * FROM empty")) == [("a", "b")]
    assert queries.rows("SELECT count(*), sum(a), max(b) FROM empty") == [("0", None, None)]


def test_partitions_are_read_once_the_catalog_has_them(queries: Any) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/msck-repair-table.html"""
    queries.put_parquet("p/year=2023/a", {"n": [1]})
    queries.put_parquet("p/year=2024/b", {"n": [2, 3]})
    queries.create("p", "n bigint", "p", "PARTITIONED BY (year int) STORED AS PARQUET")
    assert queries.rows("SELECT count(*) FROM p") == [("0",)]
    repaired = queries.results(queries.run("MSCK REPAIR TABLE p"))
    assert repaired == []
    assert queries.results(queries.run("SHOW PARTITIONS p")) == [("year=2023",), ("year=2024",)]
    assert queries.rows("SELECT year, sum(n) FROM p GROUP BY year ORDER BY year") == [("2023", "1"), ("2024", "5")]
    assert queries.rows("SELECT n FROM p WHERE year = 2023") == [("1",)]


def test_a_csv_table_reads_values_of_its_types_and_null_for_others(queries: Any) -> None:
    queries.s3.put_object(Bucket=queries.bucket, Key="c/x.csv", Body=b'n,text\n1,"a, b"\nmany,c\n')
    rest = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' STORED AS TEXTFILE "
    queries.run(
        f"CREATE EXTERNAL TABLE c (n bigint, text string) {rest}LOCATION 's3://{queries.bucket}/c/' "
        "TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    assert queries.rows("SELECT n, text FROM c ORDER BY text") == [("1", "a, b"), (None, "c")]
    assert queries.rows("SELECT sum(n) FROM c") == [("1",)]


def test_ddl_answers_in_lines_and_the_catalog_shows_its_tables(queries: Any) -> None:
    queries.create("numbers", "n bigint COMMENT 'how many', s string", "n")
    queries.run(f"CREATE EXTERNAL TABLE IF NOT EXISTS numbers (x int) LOCATION 's3://{queries.bucket}/x/'")
    shown = queries.run("SHOW TABLES")
    assert queries.results(shown) == [("numbers",)]
    assert queries.text(shown["ResultConfiguration"]["OutputLocation"]) == "numbers"
    assert queries.results(queries.run("SHOW TABLES 'x*'")) == []
    assert (queries.database,) in queries.results(queries.run("SHOW DATABASES"))
    assert "bigint" in str(queries.results(queries.run("DESCRIBE numbers"))[0][0])
    catalog = {"CatalogName": "AwsDataCatalog", "DatabaseName": queries.database}
    table = queries.athena.get_table_metadata(**catalog, TableName="numbers")["TableMetadata"]
    assert table["Columns"] == [{"Name": "n", "Type": "bigint", "Comment": "how many"}, {"Name": "s", "Type": "string"}]
    assert table["Parameters"]["location"] == f"s3://{queries.bucket}/n/"
    assert queries.athena.get_database(**catalog)["Database"]["Name"] == queries.database
    listed = queries.athena.list_table_metadata(**catalog)["TableMetadataList"]
    assert [item["Name"] for item in listed] == ["numbers"]
    queries.run("DROP TABLE numbers")
    queries.run("DROP TABLE IF EXISTS numbers")
    assert error_of(queries.athena.get_table_metadata, **catalog, TableName="numbers")[0] == "MetadataException"


def test_glue_shows_the_tables_of_the_catalog(client: Callable[..., Any], queries: Any) -> None:
    queries.create("numbers", "n bigint", "n", "PARTITIONED BY (year string) STORED AS PARQUET")
    glue = client("glue")
    table = glue.get_table(DatabaseName=queries.database, Name="numbers")["Table"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{queries.bucket}/n/"
    assert table["PartitionKeys"] == [{"Name": "year", "Type": "string"}]
    assert [item["Name"] for item in glue.get_tables(DatabaseName=queries.database)["TableList"]] == ["numbers"]
    assert error_of(glue.get_table, DatabaseName=queries.database, Name="none")[0] == "EntityNotFoundException"


def test_the_offline_store_of_a_feature_group_is_a_table(client: Callable[..., Any], queries: Any) -> None:
    name = f"group-{uuid.uuid4().hex[:12]}"
    sagemaker, runtime = client("sagemaker"), client("sagemaker-featurestore-runtime")
    sagemaker.create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="t",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "Integral"},
            {"FeatureName": "t", "FeatureType": "String"},
            {"FeatureName": "Score", "FeatureType": "Fractional"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{queries.bucket}/features"}},
        RoleArn="arn:aws:iam::123456789012:role/boatyard",
    )

    def described() -> dict[str, Any]:
        found: dict[str, Any] = sagemaker.describe_feature_group(FeatureGroupName=name)
        return found

    until(lambda: described()["FeatureGroupStatus"] != "Creating", f"{name} is made")
    named = described()["OfflineStoreConfig"]["DataCatalogConfig"]
    table = f'"{named["Database"]}"."{named["TableName"]}"'
    assert queries.rows(f"SELECT count(*) FROM {table}") == [("0",)]
    for number in range(3):
        values = {"id": str(number), "t": f"2024-01-0{number + 1}T00:00:00Z", "Score": str(number / 2)}
        record = [{"FeatureName": feature, "ValueAsString": value} for feature, value in values.items()]
        runtime.put_record(FeatureGroupName=name, Record=record)
    runtime.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="1", EventTime="2024-02-01T00:00:00Z")
    until(lambda: queries.rows(f"SELECT count(*) FROM {table}") == [("4",)], "four rows")
    newest = (
        "SELECT id, score, is_deleted FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY "
        "from_iso8601_timestamp(t) DESC, api_invocation_time DESC, write_time DESC) AS n "
        f"FROM {table}) WHERE n = 1 ORDER BY id"
    )
    assert queries.rows(newest) == [("0", "0.0", "false"), ("1", None, "true"), ("2", "1.0", "false")]
    by_month = f"SELECT year, month, count(*) FROM {table} GROUP BY year, month ORDER BY month"
    assert queries.rows(by_month) == [("2024", "01", "3"), ("2024", "02", "1")]


def test_compressed_text_is_read_by_its_name(queries: Any) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html"""
    queries.s3.put_object(Bucket=queries.bucket, Key="mixed/a.csv.gz", Body=gzip.compress(b"1,x\n2,y\n"))
    queries.s3.put_object(Bucket=queries.bucket, Key="mixed/b.csv", Body=b"3,z\n")
    queries.create("mixed", "n int, s string", "mixed", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','")
    assert queries.rows("SELECT n, s, \"$path\" LIKE '%.gz' FROM mixed ORDER BY n") == [
        ("1", "x", "true"),
        ("2", "y", "true"),
        ("3", "z", "false"),
    ]
    queries.run(f"DROP TABLE `{queries.database}`.`mixed`")


def test_a_text_that_is_no_number_is_null_where_that_is_tried(queries: Any) -> None:
    """https://trino.io/docs/current/functions/conversion.html#try_cast"""
    queries.s3.put_object(Bucket=queries.bucket, Key="words/a.csv", Body=b"a,red\nb,7\n")
    queries.create("words", "name string, word string", "words", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','")
    assert queries.rows("SELECT name, try_cast(word AS double) FROM words ORDER BY name") == [("a", None), ("b", "7.0")]
    assert queries.rows("SELECT count(try_cast(word AS bigint)) FROM words") == [("1",)]


def test_ids_survive_as_hexadecimal_text(queries: Any) -> None:
    rows = queries.rows(
        "SELECT from_utf8(from_hex(code)), concat_ws(',', code, coalesce(CAST(x AS varchar), '')), "
        "try_cast('a' AS double) "
        "FROM (SELECT to_hex(to_utf8(text)) AS code, x FROM (VALUES ('é, \"1\"', 1.5), ('b', NULL)) AS t(text, x))"
    )
    assert rows == [('é, "1"', "C3A92C20223122,1.5E0", None), ("b", "62,", None)]
