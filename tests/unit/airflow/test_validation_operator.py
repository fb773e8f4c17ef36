"""Checks of a training set, by Great Expectations over the Athena of a real sagelocal."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.snapshots import snapshot

from boatyard.airflow.operators import ValidateTrainingSetOperator
from boatyard.spec.checks import expectations
from boatyard.steps import Request

Client = Callable[[str], Any]
Checks = list[dict[str, dict[str, Any]]]

PIXELS = 12
ROWS = 1000
COLUMNS = ["record_id", "event_time", *(f"pixel_{number}" for number in range(PIXELS)), "digit"]
SOUND = {
    "record_id": "'r' || i",
    "event_time": "strftime(TIMESTAMP '2025-01-01' + INTERVAL (i) SECOND, '%Y-%m-%dT%H:%M:%SZ')",
    **{f"pixel_{number}": f"((i * {number + 3}) % 17)::DOUBLE" for number in range(PIXELS)},
    "digit": "(i % 10)::BIGINT",
}
CHECKS: Checks = [
    {"expect_table_row_count_to_be_between": {"min_value": ROWS, "max_value": ROWS}},
    {"expect_table_column_count_to_equal": {"value": len(COLUMNS)}},
    {"expect_column_values_to_not_be_null": {"column": "*"}},
    {"expect_column_values_to_be_between": {"column": "pixel_{0..11}", "min_value": 0, "max_value": 16}},
    {"expect_column_values_to_be_unique": {"column": "record_id"}},
    {"expect_column_values_to_match_regex": {"column": "record_id", "regex": "^r[0-9]+$"}},
    {"expect_column_values_to_match_like_pattern": {"column": "event_time", "like_pattern": "2025-%Z"}},
    {"expect_column_value_lengths_to_equal": {"column": "event_time", "value": 20}},
    {"expect_column_values_to_be_in_set": {"column": "digit", "value_set": list(range(10))}},
    {"expect_column_mean_to_be_between": {"column": "pixel_1", "min_value": 7, "max_value": 9}},
    {"expect_column_max_to_be_between": {"column": "pixel_2", "min_value": 16, "max_value": 16}},
    {"expect_column_quantile_values_to_be_between": {
        "column": "pixel_4", "quantile_ranges": {"quantiles": [0.1, 0.5], "value_ranges": [[0, 4], [6, 10]]}}},
    {"expect_compound_columns_to_be_unique": {"column_list": ["record_id", "event_time"]}},
    {"expect_column_values_to_be_between": {
        "column": "pixel_9", "min_value": 0, "max_value": 16, "mostly": 0.9, "row_condition": 'col("digit") > 4'}},
    {"expect_select_column_values_to_be_unique_within_record": {
        "column_list": ["pixel_0", "pixel_1"], "mostly": 0.5}},
]  # fmt: skip
# What is wrong with the data, and the one check that each must fail.
FAULTS = {
    "record_id": ("CASE WHEN i = 5 THEN 'r4' WHEN i = 6 THEN 'x6' ELSE 'r' || i END", {
        "record_id expect_column_values_to_be_unique", "record_id expect_column_values_to_match_regex"}),
    "event_time": ("CASE WHEN i = 7 THEN '2024-01-01T00:00:00Z' WHEN i = 8 THEN '2025-1-1Z' ELSE {sound} END", {
        "event_time expect_column_values_to_match_like_pattern", "event_time expect_column_value_lengths_to_equal"}),
    "pixel_0": ("CASE WHEN i = 9 THEN 17 ELSE {sound} END", {"pixel_0 expect_column_values_to_be_between"}),
    "pixel_1": ("2.0::DOUBLE", {"pixel_1 expect_column_mean_to_be_between"}),
    "pixel_2": ("least({sound}, 15.0)::DOUBLE", {"pixel_2 expect_column_max_to_be_between"}),
    "pixel_3": ("CASE WHEN i = 10 THEN NULL ELSE {sound} END", {"pixel_3 expect_column_values_to_not_be_null"}),
    "pixel_5": ("CASE WHEN i < 3 THEN -1 ELSE {sound} END", {"pixel_5 expect_column_values_to_be_between"}),
    "digit": ("CASE WHEN i = 11 THEN 11 ELSE {sound} END", {"digit expect_column_values_to_be_in_set"}),
}  # fmt: skip


def query(faults: dict[str, str]) -> str:
    values = SOUND | {name: fault.replace("{sound}", SOUND[name]) for name, fault in faults.items()}
    return f"SELECT {', '.join(f'{value} AS {name}' for name, value in values.items())} FROM range({ROWS}) AS t(i)"


def params(database: str, bucket: str, table: str = "snapshot", checks: Checks = CHECKS) -> dict[str, Any]:
    return {
        "Database": database,
        "Table": table,
        "Rows": str(ROWS),  # as Airflow renders it
        "Columns": COLUMNS,
        "Suite": "harbour",
        "Expectations": checks,
        "OutputLocation": f"s3://{bucket}/harbour/validate/{{job_name}}/",
    }


@pytest.fixture
def validate(client: Client, bucket: str, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Give a function that validates what a query answers and returns the step's result."""
    tables: dict[str, str] = {}

    def validate(sql: str, checks: Checks, task: Task | None = None) -> dict[str, Any]:
        table = tables.setdefault(sql, f"table_{len(tables)}")
        database = snapshot(client, bucket, tmp_path, sql, table)
        asked = Request("boatyard", "Validate", params(database, bucket, table, checks))
        made = ValidateTrainingSetOperator(task_id="validate", requests=[asked], aws_conn_id=None)
        result: dict[str, Any] = made.execute((task or Task()).context())
        return result

    return validate


