"""What happens to a job while its process runs: uploads, the end of its time, and faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError
from sagelocal.jobs.turns import Closing

if TYPE_CHECKING:
    from types import TracebackType

    from sagelocal.faults.faults import Faults
    from sagelocal.faults.jobs import Target
    from sagelocal.jobs.limits import Limit
    from sagelocal.jobs.sync import Sync
    from sagelocal.jobs.turns import Turns

UPLOAD_INTERVAL = 1.0  # seconds between two looks at folders that are kept in S3
FAULT_INTERVAL = 0.05  # seconds between two looks at armed faults

_log = logging.getLogger(__name__)


@dataclass
class Watch:
    """A thread beside a running process; `with` it, for as long as the process runs."""

    turns: Turns
    sync: Sync
    limit: Limit | None
    faults: Faults
    target: Target  # of faults
    exceed: Callable[[Limit], None]  # the time is over

    def __enter__(self) -> None:
        self._ended = self._struck = False
        self._next_upload = time.monotonic() + UPLOAD_INTERVAL
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def __exit__(self, _: type | None, __: BaseException | None, ___: TracebackType | None) -> None:
        with self.turns.change:
            self._ended = True
            self.turns.change.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while self._await_next():
            try:
                with self.turns.active():
                    self._look()
            except Closing:
                return

    def _await_next(self) -> bool:
        """Wait for the next time to look; return False if there is none."""
        with self.turns.change:
            if not self._over():
                self.turns.change.wait(self._pause())
            return not self._over()

    def _over(self) -> bool:
        return self._ended or self.turns.closed

    def _pause(self) -> float | None:
        pauses = []
        if self.sync.folders:
            pauses.append(max(0.0, self._next_upload - time.monotonic()))
        if self.limit is not None:
            pauses.append(min(self.limit.left(time.time()), threading.TIMEOUT_MAX))
        if self.faults.any_of_jobs and not self._struck:
            pauses.append(FAULT_INTERVAL)
        return min(pauses, default=None)

    def _look(self) -> None:
        if self.limit is not None and self.limit.left(time.time()) == 0:
            self.exceed(self.limit)
            self.limit = None
        if self.faults.any_of_jobs and not self._struck:
            self._struck = self.target.strike(self.faults)
        if self.sync.folders and time.monotonic() >= self._next_upload:
            self._upload()

    def _upload(self) -> None:
        self._next_upload = time.monotonic() + UPLOAD_INTERVAL
        try:
            self.sync.upload_settled()
        except FileNotFoundError:
            return  # removed between two looks
        except (AwsError, OSError) as error:
            _log.warning("a running job's files could not be uploaded; its end will tell: %s", error)
