"""How an operator waits for a job: in the worker while it is young, then in the triggerer, and shows its log."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import AirflowException, TaskDeferred

from boatyard.airflow.claimant import claimant
from boatyard.airflow.kills import record_of
from boatyard.airflow.operators.configured import ConfiguredOperator
from boatyard.airflow.triggers import JobTrigger
from boatyard.aws import jobs
from boatyard.aws.logs.job_log import JobLog, Places
from boatyard.aws.records.links import job_links

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOW_AFTER = 3.0  # seconds: the links of a shorter job are there soon enough when the task ends
TRIGGER_GRACE = 60.0  # seconds that a trigger has to tell that its time is up


class WaitingOperator(ConfiguredOperator):
    """Wait for the end of a job, for `defer_after` seconds in the worker if the task is `deferrable`."""

    kind: ClassVar[str]

    max_ingestion_time: int | None
    print_log: bool
    check_interval: int
    deferrable: bool
    defer_after: float
    cancel_on_kill: bool

    def heed_kill(self, job: jobs.Job) -> None:
        """Raise if nobody wants this try any more; heard at each look at the job."""
        raise NotImplementedError(f"{type(self).__name__} does not say what ends its wait")

    def told_to_end(self) -> bool:
        """Tell whether this worker has to end soon."""
        raise NotImplementedError(f"{type(self).__name__} does not say whether its worker ends")

    def goes_on(self, job: jobs.Job) -> bool:
        """Tell whether the work of a job that ended goes on in a next job."""
        return False

    def pages(self, job: jobs.Job) -> dict[str, str]:
        """Return the links to what can be seen of a job."""
        return job_links(self.console, self.kind, job.name, jobs.JOBS[self.kind].log_group)

    def wait_for(
        self,
        context: Mapping[str, Any],
        job: jobs.Job,
        deadline: float | None = None,
        log_places: Places | None = None,
    ) -> jobs.Job:
        """Return the job when it ended; raise `TaskDeferred` for a wait that goes on in the triggerer.

        `deadline` (seconds since the epoch) and `log_places` are of an earlier part of this wait.
        """
        limit = self._limit()
        if deadline is None and limit is not None:
            deadline = time.time() + limit
        follow, pages, began = self._log_of(job, log_places), self.pages(job), time.monotonic()

        def deferral() -> TaskDeferred:
            self.log.info("%s job %s goes on; waiting for it in the triggerer", self.kind, job.name)
            self.show_links(context, pages)
            return self._deferral(context, job, deadline, follow)

        def look(seen: jobs.Job) -> None:
            self.heed_kill(seen)
            if self.print_log:
                follow.look()
            if time.monotonic() - began > SHOW_AFTER and not pages.items() <= self._shown.items():
                self.show_links(context, pages)
            # the triggerer waits on, wherever this machine goes
            if self.deferrable and self.told_to_end() and not seen.outcome.ended:
                raise deferral()

        patience = [] if deadline is None else [max(0.0, deadline - time.time())]
        patience += [self.defer_after] if self.deferrable else []
        job = jobs.wait(
            self.clients.get("sagemaker"),
            self.kind,
            job.name,
            min(patience, default=None),
            look,
            last=job,
            longest=float(self.check_interval),
        )
        if job.outcome.ended:
            return self._at_its_end(job, follow)
        if deadline is not None and time.time() >= deadline:
            self._time_is_up(job, follow)
        raise deferral()

    def resumed(
        self,
        context: Mapping[str, Any],
        event: Mapping[str, Any],
        deadline: float | None,
        log_places: Places | None,
    ) -> jobs.Job:
        """Return the job of a trigger's event when it ended; the wait goes on if the trigger could not tell."""
        name = event["job_name"]
        job = jobs.describe(self.clients.get("sagemaker"), self.kind, name)
        if job is None:
            raise AirflowException(f"{self.kind} job {name} is gone")
        if job.outcome.ended:
            return self._at_its_end(job, self._log_of(job, log_places))
        if not event["in_time"]:
            self._time_is_up(job, self._log_of(job, log_places))
        return self.wait_for(context, job, deadline, log_places)

    def too_long(self, name: str) -> str:
        """Return what to tell of a job that took too long."""
        limit = self._limit()
        within = "in time" if limit is None else f"within {limit:g} s"
        now = "it was asked to stop" if self.cancel_on_kill else "it runs on"
        return f"{self.kind} job {name} did not end {within}; {now}"

    def _at_its_end(self, job: jobs.Job, follow: JobLog) -> jobs.Job:
        if self.print_log:
            follow.end(failed=job.outcome.ended_badly and not self.goes_on(job))
        return job

    def _time_is_up(self, job: jobs.Job, follow: JobLog) -> None:
        if self.cancel_on_kill:
            jobs.stop(self.clients.get("sagemaker"), self.kind, job.name)
            jobs.describe(self.clients.get("sagemaker"), self.kind, job.name)  # whoever hears of states hears of this
        if self.print_log:
            follow.end(failed=True)
        raise AirflowException(self.too_long(job.name))

    def _log_of(self, job: jobs.Job, places: Places | None) -> JobLog:
        return JobLog(
            lambda: self.clients.get("logs"), self.kind, job.name, lambda line: self.log.info("| %s", line), places
        )

    def _limit(self) -> float | None:
        if self.max_ingestion_time:
            return float(self.max_ingestion_time)
        timeout: timedelta | None = self.execution_timeout
        return None if timeout is None else timeout.total_seconds()

    def _deferral(
        self, context: Mapping[str, Any], job: jobs.Job, deadline: float | None, follow: JobLog
    ) -> TaskDeferred:
        trigger = JobTrigger(
            kind=self.kind,
            job_name=job.name,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
            born=jobs.born(job),
            longest_pause=float(self.check_interval),
            deadline=deadline,
            cancel_on_kill=self.cancel_on_kill,
            owner=asdict(claimant(context).owner),
            record=record_of(self.subject(self.records, context)) if self.records is not None else None,
        )
        # The trigger tells when the time is up; where no triggerer lives, the scheduler does.
        left = None if deadline is None else timedelta(seconds=max(0.0, deadline - time.time()) + TRIGGER_GRACE)
        return TaskDeferred(
            trigger=trigger,
            method_name="execute_complete",
            kwargs={"deadline": deadline, "log_places": follow.places},
            timeout=left,
        )
