"""Checks in a spec: Great Expectations' names and arguments, told apart from wrong ones before anything runs."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import load_model
from boatyard.spec.checks import Check, expanded, matching

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

COLUMNS = ["record_id", "event_time", "pixel_0", "pixel_1", "pixel_2", "pixel_3", "digit"]
BETWEEN = "expect_column_values_to_be_between"


def put(project: "Project", *items: str) -> None:
    """Put checks on the lines from 7 on, below their key on line 6."""
    listed = "".join(f"  - {item}\n" for item in items)
    project.replace(project.model_file, "process: {", f"checks:\n{listed}process: {{")


SOUND = [
    "expect_table_row_count_to_be_between: {min_value: 100}",
    "expect_column_values_to_not_be_null: {column: '*', mostly: 0.95, severity: warning}",
    "expect_column_values_to_be_between: {column: 'pixel_{0..3}', min_value: 0, max_value: 16}",
    "expect_column_values_to_be_between: {column: digit, min_value: null, max_value: 9, strict_max: false}",
    "expect_column_values_to_be_in_set: {column: digit, value_set: [0, 1, null]}",
    "expect_column_values_to_be_in_set: {column: record_id, value_set: [a, b], row_condition: 'col(\"digit\") > 3'}",
    "expect_compound_columns_to_be_unique: {column_list: [record_id, 'pixel_{0..1}']}",
    "expect_column_values_to_not_be_outliers: {column: pixel_0, method: std}",
    "unexpected_rows_expectation: {unexpected_rows_query: 'SELECT * FROM {batch} WHERE digit > 9'}",
]


def test_sound_checks_are_kept_as_they_are_written(project: "Project") -> None:
    put(project, *SOUND)
    spec = load_model(project.model)
    assert len(spec.checks) == len(SOUND)
    assert spec.checks[2] == {BETWEEN: {"column": "pixel_{0..3}", "min_value": 0, "max_value": 16}}


def test_a_spec_needs_no_checks(project: "Project") -> None:
    assert load_model(project.model).checks == ()


# An item of `checks:`, the place in it, and what is wrong there.
ERRORS = [
    (
        "expect_column_values_to_be_betwen: {column: digit, min_value: 0}",
        "",
        "Great Expectations has no expectation of that name (did you mean 'expect_column_values_to_be_between'?)",
    ),
    (
        "ExpectColumnValuesToBeBetween: {column: digit, min_value: 0}",
        "",
        "Great Expectations has no expectation of that name (did you mean 'expect_column_values_to_be_between'?)",
    ),
    (
        "expect_column_values_to_be_increasing: {column: digit}",
        "",
        "Great Expectations evaluates it in pandas or Spark only, not in Athena",
    ),
    (
        "expect_column_values_to_be_between: {column: digit, min_valu: 0, max_value: 1}",
        ".min_valu",
        "unknown argument (did you mean 'min_value'?)",
    ),
    (
        "expect_column_values_to_be_between: {column: digit, min_value: '0'}",
        ".min_value",
        "expected a number or a date or time (ISO 8601), got '0'",
    ),
    (
        "expect_column_values_to_be_between: {column: digit, min_value: 2025-01-01}",
        ".min_value",
        "column 'digit' is Integral: expected a number, got '2025-01-01'",
    ),
    (
        "expect_column_values_to_be_between: {column: digit}",
        "",
        "needs min_value or max_value",
    ),
    (
        "expect_column_values_to_be_between: {min_value: 1}",
        "",
        "needs the argument 'column'",
    ),
    (
        "expect_column_values_to_be_between: {column: digit, min_value: 9, max_value: 1}",
        ".max_value",
        "nothing lies between 9 and 1",
    ),
    (
        "expect_column_values_to_be_between: {column: digits, min_value: 0}",
        ".column",
        "the training set has no column 'digits' (did you mean 'digit'?)",
    ),
    (
        "expect_column_values_to_be_between: {column: 'pixel_{0..9}', min_value: 0}",
        ".column",
        "the training set has no column 'pixel_4' (did you mean 'pixel_3'?)",
    ),
    (
        "expect_column_values_to_be_between: {column: 'pixels_*', min_value: 0}",
        ".column",
        "no column of the training set is called like 'pixels_*'",
    ),
    (
        "expect_column_values_to_be_between: {column: record_id, min_value: 0}",
        ".column",
        "needs a column that is Integral or Fractional, but 'record_id' is String",
    ),
    (
        "expect_column_values_to_match_regex: {column: digit, regex: '^1'}",
        ".column",
        "needs a column that is String, but 'digit' is Integral",
    ),
    (
        "expect_column_values_to_be_in_set: {column: digit, value_set: [1, '2']}",
        ".value_set",
        "column 'digit' is Integral: expected a number, got '2'",
    ),
    (
        "expect_column_values_to_be_in_set: {column: record_id, value_set: [1]}",
        ".value_set",
        "column 'record_id' is String: expected a string, got 1",
    ),
    (
        "expect_column_values_to_be_in_set: {column: digit, value_set: []}",
        ".value_set",
        "expected a list of one value or more, got a list",
    ),
    (
        "expect_column_values_to_not_be_null: {column: digit, mostly: 95}",
        ".mostly",
        "expected a number from 0 to 1, got 95",
    ),
    (
        "expect_column_values_to_not_be_null: {column: digit, severity: warn}",
        ".severity",
        "expected critical or warning, got 'warn' (did you mean 'warning'?)",
    ),
    (
        "expect_column_values_to_match_regex_list: {column: record_id, regex_list: [a, 1]}",
        ".regex_list",
        "expected a string, got 1",
    ),
    (
        "expect_column_values_to_not_be_outliers: {column: pixel_0}",
        "",
        "needs the argument 'method'",
    ),
    (
        "expect_column_values_to_not_be_outliers: {column: pixel_0, method: iqr}",
        ".method",
        "expected std, got 'iqr'",
    ),
    (
        "expect_compound_columns_to_be_unique: {column_list: [record_id, digits]}",
        ".column_list[1]",
        "the training set has no column 'digits' (did you mean 'digit'?)",
    ),
    (
        "{expect_table_row_count_to_be_between: {min_value: 1}, severity: warning}",
        None,
        "severity belongs among the expectation's arguments, such as {severity: warning}",
    ),
    (
        "{expect_table_row_count_to_equal: {value: 1}, expect_table_column_count_to_equal: {value: 1}}",
        None,
        (
            "expected one expectation in each item, got expect_table_row_count_to_equal, "
            "expect_table_column_count_to_equal: put a '-' before each"
        ),
    ),
    (
        "expect_table_row_count_to_be_between:",
        "",
        "expected keys with values, got nothing",
    ),
    (
        "expect_column_values_to_be_null: {column: digit, row_condition: 'col(\"digits\") > 3'}",
        ".row_condition",
        "the training set has no column 'digits' (did you mean 'digit'?)",
    ),
]


@pytest.mark.parametrize(("item", "place", "message"), ERRORS, ids=[f"{item:.60}" for item, *_ in ERRORS])
def test_a_wrong_check_is_told_with_line_key_and_cure(
    project: "Project", item: str, place: str | None, message: str
) -> None:
    put(project, item)
    key = "checks[0]" if place is None else f"checks[0].{item.partition(':')[0]}{place}"
    assert project.model_errors() == [f"digits/model.yaml:7: {key}: {message}"]


def test_the_same_check_twice_is_told_with_the_line_of_the_first(project: "Project") -> None:
    put(
        project,
        f"{BETWEEN}: {{column: 'pixel_*', min_value: 0}}",
        f"{BETWEEN}: {{column: pixel_2, min_value: 0, severity: warning}}",
    )
    assert project.model_errors() == [
        f"digits/model.yaml:8: checks[1].{BETWEEN}: the same check of 'pixel_2' stands on line 7"
    ]


def test_wrong_checks_are_told_beside_every_other_error(project: "Project") -> None:
    put(project, "expect_nothing: {}")
    project.replace(project.model_file, "owner:", "ownr:")
    project.replace(project.model_file, "label: digit", "label: digits")
    told = project.model_errors()
    assert any("ownr" in error for error in told)
    assert any("features.spine.label" in error for error in told)
    assert any("expect_nothing: Great Expectations has no" in error for error in told)


def test_a_range_and_a_pattern_stand_for_columns_and_a_name_for_itself() -> None:
    assert matching("pixel_{1..3}", COLUMNS) == ["pixel_1", "pixel_2", "pixel_3"]
    assert matching("pixel_*", COLUMNS) == ["pixel_0", "pixel_1", "pixel_2", "pixel_3"]
    assert matching("digit", COLUMNS) == ["digit"]
    assert matching("nothing", COLUMNS) == ["nothing"]
    assert matching("no*", COLUMNS) == []


def test_a_check_of_several_columns_is_one_check_for_each() -> None:
    item = {BETWEEN: {"column": "pixel_{0..1}", "min_value": 0, "max_value": None, "severity": "warning"}}
    assert list(expanded(item, COLUMNS)) == [
        Check(BETWEEN, {"column": column, "min_value": 0}, "warning") for column in ("pixel_0", "pixel_1")
    ]


def test_a_check_across_columns_stays_one_and_knows_them() -> None:
    (check,) = expanded({"expect_compound_columns_to_be_unique": {"column_list": ["pixel_*", "digit"]}}, COLUMNS)
    assert check.columns == ("pixel_0", "pixel_1", "pixel_2", "pixel_3", "digit")
    assert check.severity == "critical"
