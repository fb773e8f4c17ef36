"""Checks written into a spec leave all else as it was."""

from pathlib import Path

import pytest

from boatyard.cli.profile import as_yaml, insert

CHECKS = as_yaml([{"expect_column_values_to_be_between": {"column": "pixel_{0..3}", "min_value": 0, "max_value": 16}}])
FEATURES = "features:\n  spine: {group: digits, label: digit} # a comment\n"
SPECS = [
    (f"owner: x\n{FEATURES}process: 1\n", f"owner: x\n{FEATURES}{CHECKS}\nprocess: 1\n"),
    (f"owner: x\n\n{FEATURES}\n# shapes\nprocess: 1\n", f"owner: x\n\n{FEATURES}\n{CHECKS}\n# shapes\nprocess: 1\n"),
    (f"owner: x\n{FEATURES}", f"owner: x\n{FEATURES}{CHECKS}\n"),
    (f"owner: x\n{FEATURES}".rstrip("\n"), f"owner: x\n{FEATURES}{CHECKS}\n"),
]


def test_checks_are_one_line_each_and_quoted_where_yaml_needs_it() -> None:
    assert CHECKS == (
        "checks:\n  - expect_column_values_to_be_between: {column: 'pixel_{0..3}', min_value: 0, max_value: 16}\n"
    )


@pytest.mark.parametrize(("before", "after"), SPECS)
def test_checks_are_put_behind_the_features(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(before)
    insert(file, CHECKS)
    assert file.read_text() == after
    assert [path.name for path in tmp_path.iterdir()] == ["model.yaml"]
