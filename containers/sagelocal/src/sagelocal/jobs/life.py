"""One job's life: attempts, each with instances of its own, until one of them ends the job.

Each step is recorded before the next one begins, so any later server can go on from any point.
"""

from __future__ import annotations

import shutil
import signal
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sagelocal.faults.jobs import Target
from sagelocal.jobs import limits
from sagelocal.jobs.cluster import ClusterProcess, addresses
from sagelocal.jobs.container import Container
from sagelocal.jobs.kinds import KINDS
from sagelocal.jobs.limits import Limit
from sagelocal.jobs.logfiles import stream_file
from sagelocal.jobs.process import Outcome, State
from sagelocal.jobs.status import (
    NO_CAPACITY,
    Ending,
    begin_again,
    end,
    life_of,
    lose,
    progress,
    status_of,
    want_stop,
)
from sagelocal.jobs.sync import Sync
from sagelocal.jobs.turns import AT_ONCE, Turns
from sagelocal.jobs.watch import Watch

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

QUEUED = f"Waiting until one of {AT_ONCE} running jobs has ended"
CAPACITY_ERROR = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)


class Life:
    """Take one job through its life, in the thread that calls `run`."""

    def __init__(self, backend: Backend, turns: Turns, kind: str, name: str) -> None:
        self._backend = backend
        self._turns = turns
        self._kind = kind
        self._name = name
        self._work = KINDS[kind]
        self.folder = backend.folder / "jobs" / kind / name
        self._cluster = self._work.cluster(self._document()["describe"])
        self.process = ClusterProcess({host.name: self.folder / host.name / "run" for host in self._cluster})
        self._sync = Sync(backend.objects, [])

    def run(self) -> None:
        """Take the job to its end, from wherever it is."""
        while (ending := self._attempt()) is None:
            continue
        self._end(ending)

    def fail(self, reason: str) -> None:
        """End the job, whatever it is doing."""
        if self.process.state() is State.RUNNING:
            self.process.stop()
            with self._turns.idle():
                self.process.wait()
        self._end(Ending("Failed", reason=reason))

    # an attempt

    def _attempt(self) -> Ending | None:
        """Return how the job ended; None if it lost its instances and gets new ones."""
        if self.process.state() is not State.NEW:
            return self._finish(self._wait())
        document = self._document()
        if "lost" in life_of(document):  # by a server that was killed before it could go on
            self._begin_again(ran=0.0)
            return None
        ending = self._await_instances(document)
        if ending is not None:
            return ending
        if not self._turns.is_free:
            self._progress("Starting", QUEUED)
        limit = limits.waiting(document)
        with self._turns.turn(self._is_stopping, limit.left(time.time()) if limit else None):
            return self._launch() or self._finish(self._wait())

    def _await_instances(self, document: Document) -> Ending | None:
        """Wait until there are instances; return how the job ended if there are none."""
        limit = limits.waiting(document)
        self._pause(self._is_stopping, life_of(document).get("ready_at", 0.0), limit)
        if "ready_at" in life_of(document):
            self._progress("Starting")
        fault = self._backend.faults.of_job("capacity", self._kind, self._name, life_of(document).get("attempt", 0))
        if fault is None:
            return self._ending_before_its_start(limit)
        seconds = fault.fault.seconds
        if seconds is None and not document["describe"].get("EnableManagedSpotTraining"):
            return Ending("Failed", reason=CAPACITY_ERROR)
        self._progress("Starting", NO_CAPACITY)
        until = float("inf") if seconds is None else time.time() + seconds
        self._pause(lambda: self._is_stopping() or fault.gone.is_set(), until, limit)
        return self._ending_before_its_start(limit)

    def _pause(self, done: Callable[[], bool], until: float, limit: Limit | None) -> None:
        ends = min(until, limit.at if limit else until)
        if ends > time.time():
            self._turns.pause(done, None if ends == float("inf") else ends - time.time())

    def _ending_before_its_start(self, limit: Limit | None) -> Ending | None:
        if limit is not None and limit.left(time.time()) == 0:
            self._exceed(limit)
        return self._stopped() if self._is_stopping() else None

    def _stopped(self) -> Ending:
        return Ending("Stopped", secondary=life_of(self._document()).get("exceeded", ""))

    def _launch(self) -> Ending | None:
        """Prepare the container and start its process; return how the job ended if somebody stopped it before."""
        document = self._document()
        ending = self._ending_before_its_start(limits.waiting(document))
        if ending is not None:
            return ending
        request, describe, work = document["request"], document["describe"], self._work
        self._discard()  # what a server left that died preparing it
        containers = self._containers(document)
        invocations = [work.invocation(container, document) for container in containers]
        image = containers[0].image(work.image_uri(document), lambda text: self._progress("Starting", text))
        self._progress("Downloading")
        for container in containers:
            container.make(work.files(request, describe, container.host))
            container.name_hosts(addresses(self.folder, [host.name for host in self._cluster]))
            work.download(container, document)
        self._sync = self._new_sync(document)
        self._sync.remember()
        self._progress("Training")
        if self._is_stopping():
            return self._stopped()
        now = time.time()
        limit = limits.running(document, now)
        specs = [
            container.spec(
                image,
                invocation,
                work.environment(document),
                work.platform(describe),
                stream_file(
                    self._backend.folder,
                    work.log_group,
                    f"{self._name}/{work.stream(self._name, container.host.name)}-{int(now)}",
                ),
                grace=self._backend.stop_grace,
                time_limit=limit and limit.left(now),
                notes={"launched": now, "limit": limit and [limit.at, limit.exceeded]},
            )
            for container, invocation in zip(containers, invocations, strict=True)
        ]
        self.process.launch(specs)
        if self._is_stopping():
            self.process.stop()
        return None

    def _wait(self) -> Outcome:
        document = self._document()
        if not self._sync.folders:  # taken over from another server
            self._sync = self._new_sync(document)
        if "lost" in life_of(document):
            self.process.kill()
        notes = self.process.spec()["notes"]
        target = Target(
            self._kind,
            self._name,
            life_of(document).get("attempt", 0),
            bool(document["describe"].get("EnableManagedSpotTraining")),
            notes.get("launched", time.time()),
            self.process,
            lambda seconds: self._update(lambda changed: lose(self._kind, changed, "Interrupted", seconds)),
        )
        limit = Limit(*notes["limit"]) if notes.get("limit") else None
        watch = Watch(self._turns, self._sync, limit, self._backend.faults, target, self._exceed)
        with self._turns.idle(), watch:
            return self.process.wait()

    def _finish(self, outcome: Outcome) -> Ending | None:
        """Store what the job made and return how it ended; None if it lost its instances."""
        self._turns.check_open()
        document = self._document()
        if self._has_lost(document, outcome):
            self._begin_again(time.time() - outcome.started)
            return None
        work, describe = self._work, document["describe"]
        containers = self._containers(document)
        limit = self.process.spec()["notes"].get("limit")
        stopping = status_of(self._kind, document) == "Stopping"
        ending = _verdict(outcome, limit, stopping, life_of(document).get("exceeded", ""))
        complaint = work.complaint(containers) if ending.status == "Completed" else ""
        ending = Ending("Failed", reason=complaint) if complaint else ending
        failed = ending.status == "Failed"
        if not failed:
            self._progress("Uploading")
        self._sync.upload()
        members = {
            **work.told(containers, describe, self.process.logs()),
            **work.upload(containers, describe, failed),
        }
        ended = next(container for container in containers if container.host.name == outcome.host)
        reason = ending.reason or (work.failure(ended, outcome) if failed else "")
        return Ending(ending.status, ending.secondary, reason, members)

    def _end(self, ending: Ending) -> None:
        now = time.time()
        self._update(lambda document: end(self._kind, document, ending, now))
        self._discard()

    # lost instances

    def _has_lost(self, document: Document, outcome: Outcome) -> bool:
        """Tell whether the job lost its instances and gets new ones."""
        if status_of(self._kind, document) != "InProgress":
            return False
        if "lost" in life_of(document):  # unless it came to its own end just before
            return outcome.reason == "died" or outcome.returncode == -signal.SIGKILL
        retries = (document["describe"].get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0)
        if outcome.reason != "died" or life_of(document).get("retries", 0) >= retries:
            return False
        self._update(lambda changed: lose(self._kind, changed, "Restarting"))
        return True

    def _begin_again(self, ran: float) -> None:
        if self.process.state() is not State.NEW and life_of(self._document())["lost"]["status"] == "Interrupted":
            self._sync.upload()
        self._discard()
        now = time.time()
        self._update(lambda document: begin_again(self._kind, document, now, ran))

    # documents and folders

    def _is_stopping(self) -> bool:
        return not self._turns.closed and status_of(self._kind, self._document()) == "Stopping"

    def _exceed(self, limit: Limit) -> None:
        now = time.time()
        self._update(lambda document: want_stop(self._kind, document, now, limit.exceeded))

    def _progress(self, secondary: str, message: str = "") -> None:
        self._turns.check_open()
        now = time.time()
        self._update(lambda document: progress(self._kind, document, secondary, now, message))

    def _update(self, change: Callable[[Document], None]) -> None:
        self._backend.store.update(self._kind, self._name, change)

    def _document(self) -> Document:
        document = self._backend.store.get(self._kind, self._name)
        if document is None:
            raise KeyError(f"{self._kind} {self._name} has no document")
        return document

    def _containers(self, document: Document) -> list[Container]:
        paths = self._work.paths(document["request"])
        return [
            Container.at(self._backend, self.folder / host.name, paths, host, self._cluster) for host in self._cluster
        ]

    def _new_sync(self, document: Document) -> Sync:
        kept = self._work.continuous(document["request"])
        folders = [(container.locate(path), uri) for container in self._containers(document) for path, uri in kept]
        return Sync(self._backend.objects, folders)

    def _discard(self) -> None:
        """Remove the attempt's folder in one step: a server that dies now leaves no half of it."""
        if self.folder.exists():
            discarded = self.folder.with_name(f".{self._name}-{uuid.uuid4().hex}")
            self.folder.rename(discarded)
            shutil.rmtree(discarded, ignore_errors=True)  # if not now, then by the next start


def _verdict(outcome: Outcome, limit: list[Any] | None, stopping: bool, exceeded: str) -> Ending:
    """Return how a job ended, without the reasons that only its kind knows."""
    if outcome.reason == "died":
        return Ending("Failed", reason=f"InternalServerError: The job's process was lost: {outcome.message}.")
    if outcome.reason == "time_limit":
        return Ending("Stopped", secondary=limit[1] if limit else "MaxRuntimeExceeded")
    if stopping or outcome.reason == "stopped":
        return Ending("Stopped", secondary=exceeded)
    return Ending("Completed" if outcome.returncode == 0 else "Failed")
