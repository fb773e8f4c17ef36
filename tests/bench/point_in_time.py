"""The training set's own statement, through Athena's API, against DuckDB's ASOF JOIN over the same Parquet files."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import psutil
from tests.bench import feature_history
from tests.bench.local_aws import BUCKET, REPOSITORY, Sagelocal, sagelocal, scratch, until
from tests.bench.measure import NotMeasuredError, Row, Sample, alternate

from boatyard.spec import ModelSpec
from boatyard.spec.deployment import EXAMPLE
from boatyard.steps import RunContext, fill
from boatyard.steps.run import JOB_NAME, database_token, table_token
from boatyard.steps.training_set import statements
from sagelocal.athena.service import _limits as query_limits

DATABASE = "bench"
ROUNDS = 3
POLL = 0.02  # seconds
BAR, MEMORY_BAR = 1.5, 1.25


def point_in_time() -> Row:
    """Measure the seconds from StartQueryExecution to SUCCEEDED."""
    return _measured()[0]


def point_in_time_memory() -> Row:
    """Measure the most memory that sagelocal held during those queries, against the limit it gives DuckDB."""
    return _measured()[1]


@cache
def _measured() -> tuple[Row, Row]:
    with scratch() as folder:
        records = folder / "records"
        records.mkdir()
        feature_history.write_records(records)
        spec = feature_history.model()
        with sagelocal(folder, REPOSITORY / "containers") as aws, _duckdb(folder) as connection:
            _create_tables(aws, records)
            ours = _Unload(aws, spec)
            target = folder / "asof.parquet"
            reference = _timed(
                connection, f"COPY ({feature_history.asof_join(records)}) TO '{target}' (FORMAT parquet)"
            )
            ours(), reference()  # the first ones read the files from the disk
            seconds = alternate(ours, reference, ROUNDS)
            _require_equal(connection, ours.fetch(folder / "unloaded"), target)
    limit = int(query_limits().memory.removesuffix("MiB")) << 20
    return (
        Row("point_in_time", *seconds, "s", "lower", bar_ratio=BAR),
        Row("point_in_time_memory", ours.peak / 1e6, limit / 1e6, "MB", "lower", bar_ratio=MEMORY_BAR),
    )


def _create_tables(aws: Sagelocal, records: Path) -> None:
    s3 = aws.client("s3")
    _query(aws, f"CREATE DATABASE `{DATABASE}`")
    for group in feature_history.FEATURES:
        for file in sorted((records / group).iterdir()):
            s3.upload_file(str(file), BUCKET, f"{group}/{file.name}")
        described = ", ".join(f"`{name}` {kind}" for name, kind in feature_history.columns(group).items())
        _query(
            aws,
            f"CREATE EXTERNAL TABLE `{DATABASE}`.`{group}` ({described}) "
            f"STORED AS PARQUET LOCATION 's3://{BUCKET}/{group}/'",
        )


def _query(aws: Sagelocal, sql: str, watch: Callable[[], None] = lambda: None) -> None:
    athena = aws.client("athena")
    output = {"OutputLocation": f"s3://{BUCKET}/athena/"}
    query = athena.start_query_execution(QueryString=sql, ResultConfiguration=output)["QueryExecutionId"]

    def status() -> dict[str, Any]:
        found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        return found

    def has_ended() -> bool:
        watch()
        return status()["State"] not in ("QUEUED", "RUNNING")

    until(has_ended, 600, POLL, "the query ends")
    ended = status()
    if ended["State"] != "SUCCEEDED":
        raise NotMeasuredError(f"the query {ended['State']}: {ended.get('StateChangeReason')}\n{sql}")


class _Unload:
    """Send the statement that builds the training set; each call a new, empty place."""

    def __init__(self, aws: Sagelocal, spec: ModelSpec) -> None:
        run = replace(RunContext.for_check(replace(EXAMPLE, bucket=BUCKET)), as_of=feature_history.AS_OF)
        words = {database_token(group): DATABASE for group in spec.groups}
        words |= {table_token(group): group for group in spec.groups}
        self._statement = fill(statements(spec, run)["unload"], words)
        self._aws = aws
        self._server = psutil.Process(aws.pid)
        self._calls = 0
        self.peak = 0  # bytes that sagelocal held at most

    def __call__(self) -> float:
        self._calls += 1
        started = time.perf_counter()
        _query(self._aws, fill(self._statement, {JOB_NAME: self._job}), self._watch)
        return time.perf_counter() - started

    @property
    def _job(self) -> str:
        return f"bench-{self._calls}"

    def _watch(self) -> None:
        family = [self._server, *self._server.children(recursive=True)]
        self.peak = max(self.peak, sum(process.memory_info().rss for process in family))

    def fetch(self, folder: Path) -> str:
        """Return a pattern for the Parquet files that the last call left."""
        folder.mkdir()
        s3 = self._aws.client("s3")
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"bench/training_set/{self._job}/data/")
        for number, item in enumerate(listed["Contents"]):
            s3.download_file(BUCKET, item["Key"], str(folder / f"{number}.parquet"))
        return f"{folder}/*.parquet"


@contextmanager
def _duckdb(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with the threads and the memory that sagelocal's queries have."""
    limits = query_limits()
    spill = str(folder / "spill")
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": limits.threads,
        "memory_limit": limits.memory,
        "temp_directory": spill,
    }
    with duckdb.connect(config=config) as connection:
        yield connection


def _timed(connection: duckdb.DuckDBPyConnection, sql: str) -> Sample:
    def sample() -> float:
        started = time.perf_counter()
        connection.execute(sql)
        return time.perf_counter() - started

    return sample


def _require_equal(connection: duckdb.DuckDBPyConnection, unloaded: str, reference: Path) -> None:
    def digest(files: object) -> object:
        return connection.execute(
            f"SELECT count(*), bit_xor(hash(row)), sum(hash(row) % 1000003) FROM read_parquet('{files}') AS row"
        ).fetchone()

    if digest(unloaded) != digest(reference):
        raise NotMeasuredError("Athena and ASOF JOIN gave different training sets")
