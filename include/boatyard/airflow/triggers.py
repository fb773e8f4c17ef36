"""Waiting in the triggerer, so that a long job holds no worker: all that a triggerer waits for shares one poller."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

import structlog
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from boatyard.airflow.clients import Clients
from boatyard.airflow.kills import stop_killed
from boatyard.airflow.wanting import still_deferred
from boatyard.aws import jobs
from boatyard.aws.naming import Owner
from boatyard.aws.waiting.pauses import LONGEST_PAUSE
from boatyard.aws.waiting.poll import news
from boatyard.aws.waiting.watch import Look, Watch, Watched

CONNECTION = ("aws_conn_id", "region_name", "verify", "botocore_config")
ARGUMENTS = ("kind", "job_name", *CONNECTION, "wanted", "born", "longest_pause", "deadline", "cancel_on_kill")
OF_TASK = ("owner", "record")

RENEW_AFTER = 60.0  # seconds

Over = dict[int, bool]


class JobTrigger(BaseEventTrigger):
    """Fire when a job ended, an endpoint settled, or its time was up.

    The event is `{"job_name": str, "in_time": bool}`; what the end means is read by the task, and so is a job that the
    poller is not allowed to look at. Times are in seconds, `born` (when the job was created) and `deadline` since the
    epoch. `wanted` is the configuration that an endpoint is to serve. `owner` are the fields of the task's `Owner`, and
    `record` is what the record of a killed try takes (`kills.record_of`).
    """

    supports_triggerer_queue = True  # a task waits for it, as for any other trigger

    def __init__(
        self,
        kind: str,
        job_name: str,
        aws_conn_id: str | None,
        region_name: str | None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        wanted: str | None = None,
        born: float | None = None,
        longest_pause: float = LONGEST_PAUSE,
        deadline: float | None = None,
        cancel_on_kill: bool = True,
        owner: dict[str, Any] | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives it no types
        self.kind = kind
        self.job_name = job_name
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.wanted = wanted
        self.born = time.time() if born is None else born
        self.longest_pause = longest_pause
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self.owner = owner
        self.record = record

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what another triggerer needs to go on."""
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in (*ARGUMENTS, *OF_TASK)}

    def shared_stream_key(self) -> str:
        """Return what reaches AWS: whatever is waited for there is looked after by one poller."""
        return _key(vars(self))

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Over]:
        """Tell of everything that is over; for ever."""
        # the poller starts in the context of the first trigger, whose task's log is no place for its lines
        structlog.contextvars.clear_contextvars()
        async for over in _poller(kwargs).news():
            yield over

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Over]) -> AsyncIterator[TriggerEvent]:
        """Fire when the poller tells of this job."""
        watch = _poller(vars(self)).watch
        watched = Watched(
            Look(self.kind, self.job_name, self.wanted), self.born, deadline=self.deadline, longest=self.longest_pause
        )
        number = watch.add(watched, time.time())
        try:
            async for over in shared_stream:
                if number in over:
                    event = {"job_name": self.job_name, "in_time": over[number]}
                    yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # Airflow gives it no types
                    return
        finally:
            watch.remove(number)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Do the same where nobody shares a stream, as in `dag.test()`."""
        async for event in self.filter_shared_stream(_poller(vars(self)).news()):
            yield event

    async def on_kill(self) -> None:
        """Stop the job that nobody wants any more. An endpoint's update cannot be stopped: SageMaker has no call."""
        if not self.cancel_on_kill or self.kind not in jobs.JOBS:
            return
        owner = Owner(**self.owner) if self.owner else None
        if owner is not None and await still_deferred(owner):
            self.log.info("another triggerer waits for %s job %s now", self.kind, self.job_name)
        else:
            clients = await _poller(vars(self)).clients(("sagemaker", "s3") if self.record else ("sagemaker",))
            await asyncio.to_thread(stop_killed, clients, self.kind, self.job_name, owner, self.record)


class _Poller:
    """Look after what is waited for through one connection."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.watch = Watch()
        self._connection = SimpleNamespace(**connection)
        self._renew()

    def news(self) -> AsyncIterator[Over]:
        return news(self.watch, self.client, self.renew)

    def renew(self) -> bool:
        """Read the connection again at the next call, unless that was just done: keys of a connection are replaced."""
        is_old = time.monotonic() - self._renewed > RENEW_AFTER
        if is_old:
            self._renew()
        return is_old

    def _renew(self) -> None:
        # the poller tries again by itself, and a call that hangs five times over would hold up every deadline
        self._clients = Clients(self._connection, attempts=1)
        self._renewed = time.monotonic()

    async def client(self) -> Any:
        return (await self.clients(("sagemaker",))).get("sagemaker")

    async def clients(self, services: tuple[str, ...]) -> Clients:
        # Airflow answers for connections in a thread of asgiref's only. A cancellation must not reach asgiref: it
        # would swallow the message by which Airflow tells a person's kill, which calls on_kill, from a shutdown.
        from asgiref.sync import sync_to_async

        for service in services:
            await asyncio.shield(asyncio.ensure_future(sync_to_async(self._clients.get)(service)))
        return self._clients


_POLLERS: dict[str, _Poller] = {}


def _key(arguments: Mapping[str, Any]) -> str:
    return json.dumps([arguments.get(name) for name in CONNECTION], sort_keys=True, default=str)


def _poller(arguments: Mapping[str, Any]) -> _Poller:
    key = _key(arguments)
    if key not in _POLLERS:
        _POLLERS[key] = _Poller({name: arguments.get(name) for name in CONNECTION})
    return _POLLERS[key]
