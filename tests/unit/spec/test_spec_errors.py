"""A wrong spec: every error at once, each with its file, line and key, and the nearest right name."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project


MODEL_ERRORS = [
    ("owner: data", "ownr: data", ["1: owner: is missing", "2: ownr: unknown key (did you mean 'owner'?)"]),
    ("max_runtime: 1h", "max_run: 1h", ["9: train.max_run: unknown key (did you mean 'max_runtime'?)"]),
    ("image: tabular", "name: x\nimage: tabular", ["3: name: unknown key: the folder's name is the name"]),
    (
        "max_runtime: 1h",
        "ship: true",
        [
            (
                "9: train.ship: unknown key; there is file_systems, hyperparameters, instance_type, keep_alive, "
                "max_runtime, metrics, secrets, spot"
            )
        ],
    ),
    (
        "max_runtime: 1h",
        "max_runtime: 3600",
        ["9: train.max_runtime: expected a time such as 90s, 30m, 1h or 7d, got 3600"],
    ),
    (
        "at_least: 0.88",
        "at_least: '0.88'",
        ["13: gate[0].at_least: expected a number, got '0.88'"],
    ),
    (", at_least: 0.88", "", ["13: gate[0]: expected at_least, at_most or champion"]),
    (
        "at_least",
        "at_lest",
        [
            "13: gate[0].at_lest: unknown key (did you mean 'at_least'?)",
        ],
    ),
    ("policy: auto", "policy: manual", ["15: approve.policy: 'manual' is not there yet; there is 'auto'"]),
    ("policy: auto", "policy: aut", ["15: approve.policy: expected auto, got 'aut' (did you mean 'auto'?)"]),
    (
        "process: {instance_type: ml.m5.large}",
        "process: {instance_type: m5.large}",
        ["6: process.instance_type: expected a SageMaker instance type such as ml.m5.large, got 'm5.large'"],
    ),
    (
        "process: {instance_type: ml.m5.large}",
        "process: ml.m5.large",
        ["6: process: expected keys with values, got 'ml.m5.large'"],
    ),
    (
        "eta: 0.2",
        "eta: [0.2]",
        ["10: train.hyperparameters.eta: expected a number, a string, true or false, got a list"],
    ),
    (
        "eta: 0.2",
        "as_of: 1",
        ["10: train.hyperparameters.as_of: the name 'as_of' has a meaning of its own in a run: choose another"],
    ),
    ("eta: 0.2", "eta: 0.2, eta: 0.3", ["10: train.hyperparameters.eta: given twice, first on line 10"]),
    (
        "([0-9.]+)",
        "[0-9.]+",
        ["11: train.metrics.train:merror: expected exactly one group, the metric's number, in 'train-merror:[0-9.]+'"],
    ),
    (
        "deploy: {endpoint: digits",
        "deploy: {endpoint: my_digits",
        ["16: deploy.endpoint: expected at most 63 letters, digits and '-' between them, got 'my_digits'"],
    ),
    (
        "image: tabular:0.1.0",
        "image: tabular",
        ["3: image: expected an image as name:version or as its whole URI, got 'tabular'"],
    ),
    (
        "owner: data-science",
        "owner: data-science\nschedule: '@dayly'",
        [
            (
                "3: schedule: expected a cron expression of five fields or one of @once, @hourly, @daily, @weekly, "
                "@monthly, @quarterly, @yearly, got '@dayly' (did you mean '@daily'?)"
            )
        ],
    ),
    (
        "label: digit",
        "label: digits",
        ["5: features.spine.label: group 'digits' has no feature 'digits' (did you mean 'digit'?)"],
    ),
    (
        "label: digit",
        "label: record_id",
        ["5: features.spine.label: 'record_id' cannot be one: it is the identifier, the event time or the label"],
    ),
    (
        "group: digits, label",
        "group: digit, label",
        ["5: features.spine.group: no such file: features/digit/feature_group.yaml (did you mean 'digits'?)"],
    ),
    (
        "Which digit is it?",
        "'{{ ds }}'",
        ["1: description: '{{', '{%' and '{#' are not supported: a spec holds values, not templates"],
    ),
    ("Which digit is it?", "[", ["3: not YAML: while parsing a flow sequence expected ',' or ']', but got ':'"]),
    (
        "Which digit is it?",
        "!!python/name:os.system x",
        ["1: description: the tag tag:yaml.org,2002:python/name:os.system is not supported"],
    ),
    ("approve: {policy: auto}", "approve: &a {policy: *a}", ["15: approve.policy: contains itself"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), MODEL_ERRORS, ids=[f"{new:.40}" for _, new, _ in MODEL_ERRORS])
def test_an_error_in_a_model_is_told_with_line_key_and_cure(
    project: "Project", old: str, new: str, expected: list[str]
) -> None:
    project.replace(project.model_file, old, new)
    assert project.model_errors() == [f"digits/model.yaml:{line}" for line in expected]


GROUP_ERRORS = [
    (
        "digit: Integral",
        "digit: Integer",
        ["9: features.digit: expected Integral or Fractional or String, got 'Integer' (did you mean 'Integral'?)"],
    ),
    (
        "record_identifier: record_id",
        "record_identifier: record",
        ["3: record_identifier: there is no feature 'record' (did you mean 'record_id'?)"],
    ),
    (
        "  event_time: String",
        "  event_time: Integral",
        ["4: event_time: must be String or Fractional, but 'event_time' is Integral"],
    ),
    ("  digit:", "  pixel_2:", ["5: features: feature 'pixel_2' is given twice, by 'pixel_2' for the second time"]),
    (
        "pixel_{0..3}",
        "pixel_{3..0}",
        ["5: features: expected a rising range of at most 2500 names, got 'pixel_{3..0}'"],
    ),
    (
        "  digit:",
        "  Digit:",
        ["5: features: expected names of lower-case letters, digits and '_' (at most 64), got 'Digit'"],
    ),
    (
        "  digit:",
        "  write_time:",
        ["5: features: the offline store has a column 'write_time' of its own: choose another name"],
    ),
    ("ingest: {", "ingestion: {", ["1: ingest: is missing", "11: ingestion: unknown key (did you mean 'ingest'?)"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), GROUP_ERRORS, ids=[f"{new:.40}" for _, new, _ in GROUP_ERRORS])
def test_an_error_in_a_feature_group_is_told_with_line_key_and_cure(
    project: "Project", old: str, new: str, expected: list[str]
) -> None:
    project.replace(project.group_file, old, new)
    assert project.group_errors() == [f"features/digits/feature_group.yaml:{line}" for line in expected]


def test_every_error_of_model_jobs_and_feature_group_comes_at_once(project: "Project") -> None:
    project.replace(project.model_file, "owner:", "ownr:")
    project.replace(project.model_file, "label: digit", "label: digits")
    project.replace(project.model_file, "num_class: 10", "num_class: {}")
    project.replace(project.group_file, "record_identifier: record_id", "record_identifier: record")
    (project.model / "jobs" / "train.py").rename(project.model / "jobs" / "trian.py")
    for name in ("requirements.txt", "requirements/1.txt"):
        (project.model / "jobs" / name).parent.mkdir(exist_ok=True)
        (project.model / "jobs" / name).write_text("pandas\n")
    (project.group / "jobs" / "ingest.py").unlink()
    assert project.model_errors() == [
        (
            "digits/jobs/requirements.txt:1: there is also requirements/1.txt: keep one file, or the stages of one "
            "folder"
        ),
        "digits/jobs/train.py:1: no such file (did you mean 'trian.py'?)",
        "digits/model.yaml:1: owner: is missing",
        "digits/model.yaml:2: ownr: unknown key (did you mean 'owner'?)",
        "digits/model.yaml:5: features.spine.label: group 'digits' has no feature 'digits' (did you mean 'digit'?)",
        (
            "digits/model.yaml:10: train.hyperparameters.num_class: expected a number, a string, true or false, "
            "got keys with values"
        ),
        (
            "features/digits/feature_group.yaml:3: record_identifier: there is no feature 'record' "
            "(did you mean 'record_id'?)"
        ),
        "features/digits/jobs/ingest.py:1: no such file",
    ]


def test_a_missing_spec_is_named_with_what_lies_in_its_place(project: "Project") -> None:
    project.model_file.rename(project.model / "model.yml")
    assert project.model_errors() == [
        "digits/model.yaml:1: no such file; a folder of this kind has a model.yaml (did you mean 'model.yml'?)"
    ]


def test_an_empty_spec_says_what_is_missing(project: "Project") -> None:
    project.model_file.write_text("")
    found = project.model_errors()
    assert "digits/model.yaml:1: image: is missing" in found
    assert len(found) == 11


def test_a_list_is_no_spec(project: "Project") -> None:
    project.model_file.write_text("- a\n")
    assert project.model_errors() == ["digits/model.yaml:1: expected keys with values"]


def test_a_folder_whose_name_aws_would_refuse_is_named(project: "Project") -> None:
    folder = project.model.rename(project.dags / "Digits!")
    assert project.model_errors(folder) == [
        (
            "Digits!/model.yaml:1: expected a folder name of at most 40 lower-case letters, digits, '-' and '_', "
            "got 'Digits!'"
        )
    ]
