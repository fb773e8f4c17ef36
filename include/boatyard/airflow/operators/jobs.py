"""The provider's job operators, but each job happens exactly once."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.amazon.aws.operators import sagemaker as provider
from airflow.sdk.exceptions import AirflowException, TaskDeferred

from boatyard.airflow.claimant import claimant
from boatyard.airflow.clients import Clients
from boatyard.airflow.failures import explained
from boatyard.airflow.operators.recorded import RecordedOperator
from boatyard.airflow.triggers import JobTrigger
from boatyard.aws import features, jobs, logs, storage
from boatyard.aws.carry_out import gate
from boatyard.aws.links import DATA, JOB, LOG, RECORD, REPORT, job_links
from boatyard.aws.outcome import Outcome
from boatyard.aws.plain import plain
from boatyard.steps.run import JOB_NAME, fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boatyard.steps import SourceCode

DEFER_AFTER = 20.0  # seconds: deferring a shorter job would cost it more than it saves
LOG_LINES = 50


class JobOperator(RecordedOperator, provider.SageMakerBaseOperator):
    """Claim a job, wait for it in the worker, then in the triggerer, and stop it when the task is killed.

    Arguments besides the provider's: `defer_after` seconds until the wait moves to the triggerer (`deferrable`, on
    by default); `cancel_on_kill`, whether a killed, failed or cleared task stops its job; `source_code`, the folder
    that has to be in S3 first; `return_description`, whether the result carries all of SageMaker's description
    under the provider's key. A given job name becomes the head of the real one. `action_if_job_exists` and
    `check_if_job_exists` have nothing left to decide.
    """

    kind: ClassVar[str]
    result_key: ClassVar[str]
    link_names: ClassVar[tuple[str, ...]] = (JOB, LOG, DATA, RECORD)

    max_ingestion_time: int | None
    wait_for_completion: bool
    print_log: bool
    check_interval: int
    deferrable: bool

    def __init__(
        self,
        *,
        config: dict[str, Any],
        max_attempts: int | None = None,
        deferrable: bool = True,
        defer_after: float = DEFER_AFTER,
        cancel_on_kill: bool = True,
        source_code: SourceCode | None = None,
        return_description: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(config=config, max_attempts=max_attempts, deferrable=deferrable, **kwargs)
        if max_attempts is not None and self.max_ingestion_time is None:
            self.max_ingestion_time = max_attempts * self.check_interval
        self.defer_after = defer_after
        self.cancel_on_kill = cancel_on_kill
        self.source_code = source_code
        self.return_description = return_description
        self._killed = False
        self.claimed: str | None = None

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    @cached_property
    def _stopper(self) -> Any:
        # a client of its own: a kill interrupts the other one in the middle of whatever it is doing
        return self.clients.new("sagemaker")

    @property
    def job_request(self) -> dict[str, Any]:
        """Return what creates the job."""
        request: dict[str, Any] = self.config
        return request

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Make sure that the job happens, and return its name and ARN."""
        return self.leaving_record(context, lambda: self._execute(context))

    def _execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        self.prepare()
        job = self._claim(context)
        self._show_links(context, job)
        if not self.wait_for_completion:
            return self._result(job)
        return self._wait(job)

    def _show_links(self, context: Mapping[str, Any], job: jobs.Job) -> None:
        group = jobs.JOBS[self.kind].log_group
        self.show_links(context, job_links(self.console, self.kind, job.name, group))

    def execute_complete(self, context: Mapping[str, Any], event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Go on where the triggerer saw the job end."""
        if event is None:
            raise AirflowException("the trigger of this task fired without an event")
        name = event["job_name"]
        with explained():
            job = jobs.describe(self.clients.get("sagemaker"), self.kind, name)
            if job is None:
                raise AirflowException(f"{self.kind} job {name} is gone")
            self._show_links(context, job)
            if not event["in_time"] and not job.outcome.ended:
                self._time_is_up(name)
            return self._finish(job)

    def on_kill(self) -> None:
        """Stop the job: nobody waits for it any more."""
        self._killed = True
        if self.cancel_on_kill and self.claimed is not None:
            jobs.stop(self._stopper, self.kind, self.claimed)

    def prepare(self) -> None:
        """Bring about what the job needs before it starts."""
        self.hook.configure_s3_resources(self.config)
        self.expand_role()
        if self.source_code is not None:
            code = self.source_code
            storage.upload_code(self.clients.get("s3"), code.folder, code.hash, code.prefix)

    def _claim(self, context: Mapping[str, Any]) -> jobs.Job:
        me = claimant(context)
        given = self.job_request.get(jobs.JOBS[self.kind].name_key, JOB_NAME)
        _ = self._stopper  # made now, for a signal handler is no place to make one
        job = jobs.claim(
            self.clients.get("sagemaker"),
            self.kind,
            lambda name: fill(self.job_request, {JOB_NAME: name}),
            me.owner,
            me.generation,
            me.prefix if given == JOB_NAME else given,
            self._will_claim,
        )
        self._stop_if_killed(job)
        return job

    def _will_claim(self, name: str) -> None:
        if self._killed:
            raise AirflowException(f"killed before {self.kind} job {name} was created")
        self.claimed = name

    def _stop_if_killed(self, job: jobs.Job) -> None:
        # on_kill may have come before SageMaker knew the job, and found nothing to stop
        if not self._killed:
            return
        if self.cancel_on_kill and job.outcome is Outcome.RUNNING:
            jobs.stop(self.clients.get("sagemaker"), self.kind, job.name)
        raise AirflowException(f"killed while {self.kind} job {job.name} {job.outcome.value}")

    def _wait(self, job: jobs.Job) -> dict[str, Any]:
        client = self.clients.get("sagemaker")
        limit = self._limit()
        deadline = None if limit is None else time.time() + limit
        here = self.defer_after if self.deferrable else None
        patience = [seconds for seconds in (limit, here) if seconds is not None]
        job = jobs.wait(client, self.kind, job.name, min(patience, default=None), self._stop_if_killed)
        if job.outcome.ended:
            return self._finish(job)
        if deadline is not None and time.time() >= deadline:
            self._time_is_up(job.name)
        self.log.info("%s job %s goes on; waiting for it in the triggerer", self.kind, job.name)
        raise TaskDeferred(trigger=self._trigger(job.name, deadline), method_name="execute_complete")

    def _limit(self) -> float | None:
        if self.max_ingestion_time:
            return float(self.max_ingestion_time)
        timeout: timedelta | None = self.execution_timeout
        return None if timeout is None else timeout.total_seconds()

    def _trigger(self, name: str, deadline: float | None) -> JobTrigger:
        return JobTrigger(
            kind=self.kind,
            job_name=name,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
            longest_pause=float(self.check_interval),
            deadline=deadline,
            cancel_on_kill=self.cancel_on_kill,
        )

    def _time_is_up(self, name: str) -> None:
        jobs.stop(self.clients.get("sagemaker"), self.kind, name)
        raise AirflowException(f"{self.kind} job {name} did not end within {self._limit():g} s; it was asked to stop")

    def _finish(self, job: jobs.Job) -> dict[str, Any]:
        if self.print_log:
            self._show_log(job)
        if job.outcome.ended_badly:
            raise jobs.JobError(job)
        self.log.info("%s job %s %s", self.kind, job.name, job.outcome.value)
        return self._result(job)

    def _show_log(self, job: jobs.Job) -> None:
        lines = logs.tail(self.clients.get("logs"), self.kind, job.name, LOG_LINES)
        self.log.info("the last %d lines of the log of %s job %s:", len(lines), self.kind, job.name)
        for line in lines:
            self.log.info("| %s", line)

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        result: dict[str, Any] = {"job_name": job.name, "job_arn": job.arn}
        if self.return_description:
            result[self.result_key] = plain(job.description)
        return result


class SageMakerProcessingOperator(JobOperator, provider.SageMakerProcessingOperator):
    """Run a processing job exactly once."""

    kind = "processing"
    result_key = "Processing"

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        self.serialized_job = plain(job.description)
        self.config = fill(self.config, {JOB_NAME: job.name})
        result = super()._result(job)
        if self.wait_for_completion:
            result |= self._read_output_files()
        return result


class SageMakerTrainingOperator(JobOperator, provider.SageMakerTrainingOperator):
    """Run a training job exactly once."""

    kind = "training"
    result_key = "Training"

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        self.serialized_training_data = plain(job.description)
        return super()._result(job)


class FeatureGroupIngestOperator(SageMakerProcessingOperator):
    """Make sure that a feature group exists as `feature_group` (CreateFeatureGroup) says, then fill it by a job."""

    template_fields: Sequence[str] = (*SageMakerProcessingOperator.template_fields, "feature_group")

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
    link_names = (JOB, LOG, DATA, REPORT, RECORD)

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