def test_sound_data_pass_and_leave_results_and_pages_in_s3(
    validate: Callable[..., dict[str, Any]], client: Client, bucket: str
) -> None:
    result = validate(query({}), CHECKS)
    assert result["success"] is True
    assert (result["failed"], result["warnings"]) == ([], 0)
    key = result["result_uri"].removeprefix(f"s3://{bucket}/")
    kept = json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert kept["success"] is True
    assert kept["statistics"]["evaluated_expectations"] == 15 + len(COLUMNS) - 1 + PIXELS - 1
    page = client("s3").get_object(Bucket=bucket, Key=result["data_docs_uri"].removeprefix(f"s3://{bucket}/"))
    assert page["ContentType"] == "text/html"
    assert b"harbour" in page["Body"].read()


def test_ten_planted_faults_are_the_ten_that_are_shown(
    validate: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    task = Task()
    wanted = {name for _, names in FAULTS.values() for name in names}
    assert len(wanted) == 10
    with caplog.at_level(logging.INFO, "boatyard"), pytest.raises(AirflowFailException) as caught:
        validate(query({name: fault for name, (fault, _) in FAULTS.items()}), CHECKS, task)
    assert set(task.pushed["return_value"]["failed"]) == wanted
    assert task.pushed["return_value"]["success"] is False
    assert str(caught.value).startswith("10 checks failed: ")
    assert str(caught.value).endswith(f"see {task.pushed['return_value']['data_docs_uri']}")
    shown = [record.getMessage() for record in caplog.records if record.getMessage().startswith("FAILED")]
    assert len(shown) == 10
    (pixel,) = [line for line in shown if "pixel_5" in line]
    assert re.search(r"pixel_5 +expect_column_values_to_be_between +3 \(0\.3 %\) +such as -1", pixel)


def test_a_failed_warning_lets_the_run_go_on(
    validate: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    warning = {"column": "digit", "value_set": [0, 1], "mostly": 0.9, "severity": "warning"}
    with caplog.at_level(logging.INFO, "boatyard"):
        result = validate(query({}), [{"expect_column_values_to_be_in_set": warning}])
    assert result["success"] is True
    assert result["warnings"] == 1
    assert result["failed"] == ["digit expect_column_values_to_be_in_set"]
    assert any(
        re.search(r"^FAILED +warning +digit .* 800 \(80 %\) +such as [2-9]", record.getMessage())
        for record in caplog.records
    )


def test_without_checks_nothing_is_asked(validate: Callable[..., dict[str, Any]]) -> None:
    result = validate(query({}), [])
    assert result == {"success": True, "failed": [], "warnings": 0, "result_uri": None, "data_docs_uri": None}


def test_a_check_that_athena_cannot_evaluate_blames_no_other_and_may_be_tried_again(
    validate: Callable[..., dict[str, Any]],
) -> None:
    task = Task()
    impossible = {"column": "digit", "value_set": ["a", "b"]}
    with pytest.raises(AirflowException) as caught:
        validate(query({}), [*CHECKS[2:5], {"expect_column_values_to_be_in_set": impossible}], task)
    assert not isinstance(caught.value, AirflowFailException)
    assert task.pushed["return_value"]["failed"] == ["digit expect_column_values_to_be_in_set"]
    assert str(caught.value).startswith("1 check failed: digit expect_column_values_to_be_in_set (could not be eval")


def test_many_failures_are_all_counted_and_some_of_them_shown(
    validate: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    checks: Checks = [
        {"expect_column_values_to_be_between": {"column": "pixel_*", "min_value": 0, "max_value": 15}},
        {"expect_column_values_to_be_between": {"column": "pixel_*", "min_value": 1, "max_value": 16}},
    ]
    with caplog.at_level(logging.INFO, "boatyard"), pytest.raises(AirflowFailException, match=r"^24 checks failed"):
        validate(query({}), checks)
    shown = [record.getMessage() for record in caplog.records if record.getMessage().startswith("FAILED")]
    assert len(shown) == 24
    assert sum("such as" in line for line in shown) == 20
    assert all(re.search(r" (58|59) \(5\.[89] %\)", line) for line in shown)


def test_a_killed_validation_asks_no_more(client: Client, bucket: str, tmp_path: Path) -> None:
    made = ValidateTrainingSetOperator(
        task_id="validate",
        requests=[Request("boatyard", "Validate", params(snapshot(client, bucket, tmp_path, query({})), bucket))],
        aws_conn_id=None,
    )
    made.on_kill()
    with pytest.raises(AirflowException, match="killed before the next query"):
        made.execute(Task().context())


def test_a_table_that_is_gone_is_named(validate: Callable[..., dict[str, Any]], client: Client, bucket: str) -> None:
    asked = Request("boatyard", "Validate", params("nowhere", bucket, "gone"))
    made = ValidateTrainingSetOperator(task_id="validate", requests=[asked], aws_conn_id=None)
    with pytest.raises(AirflowException, match=r"Athena cannot read nowhere\.gone: "):
        made.execute(Task().context())


# An expectation that sound data meet; each that the table of a spec knows must be among them.
EXAMPLES: Checks = [
    *CHECKS,
    {"expect_column_distinct_values_to_be_in_set": {"column": "digit", "value_set": list(range(10))}},
    {"expect_column_distinct_values_to_contain_set": {"column": "digit", "value_set": [1, 2]}},
    {"expect_column_distinct_values_to_equal_set": {"column": "digit", "value_set": list(range(10))}},
    {"expect_column_kl_divergence_to_be_less_than": {"column": "digit", "threshold": 0.1, "partition_object": {
        "values": list(range(10)), "weights": [0.1] * 10}}},
    {"expect_column_median_to_be_between": {"column": "pixel_1", "min_value": 7, "max_value": 9}},
    {"expect_column_min_to_be_between": {"column": "pixel_1", "min_value": 0, "max_value": 0}},
    {"expect_column_most_common_value_to_be_in_set": {
        "column": "digit", "value_set": list(range(10)), "ties_okay": True}},
    {"expect_column_pair_values_a_to_be_greater_than_b": {
        "column_A": "pixel_0", "column_B": "pixel_1", "or_equal": True, "mostly": 0.3}},
    {"expect_column_pair_values_to_be_equal": {"column_A": "pixel_0", "column_B": "pixel_0"}},
    {"expect_column_pair_values_to_be_in_set": {
        "column_A": "digit", "column_B": "digit", "value_pairs_set": [[n, n] for n in range(10)]}},
    {"expect_column_proportion_of_non_null_values_to_be_between": {"column": "digit", "min_value": 1}},
    {"expect_column_proportion_of_unique_values_to_be_between": {"column": "digit", "max_value": 0.01}},
    {"expect_column_stdev_to_be_between": {"column": "pixel_1", "min_value": 4, "max_value": 6}},
    {"expect_column_sum_to_be_between": {"column": "digit", "min_value": 4500, "max_value": 4500}},
    {"expect_column_to_exist": {"column": "digit", "column_index": len(COLUMNS) - 1}},
    {"expect_column_type_to_be": {"column": "digit", "type_": "BIGINT"}},
    {"expect_column_unique_value_count_to_be_between": {"column": "digit", "min_value": 10, "max_value": 10}},
    {"expect_column_value_lengths_to_be_between": {"column": "record_id", "min_value": 2, "max_value": 4}},
    {"expect_column_value_z_scores_to_be_less_than": {"column": "pixel_0", "threshold": 3, "double_sided": True}},
    {"expect_column_values_to_be_in_type_list": {"column": "digit", "type_list": ["BIGINT", "INTEGER"]}},
    {"expect_column_values_to_be_null": {"column": "digit", "row_condition": 'col("digit") > 9'}},
    {"expect_column_values_to_be_of_type": {"column": "digit", "type_": "BIGINT"}},
    {"expect_column_values_to_match_like_pattern_list": {
        "column": "record_id", "like_pattern_list": ["r%", "%"], "match_on": "all"}},
    {"expect_column_values_to_match_regex_list": {"column": "record_id", "regex_list": ["^r", "^x"]}},
    {"expect_column_values_to_not_be_in_set": {"column": "digit", "value_set": [11]}},
    {"expect_column_values_to_not_be_outliers": {"column": "digit", "method": "std", "multiplier": 3}},
    {"expect_column_values_to_not_match_like_pattern": {
        "column": "record_id", "like_pattern": "r!_%", "escape": "!"}},
    {"expect_column_values_to_not_match_like_pattern_list": {
        "column": "record_id", "like_pattern_list": ["x%", "y%"]}},
    {"expect_column_values_to_not_match_regex": {"column": "record_id", "regex": "[a-q]"}},
    {"expect_column_values_to_not_match_regex_list": {"column": "record_id", "regex_list": ["^x", "^y"]}},
    {"expect_multicolumn_sum_to_equal": {
        "column_list": ["pixel_0", "pixel_1"], "sum_total": 0, "mostly": 0.01}},
    {"expect_multicolumn_values_to_be_equal": {"column_list": ["pixel_0", "pixel_0"]}},
    {"expect_table_column_count_to_be_between": {"min_value": 1, "max_value": 20}},
    {"expect_table_columns_to_match_ordered_list": {"column_list": ["*"]}},
    {"expect_table_columns_to_match_set": {"column_set": ["*"], "exact_match": True}},
    {"expect_table_row_count_to_equal": {"value": ROWS}},
    {"expect_table_row_count_to_equal_other_table": {"other_table_name": "table_0"}},
    {"unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE digit > 9"}},
]  # fmt: skip


@pytest.mark.unverified
def test_every_expectation_of_the_table_is_evaluated_by_athena(validate: Callable[..., dict[str, Any]]) -> None:
    assert {name for item in EXAMPLES for name in item} == set(expectations())
    assert validate(query({}), EXAMPLES)["failed"] == []
