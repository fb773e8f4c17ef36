"""A query through Athena's API, from the call to the result in S3, against the same statement in bare DuckDB."""

import statistics
import time
from pathlib import Path
from typing import Any

import duckdb
from tests.bench.local_aws import BUCKET, ECHO, Sagelocal, sagelocal, scratch
from tests.bench.measure import NotMeasuredError, Row, alternate

ROWS, FILES = 2_000_000, 8
ROUNDS, QUERIES = 5, 7
PAUSE = 0.005  # seconds from one question to the next
BAR = 0.15  # seconds

COLUMNS = "id bigint, day int, amount double, category string"
# The same words are right in both dialects.
STATEMENT = (
    "SELECT category, count(*) AS n, sum(amount) AS total, max(day) AS last "
    "FROM events WHERE day BETWEEN 10 AND 300 GROUP BY category ORDER BY total DESC LIMIT 20"
)


def athena() -> Row:
    """Measure seconds per query; the reference writes its rows to a CSV file too."""
    with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
        files = _make_files(folder / "files")
        clients = Clients(aws)
        _make_table(clients, files)
        with duckdb.connect() as bare:
            bare.execute("SET TimeZone = 'UTC'")
            bare.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{folder}/files/*.parquet')")
            result = folder / "bare.csv"
            expected = clients.query(STATEMENT)
            _bare(bare, result)
            if len(expected.splitlines()) != len(result.read_text().splitlines()):
                raise NotMeasuredError("the two results differ")
            measured = alternate(
                lambda: _median(lambda: clients.query(STATEMENT)), lambda: _median(lambda: _bare(bare, result)), ROUNDS
            )
    return Row("athena", *measured, "s", "lower", bar_difference=BAR)


def _median(call: Any) -> float:
    took = []
    for _ in range(QUERIES):
        started = time.perf_counter()
        call()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def _bare(bare: duckdb.DuckDBPyConnection, result: Path) -> None:
    bare.execute(f"COPY ({STATEMENT}) TO '{result}' (FORMAT csv, HEADER)")


def _make_files(folder: Path) -> list[Path]:
    folder.mkdir()
    each = ROWS // FILES
    with duckdb.connect() as maker:
        for number in range(FILES):
            maker.execute(
                "COPY (SELECT i AS id, CAST(hash(i) % 365 AS INTEGER) AS day, (hash(i, 1) % 100000) / 100e0 AS amount, "
                "'category-' || (hash(i, 2) % 500) AS category "
                f"FROM range({number * each}, {(number + 1) * each}) AS r(i)) "
                f"TO '{folder}/{number}.parquet' (FORMAT parquet)"
            )
    return sorted(folder.glob("*.parquet"))


def _make_table(clients: "Clients", files: list[Path]) -> None:
    for path in files:
        clients.s3.upload_file(str(path), BUCKET, f"events/{path.name}")
    clients.query(f"CREATE EXTERNAL TABLE events ({COLUMNS}) STORED AS PARQUET LOCATION 's3://{BUCKET}/events/'")


class Clients:
    """Ask as boto3 does."""

    def __init__(self, aws: Sagelocal) -> None:
        self.s3 = aws.client("s3")
        self.athena = aws.client("athena")

    def query(self, statement: str) -> str:
        """Run a statement and return its result, read from S3 as clients do."""
        started = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": "default"},
            ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
        )["QueryExecutionId"]
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if execution["Status"]["State"] == "SUCCEEDED":
                break
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                raise NotMeasuredError(f"the query ended: {execution['Status']}")
            time.sleep(PAUSE)
        location = execution["ResultConfiguration"]["OutputLocation"]
        key = location.removeprefix(f"s3://{BUCKET}/")
        text: str = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
        return text
