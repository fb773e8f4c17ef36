"""What Airflow and our operator add to a short job, against what Airflow adds to nothing."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.local_aws import ECHO, REPOSITORY, scratch, until
from tests.bench.measure import NotMeasuredError, Row, Sample, alternate

from boatyard.aws.clients import client
from boatyard.cli.environment import client_environment
from boatyard.cli.home import Home
from boatyard.cli.stack import Stack

TASKS = 8
JOB_SECONDS = (0.5, 1.0, 2.0, 6.0)  # of the tasks in turn: how late an end is seen depends on it
ROUNDS = 7  # Airflow pauses for seconds now and then, between any two tasks
BAR = 1.2
OURS, REFERENCE = "jobs", "nothing"

NOTHING = f'''
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, chain


def nothing() -> None:
    pass


with DAG("{REFERENCE}", schedule=None) as dag:
    chain(*[PythonOperator(task_id=f"task_{{number}}", python_callable=nothing) for number in range({TASKS})])
'''

JOBS = f'''
import os

from airflow.sdk import DAG, chain

from boatyard.airflow.operators.processing import SageMakerProcessingOperator

SECONDS = {JOB_SECONDS}


def task(number):
    script = f"import time; time.sleep({{SECONDS[number % len(SECONDS)]}})"
    config = {{
        "AppSpecification": {{
            "ImageUri": os.environ["BOATYARD_IMAGE_REGISTRY"] + "/echo:latest",
            "ContainerEntrypoint": ["python3", "-c", script],
        }},
        "ProcessingResources": {{
            "ClusterConfig": {{"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}}
        }},
        "StoppingCondition": {{"MaxRuntimeInSeconds": 600}},
        "RoleArn": os.environ["BOATYARD_ROLE_ARN"],
    }}
    return SageMakerProcessingOperator(task_id=f"task_{{number}}", config=config, deferrable=True)


with DAG("{OURS}", schedule=None) as dag:
    chain(*map(task, range({TASKS})))
'''


def orchestration() -> Row:
    """Measure seconds per task, the jobs' own seconds taken off; the first run of each chain does not count."""
    with scratch() as folder:
        _project(folder)
        with _running(folder) as stack:
            sagemaker = client("sagemaker", client_environment(stack.home))
            ours = _chain(stack, OURS, lambda run: _job_seconds(stack, sagemaker, run))
            measured = alternate(ours, _chain(stack, REFERENCE, lambda _: 0.0), ROUNDS)
    return Row("orchestration", *measured, "s/task", "lower", bar_ratio=BAR)


def _project(folder: Path) -> None:
    for name in ("dags", "containers"):
        (folder / name).mkdir()
    shutil.copytree(REPOSITORY / "plugins", folder / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "dags" / "nothing_dag.py").write_text(NOTHING)
    (folder / "dags" / "jobs_dag.py").write_text(JOBS)
    shutil.copytree(ECHO, folder / "containers" / ECHO.name, ignore=shutil.ignore_patterns("__pycache__", ".venv"))


@contextmanager
def _running(folder: Path) -> Iterator[Stack]:
    stack = Stack(Home(folder))
    try:
        stack.up(lambda _: None)
        yield stack
    finally:
        stack.down(lambda _: None)


def _chain(stack: Stack, dag: str, job_seconds: Callable[[str], float]) -> Sample:
    rest = stack.rest()

    def sample() -> float:
        run_id = rest.trigger(dag)["dag_run_id"]
        until(lambda: rest.run(dag, run_id)["state"] in ("success", "failed"), 300, 0.5, f"a run of {dag} ends")
        run = rest.run(dag, run_id)
        if run["state"] != "success":
            raise NotMeasuredError(f"the run of {dag} failed: {_failed_log(stack, dag, run_id)}")
        wall = datetime.fromisoformat(run["end_date"]) - datetime.fromisoformat(run["start_date"])
        return (wall.total_seconds() - job_seconds(run_id)) / TASKS

    until(lambda: _is_read(stack, dag), 120, 0.5, f"Airflow reads {dag}")
    rest.unpause(dag)
    sample()
    return sample


def _is_read(stack: Stack, dag: str) -> bool:
    rest = stack.rest()
    for error in rest.import_errors():
        raise NotMeasuredError(f"{error['filename']}: {error['stack_trace']}")
    return rest.dag(dag) is not None


def _job_seconds(stack: Stack, sagemaker: Any, run_id: str) -> float:
    rest = stack.rest()
    total = 0.0
    for number in range(TASKS):
        name = rest.result(OURS, run_id, f"task_{number}")["job_name"]
        job = sagemaker.describe_processing_job(ProcessingJobName=name)
        total += (job["ProcessingEndTime"] - job["ProcessingStartTime"]).total_seconds()
    return total


def _failed_log(stack: Stack, dag: str, run_id: str) -> str:
    rest = stack.rest()
    task = next(task for task in rest.tasks(dag, run_id) if task["state"] == "failed")
    return "\n".join(rest.log(dag, run_id, task["task_id"], task["try_number"])[-40:])
