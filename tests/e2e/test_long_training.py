"""A training of several jobs is one task of a real Airflow, deferred while each of them runs."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.e2e.conftest import Project
from tests.logs import lines
from tests.unit.iterative import STEPS, losses, request

pytestmark = pytest.mark.timeout(600)

DAG = """
from airflow.sdk import DAG

from boatyard.airflow.operators import SageMakerTrainingOperator

with DAG("long_training", schedule=None):
    SageMakerTrainingOperator(
        task_id="train",
        config={config!r},
        total_runtime=600,
        deferrable=True,
        defer_after=0.1,
        aws_conn_id=None,
        retries=1,
    )
"""


def config(bucket: str) -> Mapping[str, Any]:
    asked = request(bucket, 3)
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:0.1.0"
    asked["AlgorithmSpecification"] |= {"TrainingImage": image}
    asked["HyperParameters"] = {"script": asked["HyperParameters"]["script"].replace("0.22", "0.8")}
    return asked


def test_a_training_of_several_jobs_is_one_task(project: Project) -> None:
    (project.dags / "long_training.py").write_text(DAG.format(config=config(project.bucket())))
    watch, _ = project.watch("long_training")
    (task,) = watch.run_to_the_end()
    assert task["name"] == "train"
    sagemaker, logs = project.client("sagemaker"), project.client("logs")
    found = sagemaker.list_training_jobs(NameContains="long-training-train-", SortBy="Name", SortOrder="Ascending")
    jobs = [(job["TrainingJobName"], job["SecondaryStatus"]) for job in found["TrainingJobSummaries"]]
    assert len(jobs) > 2
    assert [name[-4:] for name, _ in jobs] == [f"-0-{number}" for number in range(len(jobs))]
    assert [status for _, status in jobs] == ["MaxRuntimeExceeded"] * (len(jobs) - 1) + ["Completed"]
    curve = losses([line for name, _ in jobs for line in lines(logs, name)])
    assert sorted(curve) == list(range(1, STEPS + 1))
