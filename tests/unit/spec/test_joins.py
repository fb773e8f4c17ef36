"""Features of a second group: found by their entity, and every error told."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import load_model

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

JOINED = """\
  join:
    - {group: writers, features: [age], max_age: 30d}
"""

WRITERS = """\
description: Who writes
owner: data-science
record_identifier: writer
event_time: at
features: {writer: Integral, at: Fractional, age: Integral}
image: tabular:0.1.0
ingest: {instance_type: ml.m5.large}
"""


@pytest.fixture
def joined(project: "Project") -> "Project":
    """The model with a second feature group, whose identifier the spine has."""
    project.replace(project.model_file, "process:", f"{JOINED}process:")
    project.replace(project.group_file, "  digit:", "  writer: Integral\n  digit:")
    writers = project.dags / "features" / "writers"
    (writers / "jobs").mkdir(parents=True)
    (writers / "jobs" / "ingest.py").write_text("")
    (writers / "feature_group.yaml").write_text(WRITERS)
    return project


def test_a_join_finds_its_entity_by_the_groups_record_identifier(joined: "Project") -> None:
    spec = load_model(joined.model)
    assert spec.features.join[0].entity(spec.groups) == "writer"
    assert spec.features.join[0].max_age == 30 * 86400


JOIN_ERRORS = [
    ("[age]", "[ages]", "7: features.join[0].features[0]: group 'writers' has no feature 'ages' (did you mean 'age'?)"),
    ("[age]", "[age, age]", "7: features.join[0].features[1]: 'age' is given twice"),
    (
        "writers, f",
        "writers, on: write, f",
        "7: features.join[0].on: group 'digits' has no feature 'write' (did you mean 'writer'?)",
    ),
    (
        "writers, f",
        "writers, on: record_id, f",
        "7: features.join[0].on: 'record_id' of 'digits' is String, but 'writers' is identified by Integral",
    ),
    (
        "group: writers",
        "group: writer",
        "7: features.join[0].group: no such file: features/writer/feature_group.yaml (did you mean 'writers'?)",
    ),
    (
        "max_age: 30d",
        "max_age: month",
        "7: features.join[0].max_age: expected a time such as 90s, 30m, 1h or 7d, got 'month'",
    ),
    (
        "group: writers, features: [age]",
        "group: digits, features: [pixel_1]",
        "7: features.join[0].group: is the spine itself",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), JOIN_ERRORS, ids=[new for _, new, _ in JOIN_ERRORS])
def test_an_error_in_a_join_is_told_with_line_key_and_cure(
    joined: "Project", old: str, new: str, expected: str
) -> None:
    joined.replace(joined.model_file, old, new)
    assert joined.model_errors() == [f"digits/model.yaml:{expected}"]


def test_a_join_without_its_entity_in_the_spine_says_how_to_name_it(joined: "Project") -> None:
    joined.replace(joined.group_file, "  writer: Integral\n", "")
    assert joined.model_errors() == [
        (
            "digits/model.yaml:7: features.join[0]: group 'digits' has no feature 'writer': "
            "say with 'on' which feature holds the record identifier"
        )
    ]
