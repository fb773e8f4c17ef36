"""What a sound model.yaml becomes."""

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from boatyard.spec import load_feature_group, load_model

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project


def test_a_model_is_its_folder_its_file_and_its_feature_groups(project: "Project") -> None:
    spec = load_model(project.model)
    assert spec.name == "digits"
    assert spec.train.hyperparameters == {"eta": 0.2, "num_class": 10}
    assert spec.train.max_runtime == 3600
    assert spec.gate[0].at_least == 0.88
    assert spec.registration.group == "digits"
    assert spec.spine_group == load_feature_group(project.group)


def test_what_is_left_out_has_its_default(project: "Project") -> None:
    spec = load_model(project.model)
    assert spec.schedule is None
    assert spec.features.join == ()
    assert spec.process.max_runtime == 3600
    assert spec.deploy.instance_count == 1
    assert spec.smoke_test.rows == 20


def test_a_spec_cannot_be_changed(project: "Project") -> None:
    spec = load_model(project.model)
    with pytest.raises(ValidationError, match="frozen"):
        spec.owner = "somebody else"


def test_hyperparameters_keep_the_type_they_are_written_with(project: "Project") -> None:
    written = "{a: 4, b: 4.0, c: 1e-5, d: true, e: 'multi:softmax', f: '4', g: on, h: 2025-01-01}"
    project.replace(project.model_file, "{eta: 0.2, num_class: 10}", written)
    found = load_model(project.model).train.hyperparameters
    assert [(name, type(value), value) for name, value in found.items()] == [
        ("a", int, 4),
        ("b", float, 4.0),
        ("c", float, 1e-5),
        ("d", bool, True),
        ("e", str, "multi:softmax"),
        ("f", str, "4"),
        ("g", str, "on"),
        ("h", str, "2025-01-01"),
    ]


def test_a_range_of_features_expands_in_its_place(project: "Project") -> None:
    group = load_feature_group(project.group)
    assert list(group.features.items()) == [
        ("record_id", "String"),
        ("event_time", "String"),
        ("pixel_0", "Fractional"),
        ("pixel_1", "Fractional"),
        ("pixel_2", "Fractional"),
        ("pixel_3", "Fractional"),
        ("digit", "Integral"),
    ]


def test_a_range_with_leading_zeros_keeps_its_width(project: "Project") -> None:
    project.replace(project.group_file, "pixel_{0..3}", "pixel_{08..10}")
    assert {"pixel_08", "pixel_09", "pixel_10"} < set(load_feature_group(project.group).features)


def test_the_code_hash_changes_with_contents_and_names_alone(project: "Project") -> None:
    first = load_model(project.model).code_hash
    compiled = project.model / "jobs" / "__pycache__" / "train.cpython-311.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"compiled")
    (project.model / "jobs" / ".DS_Store").write_bytes(b"")
    (project.model / "jobs" / "train.py").touch()
    assert load_model(project.model).code_hash == first
    (project.model / "jobs" / "extra.py").write_text("")
    with_a_file_more = load_model(project.model).code_hash
    (project.model / "jobs" / "extra.py").rename(project.model / "jobs" / "other.py")
    assert len({first, with_a_file_more, load_model(project.model).code_hash}) == 3
