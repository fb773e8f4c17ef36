"""The provider's S3 operators; those on bucket tags are in test_s3_tagging.py.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/s3/s3.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators import s3
from tests.objects import read

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "task", "aws_conn_id": None}


@pytest.fixture
def tree(client: Client, bucket: str) -> str:
    """Return a bucket with three objects on two levels."""
    for key in ("a/1.csv", "a/b/2.csv", "c.json"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def _keys(client: Client, bucket: str) -> list[str]:
    return [found["Key"] for found in client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_the_bucket_operators_create_and_delete(client: Client) -> None:
    name = f"operator-{uuid.uuid4()}"
    s3.S3CreateBucketOperator(bucket_name=name, **OPTIONS).execute({})
    client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    with pytest.raises(Exception, match="BucketNotEmpty"):
        s3.S3DeleteBucketOperator(bucket_name=name, **OPTIONS).execute({})
    s3.S3DeleteBucketOperator(bucket_name=name, force_delete=True, **OPTIONS).execute({})
    assert name not in [found["Name"] for found in client("s3").list_buckets()["Buckets"]]


def test_the_create_and_read_operators_keep_a_text(client: Client, bucket: str) -> None:
    s3.S3CreateObjectOperator(s3_bucket=bucket, s3_key="text", data="grün", **OPTIONS).execute({})
    s3.S3CreateObjectOperator(s3_key=f"s3://{bucket}/bytes", data=b"\x00", encrypt=True, **OPTIONS).execute({})
    assert read(client("s3"), f"s3://{bucket}/text") == "grün".encode()
    assert client("s3").head_object(Bucket=bucket, Key="bytes")["ServerSideEncryption"] == "AES256"
    assert s3.S3ReadObjectOperator(s3_bucket=bucket, s3_key="text", **OPTIONS).execute({}) == "grün"


def test_the_copy_operators_copy_an_object_and_a_prefix(client: Client, tree: str) -> None:
    s3.S3CopyObjectOperator(
        source_bucket_key=f"s3://{tree}/c.json", dest_bucket_key=f"s3://{tree}/copy/c.json", **OPTIONS
    ).execute({})
    s3.S3CopyPrefixOperator(
        source_bucket_prefix=f"s3://{tree}/a/", dest_bucket_prefix=f"s3://{tree}/copy/a/", **OPTIONS
    ).execute({})
    assert _keys(client, tree) == ["a/1.csv", "a/b/2.csv", "c.json", "copy/a/1.csv", "copy/a/b/2.csv", "copy/c.json"]
    assert read(client("s3"), f"s3://{tree}/copy/a/b/2.csv") == b"a/b/2.csv"


def test_the_list_operators_list_keys_and_prefixes(tree: str) -> None:
    assert s3.S3ListOperator(bucket=tree, prefix="a/", delimiter="/", **OPTIONS).execute({}) == ["a/1.csv"]
    listed = s3.S3ListOperator(bucket=tree, prefix="a/*.csv", apply_wildcard=True, **OPTIONS).execute({})
    assert listed == ["a/1.csv", "a/b/2.csv"]
    assert s3.S3ListPrefixesOperator(bucket=tree, prefix="a/", delimiter="/", **OPTIONS).execute({}) == ["a/b/"]


def test_the_delete_operator_deletes_keys_and_prefixes(client: Client, tree: str) -> None:
    s3.S3DeleteObjectsOperator(bucket=tree, keys=["c.json", "never there"], **OPTIONS).execute({})
    assert _keys(client, tree) == ["a/1.csv", "a/b/2.csv"]
    s3.S3DeleteObjectsOperator(bucket=tree, prefix="a/", **OPTIONS).execute({})
    assert _keys(client, tree) == []


def test_the_transform_operator_runs_a_script_between_two_objects(client: Client, tree: str, tmp_path: Path) -> None:
    script = tmp_path / "upper.sh"
    script.write_text('#!/bin/sh\ntr a-z A-Z < "$1" > "$2"\nprintf "%s" "$3" >> "$2"\n')
    script.chmod(0o755)
    operator = s3.S3FileTransformOperator(
        source_s3_key=f"s3://{tree}/c.json",
        dest_s3_key=f"s3://{tree}/upper",
        transform_script=str(script),
        script_args=["!"],
        source_aws_conn_id=None,
        dest_aws_conn_id=None,
        task_id="task",
    )
    operator.execute({})
    assert read(client("s3"), f"s3://{tree}/upper") == b"C.JSON!"
    script.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(Exception, match="Transform script failed: 3"):
        operator.execute({})
