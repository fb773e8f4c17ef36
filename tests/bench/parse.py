"""The parse of one more model file, against a file with as many EmptyOperators."""

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.local_aws import REPOSITORY, own_environment, scratch
from tests.bench.measure import NotMeasuredError, Row

from boatyard.spec.deployment import EXAMPLE
from boatyard.steps import STEPS

ROUNDS = 15
BAR_MS = 50.0

EMPTY = f"""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

with DAG("empty", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False) as dag:
    chain(*[EmptyOperator(task_id=f"step_{{number}}") for number in range({len(STEPS)})])
"""


def parse() -> Row:
    """Measure a second model beside the first one, whose parse has loaded what can be loaded once."""
    with scratch() as folder:
        dags = folder / "dags"
        shutil.copytree(REPOSITORY / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(dags / "digits", dags / "digits_more")
        (dags / "empty.py").write_text(EMPTY)
        _, ours, reference = _seconds(folder, dags, ["digits/dag.py", "digits_more/dag.py", "empty.py"])
    return Row("parse", ours * 1000, reference * 1000, "ms", "lower", bar_difference=BAR_MS)


def _seconds(folder: Path, dags: Path, files: list[str]) -> list[float]:
    environment = own_environment() | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "BOATYARD_BUCKET": EXAMPLE.bucket,
        "BOATYARD_ROLE_ARN": EXAMPLE.role_arn,
        "BOATYARD_IMAGE_REGISTRY": EXAMPLE.image_registry,
        "AWS_REGION": EXAMPLE.region,
    }
    command = [sys.executable, "-m", "tests.bench.dag_processor", str(dags), str(ROUNDS), *files]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY, check=False)
    if ended.returncode:
        raise NotMeasuredError(f"the dag-processor ended with {ended.returncode}: {ended.stderr[-3000:]}")
    return [statistics.median(samples) for samples in json.loads(ended.stdout.splitlines()[-1])]
