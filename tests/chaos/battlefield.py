"""The field on which a campaign is fought: the stack, what is true of it, and the means to hurt it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
from tests.chaos.armed import Armed
from tests.chaos.daemons import end, session, title
from tests.chaos.people import Person
from tests.chaos.plan import CHAINS
from tests.chaos.stack import SAGELOCAL, ChaosStack
from tests.chaos.truth import AirflowTruth, SageMakerTruth, until

SETTLED = 3.0  # seconds that a component must have been well before it is killed again
RECOVERY = 90.0


@dataclass
class Battlefield:
    """Everything that a fault needs."""

    stack: ChaosStack
    whose: str  # "boatyard" or "provider": whose operators are tried
    airflow: AirflowTruth
    sagemaker: SageMakerTruth
    outages: list[tuple[float, float]] = field(default_factory=list)  # of sagelocal
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: ChaosStack, whose: str) -> "Battlefield":
        locks = {name: threading.Lock() for name in [*stack.supervisor.daemons, "release"]}
        return cls(stack, whose, AirflowTruth(stack.database), SageMakerTruth(stack.aws), _locks=locks)

    def dag_id(self, dag: str) -> str:
        return f"{self.whose}_{dag}"

    def person(self) -> Person:
        rest = self.stack.rest()
        return Person(rest.address, rest.user, rest.password)

    def arm(self, action: str, **how: object) -> Armed:
        """Arm a fault of sagelocal."""
        armed = Armed(self.stack.aws, action, how)
        armed.look()
        return armed

    @contextmanager
    def well(self, component: str) -> Iterator[None]:
        """Have a component to oneself, once it answers and has done so for a moment."""
        with self._locks[component]:
            daemon = self.stack.daemon(component)
            until(lambda: daemon.running and daemon.answers(), RECOVERY, 0.2)
            time.sleep(max(0.0, daemon.started + SETTLED - time.time()))
            yield

    @contextmanager
    def releasing(self) -> Iterator[None]:
        """Be the only run that changes the endpoint."""
        with self._locks["release"]:
            yield

    def kill(self, component: str, *, children_live: bool = False) -> None:
        """Kill a component; returns at once, and notes how long sagelocal was away."""
        died = time.time()
        self.stack.daemon(component).kill(signal.SIGKILL, children_live=children_live)
        if component == SAGELOCAL:
            until(self.stack.daemon(component).answers, RECOVERY, 0.1)
            self.outages.append((died, time.time()))

    def terminate(self, component: str, patience: float = 10.0) -> None:
        """Ask a component and its children to end, then insist, as a restart of a service does."""
        daemon = self.stack.daemon(component)
        assert daemon.process is not None
        leader = daemon.process
        for process in session(leader.pid):
            end(process, signal.SIGTERM)
        until(lambda: leader.poll() is not None, patience)
        if leader.poll() is None:
            daemon.kill(signal.SIGKILL, children_live=False)

    def task_process(self, run: str, task: str) -> psutil.Process | None:
        """Return the process that runs a task now, if there is one."""
        known = self.airflow.tasks.get((run, task))
        if known is None or known.state != "running" or known.pid is None:
            return None
        try:
            process = psutil.Process(known.pid)
            return process if process.status() != psutil.STATUS_ZOMBIE and process.ppid() != os.getpid() else None
        except psutil.NoSuchProcess:
            return None

    def worker(self, process: psutil.Process) -> psutil.Process | None:
        """Return the executor's worker that watches over a task's process, None if that died already."""
        try:
            parent = process.parent()
        except psutil.NoSuchProcess:
            return None
        return parent if parent is not None and "airflow worker" in title(parent) else None

    def any_task(self, dag: str, run: str) -> str | None:
        """Return a task of the run that a process works on now."""
        return next((task for task in CHAINS[dag].tasks if self.task_process(run, task) is not None), None)
