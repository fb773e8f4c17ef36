"""What every operator of a job does: the job happens exactly once, and nobody is left waiting for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout, TaskDeferralTimeout

from boatyard.airflow.claimant import DEPLOYMENT, Claimant, claimant
from boatyard.airflow.failures import KilledError, WorkerEndsError, explained
from boatyard.airflow.interruption import Interruption
from boatyard.airflow.operators.sparing import SparingOperator
from boatyard.airflow.operators.waiting import WaitingOperator
from boatyard.airflow.retries import OneRetryOperator
from boatyard.airflow.wanting import state_of, wanted
from boatyard.aws import jobs
from boatyard.aws.outcome import Outcome
from boatyard.aws.records.links import CACHED_FROM, DATA, JOB, LOG, RECORD
from boatyard.aws.requests.plain import plain
from boatyard.aws.s3 import storage
from boatyard.steps.run import JOB_NAME, fill, job_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from boatyard.aws.logs.job_log import Places
    from boatyard.steps import SourceCode

DEFER_AFTER = 20.0  # seconds: deferring a shorter job would cost it more than it saves

Result = TypeVar("Result")


class JobOperator(OneRetryOperator, SparingOperator, WaitingOperator):
    """Claim a job, wait for it in the worker, then in the triggerer, and stop it when nobody wants it any more.

    Arguments besides the provider's: `defer_after` seconds until the wait of a `deferrable` task moves to the
    triggerer; `cancel_on_kill`, whether a task that a person killed, that was cleared or that took too long stops its
    job; `source_code`, the folder that has to be in S3 first; `return_description`, whether the result carries all of
    SageMaker's description under the provider's key. A given job name becomes the head of the real one.
    `action_if_job_exists` and `check_if_job_exists` have nothing left to decide. A task without retries gets one, for
    a worker that dies: the next try goes on with the same job.
    """

    kind: ClassVar[str]
    result_key: ClassVar[str]
    link_names: ClassVar[tuple[str, ...]] = (JOB, LOG, DATA, RECORD, CACHED_FROM)

    wait_for_completion: bool

    def __init__(
        self,
        *,
        config: dict[str, Any],
        defer_after: float = DEFER_AFTER,
        cancel_on_kill: bool = True,
        source_code: SourceCode | None = None,
        return_description: bool = True,
        max_attempts: int | None = None,  # named here, where a DAG's default_args reach it
        **kwargs: Any,
    ) -> None:
        super().__init__(config=config, **kwargs)
        if max_attempts is not None:
            self.max_attempts = max_attempts
            self.max_ingestion_time = self.max_ingestion_time or max_attempts * self.check_interval
        self.defer_after = defer_after
        self.cancel_on_kill = cancel_on_kill
        self.source_code = source_code
        self.return_description = return_description
        self._interruption: Interruption | None = None
        self.claimed: str | None = None

    @property
    def job_request(self) -> dict[str, Any]:
        """Return what creates the job."""
        request: dict[str, Any] = self.config
        return request

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Make sure that the job happens, and return its name and ARN."""
        return self.leaving_record(context, lambda: self._in_hand(context, lambda: self._execute(context)))

    def go_on(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a deferral. One that took too long does not come to `execute_complete`."""
        try:
            return self._in_hand(context, lambda: super(JobOperator, self).go_on(next_method, next_kwargs, context))
        except TaskDeferralTimeout:
            if not self.cancel_on_kill:
                raise
            for job in jobs.stop_owned(self.clients.get("sagemaker"), self.kind, claimant(context).owner):
                raise AirflowException(self.too_long(job.name)) from None
            raise

    def _in_hand(self, context: Mapping[str, Any], work: Callable[[], Result]) -> Result:
        """Do `work` so that whatever ends this process from outside does not leave a job that nobody wants."""
        stopper = self.clients.new("sagemaker")  # a thread's own, made where no signal handler interrupts it
        me = claimant(context)

        def is_wanted() -> bool:
            return not self.cancel_on_kill or wanted(state_of(context["ti"], me.owner))

        def stop() -> None:
            if self.claimed is not None:
                jobs.stop(stopper, self.kind, self.claimed)

        with Interruption(is_wanted, stop) as self._interruption:
            try:
                return work()
            except AirflowTaskTimeout:
                # Airflow calls on_kill only after this, when it could be taken for the end of the machine
                if self.claimed is None:
                    raise
                if self.cancel_on_kill:
                    jobs.stop(stopper, self.kind, self.claimed)
                raise AirflowTaskTimeout(f"execution_timeout: {self.too_long(self.claimed)}") from None

    def _execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        self.prepare()
        cache = self.job_cache(context)
        done = cache.recall(self.job_request) if cache else None
        if done is not None:
            self.links |= self.pages(done)
            return self._result(done)
        job = self._claim(context, cache.marked if cache else dict)
        self.links |= self.pages(job)
        if not self.wait_for_completion:
            return self._result(job)
        return self._ended(context, self.wait_for(context, job))

    def execute_complete(
        self,
        context: Mapping[str, Any],
        event: dict[str, Any] | None = None,
        deadline: float | None = None,
        log_places: Places | None = None,
    ) -> dict[str, Any]:
        """Go on where the triggerer saw the job end; `deadline` and `log_places` as of `wait_for`."""
        if event is None:
            raise AirflowException("the trigger of this task fired without an event")
        self.claimed = str(event["job_name"])
        with explained():
            job = self.resumed(context, event, deadline, log_places)
            self.links |= self.pages(job)
            return self._ended(context, job)

    def on_kill(self) -> None:
        """Find out whether the job is wanted yet; called in the middle of whatever this process does."""
        if self._interruption is not None:
            self._interruption.begin()

    def prepare(self) -> None:
        """Bring about what the job needs before it starts."""
        self.preprocess_config()
        if self.source_code is not None:
            code = self.source_code
            storage.upload_code(self.clients.get("s3"), code.folder, code.hash, code.prefix)

    def request_for(self, name: str) -> dict[str, Any]:
        """Return what creates the job of that name."""
        request: dict[str, Any] = fill(self.job_request, job_words(name))
        return request

    def _claim(self, context: Mapping[str, Any], marked: Callable[[dict[str, Any]], dict[str, Any]]) -> jobs.Job:
        me, limit = claimant(context), self._limit()
        if DEPLOYMENT not in os.environ:
            self.log.warning("%s is not set: an Airflow beside this one may take this job for its own", DEPLOYMENT)
        job = jobs.claim(
            self.clients.get("sagemaker"),
            self.kind,
            lambda name: marked(self.request_for(name)),
            me.owner,
            me.generation,
            self._prefix(me),
            self._will_claim,
            again=me.tries > 0 or self.claimed is not None,
            lives_with_task=self.wait_for_completion and self.cancel_on_kill,
            on_launch=lambda request: self.weigh(context, request, limit),
        )
        self.heed_kill(job)
        return job

    def _prefix(self, me: Claimant) -> str:
        given: str = self.job_request.get(jobs.JOBS[self.kind].name_key, JOB_NAME)
        return me.prefix if given == JOB_NAME else given

    def _will_claim(self, name: str) -> None:
        if self._killed():
            raise KilledError(f"{self.kind} job {name} was not created: nobody wants this try of the task any more")
        self.claimed = name

    def told_to_end(self) -> bool:
        """Tell whether this worker has to end soon."""
        return self._interruption is not None and self._interruption.happened

    def _killed(self) -> bool:
        return self._interruption is not None and self._interruption.happened and self._interruption.unwanted

    def heed_kill(self, job: jobs.Job) -> None:
        """Raise if nobody wants this try any more."""
        if not self.told_to_end():
            return
        if self._killed():
            if job.outcome is Outcome.RUNNING:  # the kill may have come before SageMaker knew the job
                jobs.stop(self.clients.get("sagemaker"), self.kind, job.name)
            raise KilledError(f"nobody wants this try of the task any more: {self.kind} job {job.name} is stopped")
        if not self.deferrable:
            raise WorkerEndsError(
                f"this worker was told to end; {self.kind} job {job.name} goes on, and the next try waits for it"
            )

    def _ended(self, context: Mapping[str, Any], job: jobs.Job) -> dict[str, Any]:
        # claiming again makes the next job, exactly once: this one gives way to it
        return self._execute(context) if self.goes_on(job) else self._finish(context, job)

    def _finish(self, context: Mapping[str, Any], job: jobs.Job) -> dict[str, Any]:
        if job.outcome.ended_badly:
            raise jobs.JobError(job)
        self.log.info("%s job %s %s", self.kind, job.name, job.outcome.value)
        self.keep(context, job)
        return self._result(job)

    def _result(self, job: jobs.Job) -> dict[str, Any]:
        result: dict[str, Any] = {"job_name": job.name, "job_arn": job.arn}
        if self.return_description:
            result[self.result_key] = plain(job.description)
        return result
