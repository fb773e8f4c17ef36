"""Predictions for many rows: the provider's transform operator, but each job happens exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.operators.data import QueriesOperator
from boatyard.airflow.operators.job import JobOperator
from boatyard.aws import jobs
from boatyard.aws.calls import call
from boatyard.aws.carry_out import batch
from boatyard.aws.errors import ConflictError
from boatyard.aws.naming import content_name
from boatyard.aws.release import endpoints
from boatyard.aws.requests.plain import plain


class SageMakerTransformOperator(JobOperator, provider.SageMakerTransformOperator):
    """Run a transform job exactly once; a `Model` in the configuration is made first.

    A model of that name that is another one stays as it is: this one then gets a name by its contents, so that a retry
    finds it. With `action_if_model_exists="fail"`, or without `check_if_model_exists`, that is an error.
    """

    kind = "transform"
    result_key = "Transform"

    def __init__(self, *, config: dict[str, Any], print_log: bool = True, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.print_log = print_log

    @property
    def job_request(self) -> dict[str, Any]:
        """Return CreateTransformJob; its model is the one of the configuration unless it names another."""
        request: dict[str, Any] = self.config.get("Transform", self.config)
        model = self.config.get("Model")
        return {"ModelName": model["ModelName"], **request} if model else request

    def prepare(self) -> None:
        """Make the model first."""
        super().prepare()
        model = self.config.get("Model")
        if not model:
            return
        client = self.clients.get("sagemaker")
        try:
            endpoints.ensure_model(client, model)
        except ConflictError as conflict:
            if not self.check_if_model_exists or self.action_if_model_exists == "fail":
                raise
            name = content_name(model["ModelName"], model)
            self.log.info("%s; this one is named %s", conflict, name)
            endpoints.ensure_model(client, model | {"ModelName": name}, named_by_content=True)
            self.config = self.config | {"Transform": self.config["Transform"] | {"ModelName": name}}

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        result = super()._result(job)
        self.serialized_transform = plain(job.description)  # the provider's tale of data lineage reads both
        self.serialized_model = {}
        if self.return_description:
            client = self.clients.get("sagemaker")
            self.serialized_model = plain(call(client, "describe_model", {"ModelName": job.description["ModelName"]}))
            result["Model"] = self.serialized_model
        return result


class BatchTransformOperator(SageMakerTransformOperator):
    """Let the model that `endpoint` serves when the job starts answer a batch."""

    template_fields: Sequence[str] = (*SageMakerTransformOperator.template_fields, "endpoint")

    def __init__(self, *, endpoint: str, config: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.endpoint = endpoint

    def prepare(self) -> None:
        """Find the model."""
        super().prepare()
        self.config = batch.with_model_in_service(self.clients.get("sagemaker"), self.config, self.endpoint)

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        return super()._result(job) | batch.transformed(self.clients.get("sagemaker"), job.description)


class BatchOperator(QueriesOperator):
    """Carry out a batch's step; `result` is what is known of it before, with the words that only a run can fill."""

    template_fields: Sequence[str] = (*QueriesOperator.template_fields, "result")

    def __init__(self, *, result: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result


class BatchInputOperator(BatchOperator):
    """Leave the rows of a batch as the model takes them; a batch without rows ends here."""

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Run the statements."""
        return batch.batch_input(self.plan, self.clients, self.queries, me, self.result)


class BatchPublishOperator(BatchOperator):
    """Leave the results of a batch as Parquet, then the manifest, then the pointer to it."""

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Run the statements and write both files."""
        return batch.publish(self.plan, self.clients, self.queries, me, self.result)
