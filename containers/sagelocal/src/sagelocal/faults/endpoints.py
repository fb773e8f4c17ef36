"""Faults of endpoints: workers that die, and no capacity for new ones."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.faults.jobs import Target
from sagelocal.jobs.process import State, SupervisedProcess

if TYPE_CHECKING:
    from sagelocal.faults.faults import Faults

KIND = "endpoint"
INTERVAL = 0.05  # seconds between two looks, while a fault of jobs is armed
# https://docs.aws.amazon.com/sagemaker/latest/dg/real-time-endpoints-troubleshooting.html
CAPACITY_ERROR = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry using a "
    "different ML instance type or after some time."
)


class EndpointFaults:
    """Strike the processes that serve endpoints, by a thread that lives as long as there are faults to look for."""

    def __init__(self, faults: Faults, folder: Path) -> None:
        self._faults = faults
        self._folder = folder  # <endpoint>/<generation>/<worker>/run-<nanoseconds of its start>
        self._lock = threading.Lock()
        self._looking = False
        faults.listen(self._look_for_faults)

    def _look_for_faults(self) -> None:
        with self._lock:
            if self._looking or not self._faults.any_of_jobs:
                return
            self._looking = True
        threading.Thread(target=self._run, name="faults of endpoints", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._faults.any_of_jobs:
                    self._looking = False
                    return
            for run in self._folder.glob("*/*/*/run-*"):
                self._strike(run)
            time.sleep(INTERVAL)

    def _strike(self, run: Path) -> None:
        process, launched = SupervisedProcess(run), int(run.name.removeprefix("run-")) / 1e9
        try:
            if process.state() is State.RUNNING:
                name = run.relative_to(self._folder).parts[0]
                Target(KIND, name, run.name, False, launched, process, lambda _: None).strike(self._faults)
        except FileNotFoundError:
            return  # it has ended meanwhile, and its folder is gone


def has_capacity(faults: Faults, name: str, deployment: str, closing: threading.Event) -> bool:
    """Wait for the capacity that a deployment needs; return False if there is none."""
    fault = faults.of_job("capacity", KIND, name, deployment)
    if fault is None:
        return True
    if fault.fault.seconds is None:
        return False
    end = time.monotonic() + fault.fault.seconds
    while not (closing.is_set() or fault.gone.is_set()) and time.monotonic() < end:
        closing.wait(INTERVAL)
    return True
