"""docs/add-a-model.md, followed word for word: its files written, its commands run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import REPOSITORY, Project

PAGE = REPOSITORY / "docs" / "add-a-model.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(dags/[\w./-]+\.\w+)`")
SET_UP = "make setup"  # has happened, where these tests run

pytestmark = pytest.mark.timeout(900)


def write_file(project: Project, before: str, text: str) -> None:
    """Write a block into the file that the text before it names last."""
    path = project.folder / FILE.findall(before)[-1]
    assert path.is_file(), f"{path} is not one of the files that boatyard new-model wrote"
    path.write_text(text)


def run_commands(project: Project, text: str) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        ["bash", "-euc", text],
        cwd=project.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{text}\n{ended.stdout}\n{ended.stderr}"


def test_the_page_leads_to_a_live_endpoint_word_for_word(project: Project) -> None:
    page = PAGE.read_text()
    for block in BLOCK.finditer(page):
        language, text = block.groups()
        if language == "sh" and not text.startswith(SET_UP):
            run_commands(project, text)
        elif language in ("python", "yaml"):
            write_file(project, page[: block.start()], text)
    for name in ("tide", "wine"):
        endpoint = project.client("sagemaker").describe_endpoint(EndpointName=name)
        assert endpoint["EndpointStatus"] == "InService"
    (package,) = project.client("sagemaker").list_model_packages(
        ModelPackageGroupName="wine", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )["ModelPackageSummaryList"]
    assert package["ModelApprovalStatus"] == "Approved"
