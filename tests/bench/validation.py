"""Ten expectations on five million rows, as the step evaluates them, against one scan of DuckDB with these figures."""

import time
from pathlib import Path

import duckdb
from tests.bench.local_aws import BUCKET, REPOSITORY, Sagelocal, sagelocal, scratch
from tests.bench.measure import NotMeasuredError, Row, alternate

from boatyard.aws import athena
from boatyard.aws.queries import Queries
from boatyard.aws.validation.evaluate import evaluated
from boatyard.aws.validation.library import great_expectations
from boatyard.aws.validation.outcome import Outcome, Table
from boatyard.spec.checks import CheckItem, expanded
from sagelocal.athena.service import _limits as query_limits

DATABASE = "bench"
ROWS = 5_000_000
ROUNDS = 3
BAR = 3.0
COLUMNS = {"visit_id": "bigint", "customer": "string", "amount": "double", "score": "double", "visits": "bigint"}
CHECKS: list[CheckItem] = [
    {"expect_table_row_count_to_be_between": {"min_value": 1_000_000}},
    {"expect_column_values_to_not_be_null": {"column": "visit_id"}},
    {"expect_column_values_to_be_unique": {"column": "visit_id"}},
    {"expect_column_values_to_not_be_null": {"column": "customer"}},
    {"expect_column_values_to_match_regex": {"column": "customer", "regex": "^c[0-9]+$"}},
    {"expect_column_values_to_be_between": {"column": "amount", "min_value": 0, "max_value": 10_000}},
    {"expect_column_values_to_be_between": {"column": "score", "min_value": 0, "max_value": 1}},
    {"expect_column_values_to_be_in_set": {"column": "visits", "value_set": list(range(20))}},
    {"expect_column_mean_to_be_between": {"column": "amount", "min_value": 4_000, "max_value": 6_000}},
    {"expect_column_max_to_be_between": {"column": "score", "max_value": 1}},
]
DATA = f"""
SELECT i AS visit_id, 'c' || (hash(i, 1) % 100000) AS customer, (hash(i, 2) % 1000000) / 100 AS amount,
  (hash(i, 3) % 1000000) / 1e6 AS score, (hash(i, 4) % 20)::BIGINT AS visits
FROM range({ROWS}) AS t(i)
"""
FIGURES = """
SELECT count(*), count(visit_id), count(DISTINCT visit_id), count(customer),
  count(*) FILTER (WHERE NOT regexp_matches(customer, '^c[0-9]+$')),
  count(*) FILTER (WHERE NOT amount BETWEEN 0 AND 10000), count(*) FILTER (WHERE NOT score BETWEEN 0 AND 1),
  count(*) FILTER (WHERE visits NOT IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)),
  avg(amount), max(score)
FROM '{file}'
"""


def validation() -> Row:
    """Measure the seconds from asking for the batch to the last figure."""
    great_expectations()
    limits = query_limits()
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": limits.threads,
        "memory_limit": limits.memory,
    }
    with scratch() as folder, duckdb.connect(config=config) as connection:
        file = folder / "visits.parquet"
        connection.execute(f"COPY ({DATA}) TO '{file}' (FORMAT parquet, COMPRESSION snappy)")
        with sagelocal(folder, REPOSITORY / "containers") as aws:
            _create_table(aws, file)

            def ours() -> float:
                started = time.perf_counter()
                _require_passed(_evaluate(aws))
                return time.perf_counter() - started

            def reference() -> float:
                started = time.perf_counter()
                connection.execute(FIGURES.format(file=file)).fetchall()
                return time.perf_counter() - started

            ours(), reference()  # the first ones read the file from the disk
            seconds = alternate(ours, reference, ROUNDS)
    return Row("validation", *seconds, "s", "lower", bar_ratio=BAR)


class _Clients:
    def __init__(self, aws: Sagelocal) -> None:
        self.new = aws.client
        self.get = aws.client


def _create_table(aws: Sagelocal, file: Path) -> None:
    aws.client("s3").upload_file(str(file), BUCKET, "visits/visits.parquet")
    columns = ", ".join(f"`{name}` {kind}" for name, kind in COLUMNS.items())
    for statement in (
        f"CREATE DATABASE `{DATABASE}`",
        f"CREATE EXTERNAL TABLE `{DATABASE}`.`visits` ({columns}) STORED AS PARQUET LOCATION 's3://{BUCKET}/visits/'",
    ):
        output = {"OutputLocation": f"s3://{BUCKET}/athena/"}
        athena.run(aws.client("athena"), {"QueryString": statement, "ResultConfiguration": output})


def _evaluate(aws: Sagelocal) -> list[Outcome]:
    clients = _Clients(aws)
    checks = [(number, check) for number, item in enumerate(CHECKS) for check in expanded(item, list(COLUMNS))]
    table = Table(DATABASE, "visits", ROWS)
    found = evaluated(table, checks, clients, Queries(clients), f"s3://{BUCKET}/validation/")
    return list(found.outcomes())


def _require_passed(outcomes: list[Outcome]) -> None:
    failed = [f"{outcome.name}: {outcome.why}" for outcome in outcomes if not outcome.success]
    if failed or len(outcomes) != len(CHECKS):
        raise NotMeasuredError(f"checks that should pass: {failed}")
