"""What data people read and write with: s3fs, pyarrow, pandas, PyAthena."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest
import s3fs
from pyathena import connect
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

TABLE = pa.table({"id": [1, 2, 3], "name": ["a", "b", "ä"], "part": ["x", "x", "y"]})


@pytest.fixture
def files() -> Any:
    """Give s3fs's file system."""
    return s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"], skip_instance_cache=True)


@pytest.fixture
def arrow() -> Any:
    """Give Arrow's own S3 client, which is AWS's C++ SDK."""
    return pyarrow.fs.S3FileSystem(
        endpoint_override=os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"), scheme="http", region="us-east-1"
    )


def test_s3fs_writes_reads_lists_and_removes(files: Any, bucket: str) -> None:
    with files.open(f"{bucket}/folder/a.bin", "wb") as file:
        file.write(b"x" * (12 << 20))  # more than one part
    with files.open(f"{bucket}/folder/a.bin", "rb") as file:
        file.seek(5)
        assert file.read(3) == b"xxx"
    assert files.info(f"{bucket}/folder/a.bin")["size"] == 12 << 20
    files.mv(f"{bucket}/folder/a.bin", f"{bucket}/folder/b.bin")
    assert files.ls(f"{bucket}/folder", refresh=True) == [f"{bucket}/folder/b.bin"]
    files.rm(f"{bucket}/folder", recursive=True)
    assert not files.exists(f"{bucket}/folder/b.bin")


def test_s3fs_reads_and_lists_the_versions_of_a_file(bucket: str) -> None:
    files = s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"], version_aware=True, skip_instance_cache=True)
    files.make_bucket_versioned(bucket, True)
    assert files.is_bucket_versioned(bucket)
    path = f"{bucket}/file"
    for text in (b"first", b"second"):
        files.pipe(path, text)
    listed = files.object_version_info(path)
    assert [version["IsLatest"] for version in listed] == [True, False]
    first = listed[1]["VersionId"]
    with files.open(path, "rb", version_id=first) as file:
        assert file.read() == b"first"
    assert files.cat(path) == b"second"
    assert files.info(path, version_id=first)["size"] == 5
    files.rm(path)
    files.invalidate_cache()
    assert not files.exists(path)
    with files.open(path, "rb", version_id=first) as file:
        assert file.read() == b"first"


def test_arrow_writes_a_partitioned_dataset_and_reads_it_back(arrow: Any, bucket: str) -> None:
    place = f"{bucket}/set"
    pyarrow.parquet.write_to_dataset(TABLE, place, partition_cols=["part"], filesystem=arrow)
    found = pyarrow.dataset.dataset(place, filesystem=arrow, partitioning="hive").to_table()
    assert sorted(found.column("id").to_pylist()) == [1, 2, 3]
    with arrow.open_output_stream(f"{bucket}/stream") as stream:
        for _ in range(12):
            stream.write(b"y" * (1 << 20))
    assert arrow.get_file_info(f"{bucket}/stream").size == 12 << 20


def test_pandas_reads_what_it_wrote(bucket: str) -> None:
    options = {"client_kwargs": {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}}
    frame = TABLE.to_pandas()
    frame.to_parquet(f"s3://{bucket}/frame.parquet", storage_options=options)
    pd.testing.assert_frame_equal(pd.read_parquet(f"s3://{bucket}/frame.parquet", storage_options=options), frame)


@pytest.fixture
def athena(arrow: Any, bucket: str) -> Any:
    """Give a connection to a database with one table over Parquet."""
    pyarrow.parquet.write_table(TABLE, f"{bucket}/people/rows.parquet", filesystem=arrow)
    connection = connect(
        s3_staging_dir=f"s3://{bucket}/results/",
        region_name="us-east-1",
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        poll_interval=0.05,
    )
    cursor = connection.cursor()
    database = bucket.replace("-", "_")
    cursor.execute(f"CREATE DATABASE {database}")
    cursor.execute(
        f"CREATE EXTERNAL TABLE {database}.people (id bigint, name string, part string) STORED AS PARQUET "
        f"LOCATION 's3://{bucket}/people/'"
    )
    return connection, f"{database}.people"


def test_pyathena_fetches_rows_with_parameters(athena: Any) -> None:
    connection, table = athena
    cursor = connection.cursor()
    cursor.execute(f"SELECT id, name FROM {table} WHERE part = %(part)s ORDER BY id", {"part": "x"})
    assert cursor.fetchall() == [(1, "a"), (2, "b")]
    assert [column[0] for column in cursor.description] == ["id", "name"]


def test_pyathena_reads_the_result_file_into_a_frame(athena: Any) -> None:
    connection, table = athena
    frame = connection.cursor(PandasCursor).execute(f"SELECT * FROM {table} ORDER BY id").as_pandas()
    assert frame["name"].tolist() == ["a", "b", "ä"]
    assert frame["id"].sum() == 6


def test_pyathena_tells_what_is_wrong_with_a_query(athena: Any) -> None:
    connection, _ = athena
    with pytest.raises(OperationalError, match="nobody"):
        connection.cursor().execute("SELECT * FROM nobody")
