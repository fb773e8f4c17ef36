"""The data catalog through Glue's own operations: Athena and Glue see one catalog.

https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@pytest.fixture
def glue(client: Client) -> Any:
    return client("glue")


def _table(queries: Any, name: str, serde: str = PARQUET) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "n", "Type": "bigint"}],
            "Location": f"s3://{queries.bucket}/{name}/",
            "SerdeInfo": {"SerializationLibrary": serde},
        },
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
    }


def _code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_table_that_glue_made_is_queried_by_athena(glue: Any, queries: Any) -> None:
    for day in ("a", "b"):
        queries.put_parquet(f"made/day={day}/0.parquet", {"n": [len(day), 2]})
    database = f"db_{uuid.uuid4().hex[:12]}"
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput=_table(queries, "made"))
    table = {"DatabaseName": database, "TableName": "made"}
    glue.create_partition(**table, PartitionInput={"Values": ["a"]})
    assert queries.rows(f"SELECT day, sum(n) FROM {database}.made GROUP BY day") == [("a", "3")]
    answer = glue.batch_create_partition(**table, PartitionInputList=[{"Values": ["a"]}, {"Values": ["b"]}])
    assert [error["PartitionValues"] for error in answer["Errors"]] == [["a"]]
    assert queries.rows(f"SELECT count(*) FROM {database}.made") == [("4",)]
    partitions = glue.get_partitions(**table)["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["a"], ["b"]]
    assert partitions[1]["StorageDescriptor"]["Location"] == f"s3://{queries.bucket}/made/day=b/"
    glue.delete_partition(**table, PartitionValues=["a"])
    assert glue.get_partition(**table, PartitionValues=["b"])["Partition"]["Values"] == ["b"]
    assert queries.rows(f"SELECT DISTINCT day FROM {database}.made") == [("b",)]
    glue.delete_database(Name=database)
    assert "TABLE_NOT_FOUND" in queries.fail(f"SELECT * FROM {database}.made")


def test_what_athena_made_is_deleted_by_glue(glue: Any, queries: Any) -> None:
    queries.run("CREATE TABLE made AS SELECT 1 AS n")
    glue.delete_table(DatabaseName=queries.database, Name="made")
    assert queries.results(queries.run("SHOW TABLES")) == []


def test_names_are_taken_once_and_what_is_missing_is_not_found(glue: Any, queries: Any) -> None:
    database = queries.database
    glue.create_table(DatabaseName=database, TableInput=_table(queries, "t"))
    assert _code(glue.create_database, DatabaseInput={"Name": database}) == "AlreadyExistsException"
    again = {"DatabaseName": database, "TableInput": _table(queries, "t")}
    assert _code(glue.create_table, **again) == "AlreadyExistsException"
    for call, arguments in (
        (glue.get_database, {"Name": "none"}),
        (glue.create_table, {"DatabaseName": "none", "TableInput": _table(queries, "t")}),
        (glue.delete_table, {"DatabaseName": database, "Name": "none"}),
        (glue.get_partitions, {"DatabaseName": database, "TableName": "none"}),
        (glue.get_partition, {"DatabaseName": database, "TableName": "t", "PartitionValues": ["none"]}),
    ):
        assert _code(call, **arguments) == "EntityNotFoundException"


def test_what_athena_could_not_read_is_refused(glue: Any, queries: Any) -> None:
    table = _table(queries, "j", "org.openx.data.jsonserde.JsonSerDe")
    assert _code(glue.create_table, DatabaseName=queries.database, TableInput=table) == "InvalidInputException"
    assert queries.results(queries.run("SHOW TABLES")) == []


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("sales.*", ["sales_a", "sales_b"]),
        ("sales*", ["sales_a", "sales_b"]),
        (".*_[bc]", ["other_c", "sales_b"]),
        ("*", ["other_c", "sales_a", "sales_b"]),
        ("sales_a|other_c", ["other_c", "sales_a"]),
    ],
)
def test_tables_are_found_by_an_expression(
    client: Client, glue: Any, queries: Any, expression: str, names: list[str]
) -> None:
    for name in ("sales_a", "sales_b", "other_c"):
        glue.create_table(DatabaseName=queries.database, TableInput=_table(queries, name))
    found = glue.get_tables(DatabaseName=queries.database, Expression=expression)["TableList"]
    assert [table["Name"] for table in found] == names
    listed = client("athena").list_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=queries.database, Expression=expression
    )
    assert [table["Name"] for table in listed["TableMetadataList"]] == names


def test_nobody_pretends_to_crawl(glue: Any) -> None:
    role = "arn:aws:iam::123456789012:role/boatyard"
    targets = {"S3Targets": [{"Path": "s3://bucket/"}]}
    assert _code(glue.create_crawler, Name="c", Role=role, Targets=targets) == "NotImplemented"
