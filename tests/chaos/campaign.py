"""A campaign: many runs side by side, each meeting its faults, then judgement."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from botocore.exceptions import BotoCoreError, ClientError
from tests.chaos.armed import faults
from tests.chaos.battlefield import Battlefield
from tests.chaos.fire import fire
from tests.chaos.judge import Finding, Job, Kind, Told, judge
from tests.chaos.moments import moment, over
from tests.chaos.plan import AT_RANDOM, CHAINS, KILLS, PERSONS, Fault, Run
from tests.chaos.probe import Probe
from tests.chaos.truth import until

AT_ONCE = 12  # runs
_APART = 1.0  # seconds between two starts: else the first kill of sagelocal comes amid the first call of every run
_CALM = 360.0  # seconds for a run to end after its last fault
_QUIET = 100.0  # seconds for the last jobs that nobody wants to be stopped: an interval of the reconcile DAG and more
# A job that nobody wants must be stopped by the end of the first whole look of the reconcile DAG, and some seconds.
_GRACE, _STOP_TAKES = 10.0, 20.0
_UNRECONCILED = 90.0

Report = Callable[[str], None]


@dataclass(frozen=True)
class Fired:
    """A fault that was done, or that hit nothing."""

    fault: Fault
    hit: bool
    beside: int  # runs that were under way
    came: bool  # whether its moment came


@dataclass
class Campaign:
    """One set of operators against a plan."""

    battlefield: Battlefield
    plan: Iterator[Run]
    faults: int  # that are to hit something
    report: Report
    told: dict[str, Told] = field(default_factory=dict)
    fired: dict[str, list[Fired]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _runs: list[Run] = field(default_factory=list)
    _alive: set[str] = field(default_factory=set)
    _over: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # SQLite has one writer, and Airflow's api-server stands still while one of many requests waits for it
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def fight(self) -> None:
        """Do everything that is planned, and judge."""
        battle = self.battlefield
        battle.airflow.look()
        battle.airflow.watch()
        person = battle.person()
        for dag in CHAINS:
            until(lambda: battle.stack.rest().dag(battle.dag_id(dag)) is not None, 60, 0.5)  # noqa: B023 - used at once
            person.pause(battle.dag_id(dag), False)
        if battle.whose == "boatyard":
            person.pause("reconcile", False)
        first = Run("first", "release", ())
        self._drive(first)
        probe = Probe(battle, f"chaos-{battle.whose}")
        probe.start()
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for done in [pool.submit(self._drive_on) for _ in range(AT_ONCE)]:
                    done.result()
            self._judge([first, *self._runs])
        finally:
            probe.stop()
            battle.airflow.stop()
        self.findings += probe.findings()

    def _drive_on(self) -> None:
        while (run := self._next()) is not None:
            self._drive(run)

    def _next(self) -> Run | None:
        """Return the next run, none if those under way will bring as many faults as were asked for."""
        with self._lock:
            expected = sum(
                sum(one.hit for one in self.fired[run.id]) if run.id in self._over else len(run.faults)
                for run in self._runs
            )
            if expected >= self.faults:
                return None
            run = next(self.plan, None)
            if run is not None:
                self._runs.append(run)
            return run

    def _drive(self, run: Run) -> None:
        battle = self.battlefield
        told = self.told[run.id] = Told(run.id, run.dag)
        self.fired[run.id] = []
        with ExitStack() as stack:
            if run.dag == "release":
                stack.enter_context(battle.releasing())
            with self._lock:
                self._alive.add(run.id)
            with self._starting:
                battle.person().start(battle.dag_id(run.dag), run.id, run.conf)
                time.sleep(_APART)
            until(lambda: run.id in battle.airflow.runs, 60)
            for fault in run.faults:
                self._fire(run, fault, told)
            if not until(lambda: over(battle, run), _CALM, 0.2):
                self.report(f"{run.id} {run.dag} did not end: {self._states(run)}")
            if run.dag == "release" and battle.airflow.runs.get(run.id) == "success":
                self._served(run)
            with self._lock:
                self._alive.discard(run.id)
                self._over.add(run.id)
        hits = ", ".join(f"{one.fault.what} ({one.fault.where})" for one in self.fired[run.id] if one.hit)
        self.report(f"{run.id} {run.dag} {battle.airflow.runs.get(run.id)}: {hits or 'nothing'}")

    def _fire(self, run: Run, fault: Fault, told: Told) -> None:
        component = KILLS.get(fault.what, "")
        with ExitStack() as stack:
            if component in self.battlefield.stack.supervisor.daemons:
                stack.enter_context(self.battlefield.well(component))
            came = stack.enter_context(moment(self.battlefield, run, fault))
            beside = len(self._alive)
            # a person whose moment has passed comes while the job is there: it lasts until somebody stops it
            late = fault.what in PERSONS and not came and self._job_is_there(run, fault)
            hit = fire(self.battlefield, run, fault) if came or component or late else False
            if hit:
                real = fault if came else replace(fault, where=AT_RANDOM)
                told.fired = [*told.fired, (real, time.time())]
            self.fired[run.id].append(Fired(fault, hit, beside, came))

    def _job_is_there(self, run: Run, fault: Fault) -> bool:
        battle = self.battlefield
        there = until(lambda: battle.sagemaker.works_on(run.id, fault.task) or over(battle, run), _CALM, 1.0)
        return there and not over(battle, run)

    def _served(self, run: Run) -> None:
        """What a release reported as done must be what serves."""
        wanted = f"{run.id}-deploy"
        answer: tuple[str, str] = ("", "")

        def asked() -> bool:
            nonlocal answer
            try:
                answer = self.battlefield.sagemaker.serving(f"chaos-{self.battlefield.whose}")
            except (ClientError, BotoCoreError):
                return False  # killed, or a fault
            return True

        until(asked, 60, 0.5)
        if answer != ("InService", wanted):
            self.findings.append(Finding(Kind.WRONG, run.id, f"the release succeeded, but {answer} serves"))

    def _judge(self, runs: Sequence[Run]) -> None:
        battle = self.battlefield
        faults(battle.stack.aws).clear()
        jobs = battle.sagemaker.jobs()
        until(lambda: not self._running(), _QUIET, 1.0)
        jobs = battle.sagemaker.jobs()
        battle.airflow.look()
        for run in runs:
            told = self.told[run.id]
            told.state = battle.airflow.runs.get(run.id, "unknown")
            told.states = self._states(run)
            self.findings += judge(told, jobs, self._stopped_by)

    def _stopped_by(self, since: float) -> float:
        if self.battlefield.whose == "provider":  # nobody reconciles
            return since + _UNRECONCILED
        whole = [ended for began, ended in self.battlefield.airflow.reconciliations() if began > since + _GRACE]
        return min(whole, default=math.inf) + _STOP_TAKES

    def _running(self) -> list[Job]:
        return [job for job in self.battlefield.sagemaker.jobs() if job.ended is None]

    def _states(self, run: Run) -> dict[str, str | None]:
        tasks = self.battlefield.airflow.tasks
        return {task: tasks[run.id, task].state for task in CHAINS[run.dag].tasks if (run.id, task) in tasks}
