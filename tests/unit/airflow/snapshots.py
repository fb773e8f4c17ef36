"""Small tables in the Athena of a real sagelocal, made from a query of DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from boatyard.aws import athena

GLUE_TYPES = {"VARCHAR": "string", "DOUBLE": "double", "BIGINT": "bigint"}


def snapshot(client: Callable[[str], Any], bucket: str, folder: Path, query: str, table: str = "snapshot") -> str:
    """Register what `query` answers as a table in a database called like the bucket, and return the database's name."""
    database = bucket.replace("-", "_")
    file = folder / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
        described = connection.execute(f"DESCRIBE {query}").fetchall()
    client("s3").upload_file(str(file), bucket, f"{table}/data.parquet")
    columns = ", ".join(f"`{name}` {GLUE_TYPES[kind]}" for name, kind, *_ in described)
    for statement in (
        f"CREATE DATABASE IF NOT EXISTS `{database}`",
        f"CREATE EXTERNAL TABLE `{database}`.`{table}` ({columns}) STORED AS PARQUET LOCATION 's3://{bucket}/{table}/'",
    ):
        output = {"OutputLocation": f"s3://{bucket}/athena/"}
        athena.run(client("athena"), {"QueryString": statement, "ResultConfiguration": output})
    return database
