"""Processing jobs: the provider's operator, and what the steps of a model add to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.operators.job import JobOperator
from boatyard.aws import features, jobs
from boatyard.aws.carry_out import gate, output_files
from boatyard.aws.jobs.facts import job_outputs
from boatyard.aws.records.links import CACHED_FROM, DATA, JOB, LOG, RECORD, REPORT
from boatyard.aws.requests.plain import plain


class SageMakerProcessingOperator(JobOperator, provider.SageMakerProcessingOperator):
    """Run a processing job exactly once."""

    kind = "processing"
    result_key = "Processing"

    def __init__(self, *, config: dict[str, Any], output_files_to_xcom: Any = None, **kwargs: Any) -> None:
        super().__init__(config=config, output_files_to_xcom=output_files_to_xcom, **kwargs)
        if output_files_to_xcom and not self.wait_for_completion:
            raise ValueError("output_files_to_xcom takes wait_for_completion=True: there are no files before the end")
        if isinstance(output_files_to_xcom, list):  # else Airflow fills it in later
            output_files.check(output_files_to_xcom)

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        self.serialized_job = plain(job.description)
        result = super()._result(job)
        if self.output_files_to_xcom:
            found = output_files.read(self.clients.get("s3"), self.output_files_to_xcom, job_outputs(job))
            result |= {"OutputFiles": found} if found else {}
        return result


class FeatureGroupIngestOperator(SageMakerProcessingOperator):
    """Make sure that a feature group exists as `feature_group` (CreateFeatureGroup) says, then fill it by a job."""

    template_fields: Sequence[str] = (*SageMakerProcessingOperator.template_fields, "feature_group")
    link_names = (JOB, LOG, DATA, RECORD)

    def __init__(self, *, feature_group: dict[str, Any], config: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.feature_group = feature_group

    def prepare(self) -> None:
        """Make the feature group first: the job's first record needs it."""
        super().prepare()
        features.ensure_group(self.clients.get("sagemaker"), self.feature_group)


class ModelEvaluationOperator(SageMakerProcessingOperator):
    """Evaluate a model beside the champion, the model package that `endpoint` serves when the job starts."""

    template_fields: Sequence[str] = (*SageMakerProcessingOperator.template_fields, "endpoint")
    link_names = (JOB, LOG, DATA, REPORT, RECORD, CACHED_FROM)

    def __init__(self, *, endpoint: str, config: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.endpoint = endpoint

    def prepare(self) -> None:
        """Find the champion: the job gets its model and its code."""
        super().prepare()
        self.config = gate.beside_champion(self.clients, self.config, self.endpoint)

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        # by what the job was started with, for what serves may have changed since
        return super()._result(job) | gate.evaluated(job.description)
