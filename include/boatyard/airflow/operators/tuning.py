"""Tuning jobs: the provider's operator."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.operators.job import JobOperator
from boatyard.aws import jobs


class SageMakerTuningOperator(JobOperator, provider.SageMakerTuningOperator):
    """Run a tuning job exactly once, and return the name of its best training job as `best_training_job`.

    One that was stopped is a failure, whatever its training jobs achieved. `TrainingJobDefinitions` may stand in place
    of `TrainingJobDefinition`. A tuning job's name has at most 32 characters, so that 15 of the given one are kept.
    """

    kind = "tuning"
    result_key = "Tuning"

    def __init__(self, *, config: dict[str, Any], print_log: bool = True, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.print_log = print_log

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        best = job.description.get("BestTrainingJob", {}).get("TrainingJobName")
        return super()._result(job) | {"best_training_job": best}
