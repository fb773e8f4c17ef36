"""`sagelocal coverage`: what is said to answer does, and what is said to be missing says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sagelocal import coverage

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_has_the_tables_of_today() -> None:
    command = [sys.executable, "-m", "sagelocal", "coverage", "--markdown"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    begin, end = "<!-- coverage -->\n", "<!-- end of coverage -->"
    written = README.read_text().partition(begin)[2].partition(end)[0]
    assert written == printed, "write what `sagelocal coverage --markdown` prints between the two comments"


def test_a_service_lists_every_operation_of_its_model_once() -> None:
    found = coverage.operations("sagemaker")
    names = [operation.name for operation in found]
    assert len(set(names)) == len(names)
    assert {"CreateTrainingJob", "CreateNotebookInstance"} <= set(names)
    answered = {operation.name: operation.answered for operation in found}
    assert (answered["CreateTrainingJob"], answered["CreateNotebookInstance"]) == (coverage.REAL, coverage.MISSING)


def test_a_member_that_has_no_effect_is_listed_with_its_operation() -> None:
    (create,) = [operation for operation in coverage.operations("sagemaker") if operation.name == "CreateTrainingJob"]
    assert "RoleArn" in create.without_effect


def test_a_service_that_nobody_has_is_an_error_that_names_the_others() -> None:
    with pytest.raises(LookupError, match=r"no service 'sagemaka'; there are .*sagemaker"):
        coverage.operations("sagemaka")
