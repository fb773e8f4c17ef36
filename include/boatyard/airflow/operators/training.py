"""Training jobs: the provider's operator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.operators.job import JobOperator
from boatyard.aws import jobs
from boatyard.aws.notices.state_changes import StateChange
from boatyard.aws.outcome import Outcome
from boatyard.aws.requests.plain import plain


class SageMakerTrainingOperator(JobOperator, provider.SageMakerTrainingOperator):
    """Run a training job exactly once.

    `total_runtime` in seconds lets a training take longer than one job may run: when the MaxRuntimeInSeconds of a job
    is over, a next job goes on from its checkpoints, until all have trained for so long. `config` needs a
    CheckpointConfig for it; `{job_generation}` in its S3Uri is the same for all jobs until a person clears the task.
    """

    kind = "training"
    result_key = "Training"

    def __init__(self, *, config: dict[str, Any], total_runtime: int | None = None, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        if total_runtime is not None and not (isinstance(total_runtime, int) and total_runtime > 0):
            raise ValueError(f"total_runtime: expected a number of seconds above 0, got {total_runtime!r}")
        self.total_runtime = total_runtime

    def request_for(self, name: str) -> dict[str, Any]:
        """Return what creates the job of that name, with what is left of the time."""
        client, s3 = self.clients.get("sagemaker"), self.clients.get("s3")
        return jobs.next_of_chain(client, s3, super().request_for, self.total_runtime)(name)

    def worded(self, change: StateChange) -> StateChange:
        """Return a state change as people are told of it: a part of a long training that ended is no end of it."""
        if self.total_runtime is None or change.words != Outcome.TIME_LIMIT.value:
            return change
        return replace(change, words=f"{change.words}; a next job goes on while the training has time left")

    def goes_on(self, job: jobs.Job) -> bool:
        """Tell whether the training goes on in a next job."""
        return jobs.goes_on(job, self.total_runtime)

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        self.serialized_training_data = plain(job.description)
        return super()._result(job)
