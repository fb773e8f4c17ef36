"""Stop what nobody wants any more: no promise about jobs holds where whoever should have stopped one is dead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.sdk.exceptions import AirflowFailException

from boatyard.airflow.clients import Clients
from boatyard.airflow.wanting import states_of, wanted
from boatyard.aws import jobs
from boatyard.aws.outcome import Outcome

GRACE = timedelta(minutes=1)


class StopUnwantedJobsOperator(AwsBaseOperator[SageMakerHook]):
    """Stop every job of this deployment whose task does not want it any more, and return the names of those stopped.

    A job is left alone if it is younger than `grace`, if it has no tags of ours or those of another deployment
    (BOATYARD_DEPLOYMENT), or if its task does not wait for it or was told to leave it running (`cancel_on_kill`).
    """

    aws_hook_class = SageMakerHook

    def __init__(self, *, grace: timedelta = GRACE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grace = grace

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    def execute(self, context: Mapping[str, Any]) -> list[str]:
        """Look at what runs, ask Airflow who wants it, and stop the rest."""
        deployment = os.environ.get("BOATYARD_DEPLOYMENT")
        if not deployment:
            raise AirflowFailException(
                "BOATYARD_DEPLOYMENT is not set: two Airflows in one account would stop each other's jobs. "
                "Give each of them a name of its own"
            )
        client = self.clients.get("sagemaker")
        running = list(jobs.running_jobs(client, deployment, datetime.now(UTC) - self.grace))
        # asked after the list was made: a task that began since then wants what it has just claimed
        states = states_of(context["ti"], {job.owner for job in running})
        older = jobs.superseded(running)
        unwanted = [job for job in running if job in older or not wanted(states[job.owner])]
        self.log.info("%d jobs of deployment %s run; %d of them unwanted", len(running), deployment, len(unwanted))
        return [job.name for job in unwanted if self._stop(client, job, states[job.owner])]

    def _stop(self, client: Any, job: jobs.Running, state: str | None) -> bool:
        now = jobs.describe(client, job.kind, job.name)
        if now is None or now.outcome is not Outcome.RUNNING:
            return False
        owner = job.owner
        self.log.warning(
            "stopping %s job %s: task %s of run %s of DAG %s is %s and does not want it any more",
            job.kind,
            job.name,
            owner.task,
            owner.run,
            owner.dag,
            state,
        )
        return jobs.stop(client, job.kind, job.name)
