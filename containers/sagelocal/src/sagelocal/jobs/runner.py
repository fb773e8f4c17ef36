"""Jobs: each is taken through its life by one thread, which any later server can take over at any point."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError
from sagelocal.jobs import isolation
from sagelocal.jobs.container import Container
from sagelocal.jobs.images import ImageBuildError
from sagelocal.jobs.isolation import PathError
from sagelocal.jobs.kinds import KINDS
from sagelocal.jobs.logfiles import stream_file
from sagelocal.jobs.optml import HOST
from sagelocal.jobs.process import Outcome, State, SupervisedProcess
from sagelocal.jobs.status import ENDED, NOUNS, Ending, end, progress, status_of, want_stop
from sagelocal.jobs.transfer import TransferError

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

GRACE = 120.0  # seconds from SIGTERM to SIGKILL, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
AT_ONCE = max(4, os.cpu_count() or 1)  # jobs that run at the same time; others wait in Starting
CLOSE_PATIENCE = 10.0  # seconds that a closing server waits for a thread to reach a point it can be left at
BUILDING = "Building the image's environment; it is kept for later jobs"
QUEUED = f"Waiting until one of {AT_ONCE} running jobs has ended"

_log = logging.getLogger(__name__)


class _Closing(Exception):  # noqa: N818 - no error: the next server goes on from here
    """The server closes."""


class JobRunner:
    """Run training, processing and transform jobs."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._change = threading.Condition()
        self._closed = False
        self._running = 0
        self._threads: dict[tuple[str, str], threading.Thread] = {}
        self._idle: set[tuple[str, str]] = set()  # jobs whose thread only waits for their process or their turn

    def start(self) -> None:
        """Go on with the jobs that a former server left; IsolationError if the wanted isolation is not to be had."""
        isolation.choose(self._backend.isolation)
        for kind in KINDS:
            documents = self._backend.store.list(kind)
            live = [self._name(kind, document) for document in documents if status_of(kind, document) not in ENDED]
            for folder in self._folder(kind, "").glob("*"):
                if folder.name not in live:
                    shutil.rmtree(folder)  # the end of this job is stored
            for name in live:
                self.submit(kind, name)

    def submit(self, kind: str, name: str) -> None:
        """Run a job whose document is stored; return at once."""
        thread = threading.Thread(target=self._live, args=(kind, name), name=f"{kind} {name}", daemon=True)
        with self._change:
            if self._closed or (kind, name) in self._threads:
                return
            self._threads[kind, name] = thread
        thread.start()

    def stop(self, kind: str, name: str) -> None:
        """Stop a job: SIGTERM, and SIGKILL after 120 seconds; return at once."""
        self._backend.store.update(kind, name, lambda document: want_stop(kind, document, time.time()))
        process = self._process(kind, name)
        if process.state() is State.RUNNING:  # if it is launched only now, its thread sees the document
            process.stop()
        with self._change:
            self._change.notify_all()

    def close(self) -> None:
        """Leave the jobs' processes running; the next server takes them over."""
        with self._change:
            self._closed = True
            self._change.notify_all()
            busy = [thread for key, thread in self._threads.items() if key not in self._idle]
        deadline = time.monotonic() + CLOSE_PATIENCE
        for thread in busy:
            thread.join(max(0.0, deadline - time.monotonic()))

    # one job's life

    def _live(self, kind: str, name: str) -> None:
        key = (kind, name)
        try:
            self._to_its_end(kind, name)
        except _Closing:
            return
        except (AwsError, TransferError, ImageBuildError, PathError) as error:
            reason = error.message if isinstance(error, AwsError) else str(error)
            self._fail(kind, name, f"ClientError: {reason}")
        except Exception as error:  # noqa: BLE001 - whatever it is, a job must not stay in progress for ever
            _log.exception("%s %s", kind, name)
            self._fail(kind, name, f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            with self._change:
                self._threads.pop(key, None)
                self._change.notify_all()

    def _to_its_end(self, kind: str, name: str) -> None:
        process = self._process(kind, name)
        with self._turn(kind, name, process.state() is State.NEW):
            if process.state() is State.NEW and not self._launch(kind, name, process):
                ending = Ending("Stopped")
            else:
                ending = self._finish(kind, name, self._wait(kind, name, process))
            self._end(kind, name, ending)

    def _launch(self, kind: str, name: str, process: SupervisedProcess) -> bool:
        """Prepare a job and start its process; return False if somebody stopped it before."""
        if self._stopping(kind, name):
            return False
        document = self._document(kind, name)
        request, describe, work = document["request"], document["describe"], KINDS[kind]
        shutil.rmtree(self._folder(kind, name), ignore_errors=True)  # what a server left that died preparing it
        container = self._container(kind, name, document)
        command = work.command(container, document)
        image = container.image(work.image_uri(document), lambda: self._progress(kind, name, "Starting", BUILDING))
        self._progress(kind, name, "Downloading")
        container.make(work.files(request, describe))
        work.download(container, document)
        self._progress(kind, name, "Training")
        if self._stopping(kind, name):
            return False
        spec = container.spec(
            image,
            command,
            work.environment(document),
            work.platform(describe),
            stream_file(self._backend.folder, work.log_group, f"{name}/{HOST}-{int(time.time())}"),
            grace=GRACE,
            time_limit=(describe.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        )
        process.launch(spec)
        if self._stopping(kind, name):
            process.stop()
        return True

    def _finish(self, kind: str, name: str, outcome: Outcome) -> Ending:
        """Store what a job made; return how it ended."""
        document = self._document(kind, name)
        work, describe = KINDS[kind], document["describe"]
        container = self._container(kind, name, document)
        log = Path(self._process(kind, name).spec()["log"])
        ending = _verdict(outcome, status_of(kind, document) == "Stopping")
        failed = ending.status == "Failed"
        if not failed:
            self._progress(kind, name, "Uploading")
        members = {**work.told(container, describe, log), **work.upload(container, describe, failed)}
        reason = ending.reason or (work.failure(container, outcome) if failed else "")
        return Ending(ending.status, ending.secondary, reason, members)

    def _fail(self, kind: str, name: str, reason: str) -> None:
        process = self._process(kind, name)
        if process.state() is State.RUNNING:
            process.stop()
            process.wait()
        with self._unless_closed():
            self._end(kind, name, Ending("Failed", reason=reason))

    def _end(self, kind: str, name: str, ending: Ending) -> None:
        now = time.time()
        self._update(kind, name, lambda document: end(kind, document, ending, now))
        shutil.rmtree(self._folder(kind, name), ignore_errors=True)  # if not now, then by the next start

    # its turn

    @contextmanager
    def _turn(self, kind: str, name: str, queue: bool) -> Iterator[None]:
        """Wait until fewer than `AT_ONCE` jobs run; a job that runs already waits for nothing."""
        with self._change:
            if queue and self._running >= AT_ONCE:
                self._progress(kind, name, "Starting", QUEUED)
                self._idle.add((kind, name))
                self._change.wait_for(lambda: self._running < AT_ONCE or self._closed or self._stopping(kind, name))
                self._idle.discard((kind, name))
            self._check_open()
            self._running += 1
        try:
            yield
        finally:
            with self._change:
                self._running -= 1
                self._change.notify_all()

    def _wait(self, kind: str, name: str, process: SupervisedProcess) -> Outcome:
        with self._change:
            self._check_open()
            self._idle.add((kind, name))
        outcome = process.wait()
        with self._change:
            self._idle.discard((kind, name))
            self._check_open()
        return outcome

    def _check_open(self) -> None:
        if self._closed:
            raise _Closing

    @contextmanager
    def _unless_closed(self) -> Iterator[None]:
        try:
            self._check_open()
            yield
        except _Closing:
            return

    # documents and folders

    def _progress(self, kind: str, name: str, secondary: str, message: str = "") -> None:
        self._check_open()
        now = time.time()
        self._update(kind, name, lambda document: progress(kind, document, secondary, now, message))

    def _update(self, kind: str, name: str, change: Callable[[Document], None]) -> None:
        self._backend.store.update(kind, name, change)

    def _document(self, kind: str, name: str) -> Document:
        document = self._backend.store.get(kind, name)
        if document is None:
            raise KeyError(f"{kind} {name} has no document")
        return document

    def _stopping(self, kind: str, name: str) -> bool:
        return not self._closed and status_of(kind, self._document(kind, name)) == "Stopping"

    def _container(self, kind: str, name: str, document: Document) -> Container:
        return Container.at(self._backend, self._folder(kind, name), KINDS[kind].paths(document["request"]))

    def _folder(self, kind: str, name: str) -> Path:
        return self._backend.folder / "jobs" / kind / name

    def _process(self, kind: str, name: str) -> SupervisedProcess:
        return SupervisedProcess(self._folder(kind, name) / "run")

    @staticmethod
    def _name(kind: str, document: Document) -> str:
        name: str = document["request"][f"{NOUNS[kind]}JobName"]
        return name


def _verdict(outcome: Outcome, stopping: bool) -> Ending:
    """Return how a job ended, without the reasons that only its kind knows."""
    if outcome.reason == "died":
        return Ending("Failed", reason=f"InternalServerError: The job's process was lost: {outcome.message}.")
    if outcome.reason == "time_limit":
        return Ending("Stopped", secondary="MaxRuntimeExceeded")
    if stopping or outcome.reason == "stopped":
        return Ending("Stopped")
    return Ending("Completed" if outcome.returncode == 0 else "Failed")
