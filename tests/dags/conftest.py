"""DAG files are parsed by a real Airflow in a process and home of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from boatyard.spec.deployment import EXAMPLE

REPOSITORY = Path(__file__).parents[2]

PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1], bundle_name="test")
errors = {path: text for path, text in bag.import_errors.items()}
dags = {}
for name, dag in bag.dags.items():
    dags[name] = {
        "tasks": [task.task_id for task in dag.topological_sort()],
        "downstream": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
        "operators": {task.task_id: type(task).__name__ for task in dag.tasks},
        "retries": {task.task_id: task.retries for task in dag.tasks},
        "params": {key: param.schema | {"default": param.value} for key, param in dag.params.items()},
        "catchup": dag.catchup,
        "paused_at_first": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "schedule": dag.schedule,
        "doc": dag.doc_md,
        "owner": dag.owner,
        "notify": {task.task_id: task.notify for task in dag.tasks if hasattr(task, "notify")},
        "tags": sorted(dag.tags),
    }
modules = sorted(name for name in sys.modules if "." not in name)
from airflow.serialization.serialized_objects import DagSerialization

for dag in bag.dags.values():
    json.dumps(DagSerialization.to_dict(dag))  # what Airflow keeps of it
print(json.dumps({"dags": dags, "errors": errors, "modules": modules}, default=str))
"""


@dataclass(frozen=True)
class Parsed:
    """What a parse of a folder of DAGs gave."""

    dags: dict[str, dict[str, Any]]
    errors: dict[str, str]
    modules: set[str]


Parse = Callable[..., Parsed]


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """Give a copy of the repository's DAGs."""
    folder = tmp_path / "dags"
    shutil.copytree(REPOSITORY / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def airflow_environment(home: Path) -> dict[str, str]:
    """Return the environment of an Airflow of its own that knows a deployment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_", "BOATYARD_"))}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "BOATYARD_BUCKET": EXAMPLE.bucket,
        "BOATYARD_ROLE_ARN": EXAMPLE.role_arn,
        "BOATYARD_IMAGE_REGISTRY": EXAMPLE.image_registry,
        "BOATYARD_DEPLOYMENT": "test",
        "AWS_REGION": EXAMPLE.region,
    }


@pytest.fixture(scope="session")
def parse(tmp_path_factory: pytest.TempPathFactory) -> Parse:
    """Give a function that parses a folder of DAGs, `without` some settings of the environment."""

    def parse(folder: Path, without: tuple[str, ...] = (), **more: str) -> Parsed:
        environment = airflow_environment(tmp_path_factory.mktemp("airflow")) | more
        ended = subprocess.run(
            [sys.executable, "-c", PARSE, str(folder)],
            env={name: value for name, value in environment.items() if name not in without},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        answer = json.loads(ended.stdout.splitlines()[-1])
        return Parsed(answer["dags"], answer["errors"], set(answer["modules"]))

    return parse


@pytest.fixture(scope="session")
def parsed(parse: Parse) -> Parsed:
    """Give the repository's own DAGs as Airflow sees them."""
    return parse(REPOSITORY / "dags")
