"""When something runs by itself, and what is wrong with a schedule that does not."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import Schedule, load_feature_group, load_model
from boatyard.spec.cron import CronError, check_cron

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

STUB = "from boatyard.airflow import feature_group_dag\n\ndag = feature_group_dag(__file__)\n"


@pytest.mark.parametrize(
    "text",
    ["@daily", "@once", "0 3 * * *", "*/15 * * * *", "0 0 1,15 * MON-FRI", "5-55/10 0-6 * jan,Jul 0", "0 0 29 2 *"],
)
def test_what_comes_true_at_some_time_is_a_schedule(text: str) -> None:
    check_cron(text)


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("daily", "expected a cron expression of five fields", "@daily"),
        ("@dayly", "expected a cron expression of five fields", "@daily"),
        ("0 3 * *", "expected a cron expression of five fields", None),
        ("60 3 * * *", "minute: expected 0 to 59, got 60", None),
        ("0 24 * * *", "hour: expected 0 to 23, got 24", None),
        ("0 0 0 * *", "day of month: expected 1 to 31, got 0", None),
        ("0 0 * * mom", "day of week: there is no 'mom'", "mon"),
        ("0 0 * septembr *", "month: expected 1 to 12, got septembr", None),
        ("0 9-5 * * *", "hour: nothing lies between 9 and 5", None),
        ("*/0 * * * *", "minute: expected a step of at least 1, got 0", None),
        ("0 0 ? * *", "day of month: '?' is no number, range, list or step", None),
        ("0 0 31 2,4 *", "there is no such day: '0 0 31 2,4 *' never comes true", None),
    ],
)
def test_what_never_comes_true_is_told_with_the_nearest_right_word(
    text: str, message: str, suggestion: str | None
) -> None:
    with pytest.raises(CronError) as caught:
        check_cron(text)
    assert str(caught.value).startswith(message)
    assert caught.value.suggestion == suggestion


def scheduled(project: "Project", schedule: str) -> None:
    project.replace(project.model_file, "owner: data-science", f"owner: data-science\nschedule: {schedule}")


@pytest.mark.parametrize(
    ("text", "schedule", "ingests"),
    [
        ('"@daily"', Schedule(cron="@daily"), True),
        ('{cron: "0 3 * * *"}', Schedule(cron="0 3 * * *"), True),
        ("{assets: [digits]}", Schedule(assets=("digits",)), False),
        ('{cron: "@weekly", assets: [digits]}', Schedule(cron="@weekly", assets=("digits",)), False),
    ],
)
def test_a_model_runs_at_times_or_after_ingestion_or_both(
    project: "Project", text: str, schedule: Schedule, ingests: bool
) -> None:
    (project.group / "dag.py").write_text(STUB)
    scheduled(project, text)
    spec = load_model(project.model)
    assert spec.schedule == schedule
    assert spec.ingests is ingests


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{assets: [digts]}", ["schedule.assets[0]: there is no feature group 'digts' (did you mean 'digits'?)"]),
        ("{assets: [digits, digits]}", ["schedule.assets[1]: 'digits' is given twice"]),
        ("{asets: [digits]}", ["schedule.asets: unknown key (did you mean 'assets'?)"]),
        ("{}", ["schedule: expected cron, assets or both"]),
        ("5", ["schedule: expected a cron expression, or keys cron and assets, got 5"]),
        ("{assets: digits}", ["schedule.assets: expected a list, got 'digits'"]),
        ("0 0 * * mom", ["schedule: day of week: there is no 'mom' (did you mean 'mon'?)"]),
        ("{cron: 61 * * * *}", ["schedule.cron: minute: expected 0 to 59, got 61"]),
        (
            '{cron: "@once", assets: [digits]}',
            ["schedule: @once does not go with assets: their first update is the first run"],
        ),
    ],
)
def test_a_wrong_schedule_is_told_with_line_key_and_cure(project: "Project", text: str, expected: list[str]) -> None:
    (project.group / "dag.py").write_text(STUB)
    scheduled(project, text)
    assert project.model_errors() == [f"digits/model.yaml:3: {line}" for line in expected]


def test_a_group_that_nothing_fills_cannot_start_a_model(project: "Project") -> None:
    scheduled(project, "{assets: [digits]}")
    (error,) = project.model_errors()
    assert error == (
        "digits/model.yaml:3: schedule.assets[0]: nothing fills feature group 'digits': "
        "there is no features/digits/dag.py"
    )


def test_a_feature_group_has_a_time_of_its_own(project: "Project") -> None:
    assert load_feature_group(project.group).schedule is None
    project.replace(project.group_file, "image:", 'schedule: "@hourly"\nimage:')
    assert load_feature_group(project.group).schedule == "@hourly"
    project.replace(project.group_file, "@hourly", "@hurly")
    (error,) = project.group_errors()
    assert error.startswith("features/digits/feature_group.yaml:")
    assert error.endswith("(did you mean '@hourly'?)")


def test_a_model_is_not_named_like_the_dag_of_a_feature_group(project: "Project") -> None:
    (error,) = project.model_errors(project.model.rename(project.dags / "features_digits"))
    assert error == "features_digits/model.yaml:1: features_... are the DAGs of feature groups: choose another name"
