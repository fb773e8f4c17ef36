"""The train task of a DAG, as a model's spec makes it; nothing runs."""

import pytest
from tests.dags.conftest import REPOSITORY

from boatyard.airflow.factory import OPERATORS
from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.spec import ModelSpec, load_model
from boatyard.spec.deployment import EXAMPLE
from boatyard.steps import STEPS, RunContext

TRAIN = next(step for step in STEPS if step.name == "train")
DAY = 86_400


@pytest.fixture(scope="module")
def digits() -> ModelSpec:
    return load_model(REPOSITORY / "dags" / "digits")


def task(spec: ModelSpec) -> SageMakerTrainingOperator:
    made = OPERATORS["training"](TRAIN, spec, RunContext.for_airflow(EXAMPLE))
    assert isinstance(made, SageMakerTrainingOperator)
    return made


def test_a_training_longer_than_a_job_may_run_is_one_task(digits: ModelSpec) -> None:
    made = task(digits.model_copy(update={"train": digits.train.model_copy(update={"max_runtime": 28 * DAY})}))
    assert made.total_runtime == 28 * DAY
    assert made.config["StoppingCondition"]["MaxRuntimeInSeconds"] == 5 * DAY
    place = made.config["CheckpointConfig"]["S3Uri"]
    assert place == "s3://example-bucket/digits/checkpoints/{job_generation}/"


def test_any_other_training_has_one_job(digits: ModelSpec) -> None:
    assert task(digits).total_runtime is None
