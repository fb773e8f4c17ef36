"""Notices: which places are told of a state change, at most once each, and in which words."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from boatyard.aws import jobs
from boatyard.aws.clients import Clients
from boatyard.aws.errors import aws_failures
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.logs import streams
from boatyard.aws.naming import content_name
from boatyard.aws.notices.pending import Pending, forget, remember, remembered
from boatyard.aws.notices.state_changes import StateChange, heard_by
from boatyard.aws.records.journal import kept
from boatyard.aws.records.links import ENDPOINT, LOG, RECORD, Console, endpoint_logs, job_links
from boatyard.aws.records.record import Subject
from boatyard.aws.release import endpoints
from boatyard.aws.s3 import storage
from boatyard.spec.notify import BAD_ENDS, Notify

log = logging.getLogger(__name__)

TASK = "Task"
TRACE_LINES = 50


@dataclass(frozen=True)
class Notice:
    """What a place is told: one line, the facts, where to look, and of a bad end the last lines of the log."""

    title: str
    facts: Mapping[str, str]
    links: Mapping[str, str]  # address by the words for it
    attributes: Mapping[str, str]  # what a subscriber may filter by
    trace: str = ""


Send = Callable[[Notify, Notice], None]


@dataclass(frozen=True)
class Notices:
    """Listen to the state changes of one try of a step, and tell the places that want to know.

    A place is told of a change at most once, whatever dies: the notice is claimed in S3 before it is sent. One that
    could not be sent is logged and not tried again; the step does not notice. While a job runs, or an endpoint is on
    its way, it is remembered, so that its end is told even if nobody waits for it any more (`tell_missed`).
    """

    places: Sequence[Notify]
    subject: Subject
    clients: Clients
    console: Console
    task_page: str
    send: Send
    aws: Mapping[str, Any] = field(default_factory=dict)  # the task's own connection

    def __call__(self, change: StateChange) -> None:
        """Tell every place that wants to know of `change`."""
        with kept():  # what is asked of AWS for a notice is no part of the step's record
            pending = self._pending(change)
            if not change.ended:
                self._keep(remember, pending)
            self._tell(change)
            if change.ended:
                self._keep(forget, pending)

    def _pending(self, change: StateChange) -> Pending:
        return Pending(
            kind=change.kind,
            name=change.name,
            subject=self.subject,
            places=tuple(self.places),
            task_page=self.task_page,
            aws=dict(self.aws),
            wanted=change.wanted,
        )

    def _keep(self, how: Callable[[Any, Pending], None], pending: Pending) -> None:
        try:
            how(self.clients.get("s3"), pending)
        except aws_failures() as error:  # the worst that can come of it is a notice that is not sent
            log.warning("%s could not be written: %s", pending.uri, error)

    def _tell(self, change: StateChange) -> None:
        for place in self.places:
            if change.state not in place.states:
                continue
            try:
                if self._claim(place, change):
                    self.send(place, self._notice(change))
                    log.info("told %s: %s", place.name, _title(change))
            except Exception as error:  # noqa: BLE001 - whatever S3 or a chat's client raises, the job goes on
                log.warning("%s was not told of %s (%s): %s", place.name, change.name, change.state, error)

    def _claim(self, place: Notify, change: StateChange) -> bool:
        """Tell whether this notice is ours to send."""
        target = place.target
        uri = f"{self.subject.notices_uri}/{self._pending(change).identity}/{content_name(change.state, target)}.json"
        claim = {
            "place": target,
            "change": asdict(change),
            "run": self.subject.owner.run,
            "try": self.subject.tried,
            "claimed_at": datetime.now(UTC).isoformat(),
            "by": os.urandom(8).hex(),  # tells two claimants of the same instant apart
        }
        return storage.write_once(self.clients.get("s3"), uri, f"{json.dumps(claim, indent=1)}\n".encode())

    def _notice(self, change: StateChange) -> Notice:
        owner = self.subject.owner
        facts = {
            "DAG": owner.dag,
            "run": owner.run,
            "task": owner.task,
            "deployment": owner.deployment,
            "reason": change.reason,
        }
        return Notice(
            title=_title(change),
            facts={name: value for name, value in facts.items() if value},
            links=self._links(change),
            attributes={
                "state": change.state,
                "kind": change.kind,
                "name": change.name,
                "dag": owner.dag,
                "run": owner.run,
                "task": owner.task,
            },
            trace="\n".join(self._trace(change)) if change.state in BAD_ENDS else "",
        )

    def _links(self, change: StateChange) -> dict[str, str]:
        console = self.console
        if change.kind in JOBS:
            links = job_links(console, change.kind, change.name, JOBS[change.kind].log_group)
        else:
            links = {ENDPOINT: console.endpoint(change.name), LOG: console.log(endpoint_logs(change.name))}
        return links | {TASK: self.task_page, RECORD: console.stored(self.subject.uri)}

    def _trace(self, change: StateChange) -> Iterator[str]:
        is_job = change.kind in JOBS
        source = streams.source_of(change.kind, change.name) if is_job else streams.source_of_endpoint(change.name)
        since = 0 if is_job else int(self.subject.started.timestamp() * 1000)  # what served before has streams too
        try:
            for line in streams.last_lines(self.clients.get("logs"), source, TRACE_LINES, since=since):
                yield line.text
        except aws_failures() as error:
            yield f"(the log could not be read: {error})"


def tell_missed(clients: Clients, bucket: str, console: Console, send: Callable[[Pending], Send]) -> list[str]:
    """Tell what became of remembered jobs and endpoints while nobody looked; return the names of those that ended."""
    ended = []
    for pending in list(remembered(clients.get("s3"), bucket)):
        sender = send(pending)
        notices = Notices(pending.places, pending.subject, clients, console, pending.task_page, sender, pending.aws)
        with heard_by(notices):
            found = _look(clients.get("sagemaker"), pending)
        if found is None:
            forget(clients.get("s3"), pending)
        elif found.outcome.ended:
            ended.append(found.name)
    return ended


def _look(client: Any, pending: Pending) -> jobs.Job | endpoints.Endpoint | None:
    if pending.kind in JOBS:
        return jobs.describe(client, pending.kind, pending.name)
    return endpoints.look_back(client, pending.name, pending.wanted)


def _title(change: StateChange) -> str:
    what = f"{change.kind} job" if change.kind in JOBS else change.kind
    return f"{change.state}: {what} {change.name} {change.words}"
