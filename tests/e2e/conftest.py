"""A whole stack of its own: real sagelocal and real Airflow in a folder of the test run."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.objects import read

from boatyard.aws.clients import client
from boatyard.cli.airflow_rest import AirflowRest
from boatyard.cli.home import Home
from boatyard.cli.stack import Stack
from boatyard.cli.watch import RunWatch

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Project:
    """A copy of the repository's DAGs beside its images, with a running stack."""

    folder: Path

    def boatyard(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "boatyard"), *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )

    @property
    def dags(self) -> Path:
        return self.folder / "dags"

    @property
    def stack(self) -> Stack:
        return Stack(Home(self.folder))

    @property
    def rest(self) -> AirflowRest:
        return self.stack.rest()

    def client(self, service: str) -> Any:
        """Return a client as `eval "$(boatyard env)"` would set it up."""
        environment = _exports(self.boatyard("env").stdout)
        return client(service, environment)

    def read(self, uri: str) -> bytes:
        """Return what an object of S3 holds."""
        return read(self.client("s3"), uri)

    def bucket(self) -> str:
        return _exports(self.boatyard("env").stdout)["BOATYARD_BUCKET"]

    def copy_model(self, source: str, name: str, changes: Mapping[str, str]) -> Path:
        """Copy a model's folder under another name with texts of its spec changed; each must be there."""
        folder = self.dags / name
        # Airflow must not see the copy before it is whole: `publish` adds the DAG file.
        shutil.copytree(self.dags / source, folder, ignore=shutil.ignore_patterns("dag.py", "__pycache__"))
        spec = folder / "model.yaml"
        text = spec.read_text()
        for old, new in changes.items():
            assert old in text, f"{spec} holds no {old!r}"
            text = text.replace(old, new)
        spec.write_text(text)
        return folder

    def publish(self, folder: Path) -> None:
        """Give a copied model its DAG file."""
        shutil.copy(self.dags / "digits" / "dag.py", folder / "dag.py")

    def watch(self, dag_id: str) -> tuple[RunWatch, list[str]]:
        lines: list[str] = []
        return RunWatch(self.rest, dag_id, lines.append), lines


def _exports(printed: str) -> dict[str, str]:
    lines = (line.removeprefix("export ") for line in printed.splitlines() if line.startswith("export "))
    return dict(line.split("=", 1) for line in lines)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share one stack in one worker where tests run side by side; two stacks halve the time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            stack = "new-models" if item.path.stem in {"test_add_a_model", "test_new_model"} else "digits"
            item.add_marker(pytest.mark.xdist_group(stack))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    for name in ("dags", "plugins"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "containers").symlink_to(REPOSITORY / "containers")
    project = Project(folder)
    started = project.boatyard("up")
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield project
    finally:
        stopped = project.boatyard("down")
        assert stopped.returncode == 0, stopped.stderr


@pytest.fixture(scope="session")
def demo(project: Project) -> dict[str, Any]:
    """The result of the first demo; every test that needs a model in service starts from it."""
    ended = project.boatyard("demo")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result: dict[str, Any] = json.loads((project.folder / "build" / "demo.json").read_text())
    return result | {"printed": ended.stdout}
