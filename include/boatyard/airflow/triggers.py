"""Waiting in the triggerer, so that a long job holds no worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from boatyard.airflow.clients import Clients
from boatyard.aws import endpoints, jobs
from boatyard.aws.errors import StepError

FIRST_PAUSE = 1.0
PAUSE_PER_AGE = 0.05  # a job of ten minutes is looked at every 30 seconds


class JobTrigger(BaseTrigger):
    """Fire when a job ended, an endpoint settled, or its time was up.

    The event is `{"job_name": str, "in_time": bool}`; what the end means is read by the task. Times are in seconds,
    `deadline` as seconds since the epoch.
    """

    def __init__(
        self,
        kind: str,
        job_name: str,
        aws_conn_id: str | None,
        region_name: str | None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        wanted: str | None = None,
        longest_pause: float = 30.0,
        deadline: float | None = None,
        cancel_on_kill: bool = True,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives it no types
        self.kind = kind
        self.job_name = job_name
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.wanted = wanted  # an endpoint's configuration
        self.longest_pause = longest_pause
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self._making: asyncio.Future[Any] | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what another triggerer needs to go on."""
        arguments = (
            "kind",
            "job_name",
            "aws_conn_id",
            "region_name",
            "verify",
            "botocore_config",
            "wanted",
            "longest_pause",
            "deadline",
            "cancel_on_kill",
        )
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the job, more rarely the older it gets."""
        client = await self._client()
        started = time.monotonic()
        in_time = True
        while not await asyncio.to_thread(self._ended, client):
            if self.deadline is not None and time.time() >= self.deadline:
                in_time = False
                break
            age = time.monotonic() - started
            await asyncio.sleep(min(max(FIRST_PAUSE, age * PAUSE_PER_AGE), max(FIRST_PAUSE, self.longest_pause)))
        event = {"job_name": self.job_name, "in_time": in_time}
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # Airflow gives it no types

    async def on_kill(self) -> None:
        """Stop the job that nobody wants any more. An endpoint's update cannot be stopped: SageMaker has no call."""
        if self.cancel_on_kill and self.kind in jobs.JOBS:
            client = await self._client()
            await asyncio.to_thread(jobs.stop, client, self.kind, self.job_name)

    def _ended(self, client: Any) -> bool:
        try:
            if self.kind in jobs.JOBS:
                job = jobs.describe(client, self.kind, self.job_name)
                return job is None or job.outcome.ended
            endpoint = endpoints.describe(client, self.job_name, self.wanted or "")
            return endpoint is None or endpoint.outcome.ended
        except StepError:
            return True  # the task asks again and tells what is wrong

    async def _client(self) -> Any:
        # Airflow answers for connections in a thread of asgiref's only. A cancellation must not reach asgiref: it
        # would swallow the message by which Airflow tells a person's kill, which calls on_kill, from a shutdown.
        from asgiref.sync import sync_to_async

        if self._making is None:
            self._making = asyncio.ensure_future(sync_to_async(Clients(self).new)("sagemaker"))
        return await asyncio.shield(self._making)
