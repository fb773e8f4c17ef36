"""Jobs: each is taken through its life by one thread, which any later server can take over at any point."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError
from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.images import ImageBuildError
from sagelocal.jobs.isolation import PathError
from sagelocal.jobs.kinds import KINDS
from sagelocal.jobs.life import Life
from sagelocal.jobs.process import State
from sagelocal.jobs.status import ENDED, NOUNS, status_of, want_stop
from sagelocal.jobs.transfer import TransferError
from sagelocal.jobs.turns import Closing, Turns

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

_log = logging.getLogger(__name__)


class JobRunner:
    """Run training, processing and transform jobs."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._turns = Turns()
        self._threads: dict[tuple[str, str], threading.Thread] = {}

    def start(self) -> None:
        """Go on with the jobs that a former server left; IsolationError or EngineError if none can run here."""
        engine_of(self._backend).start(self._backend)
        self._backend.faults.listen(self._turns.wake)
        for kind in KINDS:
            documents = self._backend.store.list(kind)
            live = [self._name(kind, document) for document in documents if status_of(kind, document) not in ENDED]
            folder = self._backend.folder / "jobs" / kind
            for left in folder.iterdir() if folder.exists() else ():
                if left.name not in live:
                    shutil.rmtree(left)  # the end of this job or attempt is stored
            for name in live:
                self.submit(kind, name)

    def submit(self, kind: str, name: str) -> None:
        """Run a job whose document is stored; return at once."""
        thread = threading.Thread(target=self._live, args=(kind, name), name=f"{kind} {name}", daemon=True)
        with self._turns.change:
            if self._turns.closed or (kind, name) in self._threads:
                return
            self._threads[kind, name] = thread
        thread.start()

    def stop(self, kind: str, name: str) -> None:
        """Stop a job: SIGTERM, and SIGKILL after 120 seconds; return at once."""
        self._backend.store.update(kind, name, lambda document: want_stop(kind, document, time.time()))
        process = Life(self._backend, self._turns, kind, name).process
        if process.state() is State.RUNNING:  # if it is launched only now, its thread sees the document
            process.stop()
        self._turns.wake()

    def forget(self, kind: str, name: str) -> None:
        """Wait until nothing is left to be done for a job that has ended: its name is free then."""
        thread = self._threads.get((kind, name))
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Leave the jobs' processes running; the next server takes them over."""
        self._turns.close()

    def _live(self, kind: str, name: str) -> None:
        life = Life(self._backend, self._turns, kind, name)
        try:
            with self._turns.active():
                self._to_its_end(life)
        except Closing:
            return
        finally:
            with self._turns.change:
                self._threads.pop((kind, name), None)

    @staticmethod
    def _to_its_end(life: Life) -> None:
        try:
            life.run()
        except Closing:
            raise
        except (AwsError, TransferError, ImageBuildError, PathError) as error:
            reason = error.message if isinstance(error, AwsError) else str(error)
            life.fail(f"ClientError: {reason}")
        except Exception as error:  # noqa: BLE001 - whatever it is, a job must not stay in progress for ever
            _log.exception("%s", life.folder)
            life.fail(f"InternalServerError: {type(error).__name__}: {error}")

    @staticmethod
    def _name(kind: str, document: Document) -> str:
        name: str = document["request"][f"{NOUNS[kind]}JobName"]
        return name
