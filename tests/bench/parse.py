"""The parse of one more model file, against a file with as many EmptyOperators."""

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.local_aws import REPOSITORY, own_environment, scratch
from tests.bench.measure import NotMeasuredError, Row

from boatyard.spec.deployment import EXAMPLE

ROUNDS = 15
BAR_MS = 50.0

EMPTY = """
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

for name, tasks in enumerate({tasks}):
    with DAG(f"empty_{{name}}", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False):
        chain(*[EmptyOperator(task_id=f"step_{{number}}") for number in range(tasks)])
"""


def parse() -> Row:
    """Measure a second model beside the first one, whose parse has loaded what can be loaded once."""
    with scratch() as folder:
        dags = folder / "dags"
        shutil.copytree(REPOSITORY / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(dags / "digits", dags / "digits_more")
        (more,) = _parsed(folder, dags, 0, ["digits_more/dag.py"])
        # as many DAGs with as many tasks
        (dags / "empty.py").write_text(EMPTY.format(tasks=more["tasks"]))
        _, *parsed = _parsed(folder, dags, ROUNDS, ["digits/dag.py", "digits_more/dag.py", "empty.py"])
        ours, reference = (statistics.median(file["seconds"]) * 1000 for file in parsed)
    return Row("parse", ours, reference, "ms", "lower", bar_difference=BAR_MS)


def _parsed(folder: Path, dags: Path, rounds: int, files: list[str]) -> list[dict[str, Any]]:
    environment = own_environment() | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "BOATYARD_BUCKET": EXAMPLE.bucket,
        "BOATYARD_ROLE_ARN": EXAMPLE.role_arn,
        "BOATYARD_IMAGE_REGISTRY": EXAMPLE.image_registry,
        "AWS_REGION": EXAMPLE.region,
    }
    command = [sys.executable, "-m", "tests.bench.dag_processor", str(dags), str(rounds), *files]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=REPOSITORY, check=False, timeout=600
    )
    if ended.returncode:
        raise NotMeasuredError(f"the dag-processor ended with {ended.returncode}: {ended.stderr[-3000:]}")
    parsed: list[dict[str, Any]] = json.loads(ended.stdout.splitlines()[-1])
    return parsed
