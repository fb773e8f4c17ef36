"""What: how each fault is done."""

import signal
import time
from collections.abc import Callable

from tests.chaos import plan
from tests.chaos.armed import Armed
from tests.chaos.battlefield import Battlefield
from tests.chaos.daemons import end
from tests.chaos.moments import CREATE, DESCRIBE, over
from tests.chaos.plan import Fault, Run
from tests.chaos.truth import until

_STORM = 6.0  # seconds that every call is in danger
_WATCHED = 60.0  # seconds within which an armed fault must have hit somebody

Fire = Callable[[Battlefield, Run, Fault], bool]


def fire(field: Battlefield, run: Run, fault: Fault) -> bool:
    """Do it, and tell whether it hit anything."""
    return FIRE[fault.what](field, run, fault)


def _kill(component: str, *, children_live: bool = False) -> Fire:
    def killed(field: Battlefield, run: Run, fault: Fault) -> bool:
        field.kill(component, children_live=children_live)
        return True

    return killed


def _terminate(component: str) -> Fire:
    def terminated(field: Battlefield, run: Run, fault: Fault) -> bool:
        field.terminate(component)
        return True

    return terminated


def _in_task(number: signal.Signals, *, task: bool, worker: bool) -> Fire:
    def hit(field: Battlefield, run: Run, fault: Fault) -> bool:
        process = field.task_process(run.id, fault.task)
        if process is None:  # a random moment: whichever task of the run is at work
            until(lambda: field.any_task(run.dag, run.id) or over(field, run), 30.0)
            name = field.any_task(run.dag, run.id)
            process = field.task_process(run.id, name) if name else None
        if process is None:
            return False
        watcher = field.worker(process)
        if worker and watcher is not None:
            end(watcher, number)
        return end(process, number) if task else watcher is not None

    return hit


def _call(action: str, **how: object) -> Fire:
    def hurt(field: Battlefield, run: Run, fault: Fault) -> bool:
        if fault.where == plan.ALL_CALLS:
            storm = {"times": None, "probability": 0.5, **how}
            faults = [field.arm(action, service=service, **storm) for service in ("sagemaker", "s3", "logs", "sts")]
            time.sleep(_STORM)
        else:
            table = CREATE if fault.where == plan.CREATING else DESCRIBE
            operation = table.get(fault.task, "*Endpoint")
            told = {"service": "sagemaker", "operation": operation, "contains": _subject(field, run, fault)}
            faults = [field.arm(action, times=2, **told, **how)]
            until(lambda: _fired(faults[0]) or over(field, run), _WATCHED)
        for one in faults:
            one.disarm()
        return any(one.fired for one in faults)

    return hurt


def _fired(armed: Armed) -> bool:
    armed.look()
    return armed.fired > 0


def _subject(field: Battlefield, run: Run, fault: Fault) -> str:
    return f"chaos-{field.whose}" if run.dag == "release" else f"{run.id}-{fault.task}"


def _job(action: str, **how: float) -> Fire:
    def hurt(field: Battlefield, run: Run, fault: Fault) -> bool:
        # only the first job; the one that takes its place lives, even if sagelocal forgot what it did to the first
        name = f"{run.id}-{fault.task}*" + ("-0-0" if field.whose == "boatyard" else "")
        armed = field.arm(action, name=name, **how)
        until(lambda: _fired(armed) or over(field, run), _WATCHED)
        armed.disarm()
        return armed.fired > 0 or field.sagemaker.failed(run.id, fault.task)

    return hurt


def _mark(state: str) -> Fire:
    def marked(field: Battlefield, run: Run, fault: Fault) -> bool:
        field.person().mark(field.dag_id(run.dag), run.id, fault.task, state)
        return True

    return marked


def _clear(field: Battlefield, run: Run, fault: Fault) -> bool:
    field.person().clear(field.dag_id(run.dag), run.id, fault.task, field.airflow)
    return True


def _retry(field: Battlefield, run: Run, fault: Fault) -> bool:
    _mark("failed")(field, run, fault)
    until(lambda: over(field, run), 60.0)
    return _clear(field, run, fault)


def _unheard(person: Fire) -> Fire:
    """Do what a person does while no triggerer lives, so that no trigger hears of it."""

    def done(field: Battlefield, run: Run, fault: Fault) -> bool:
        with field.well("triggerer"):
            daemon = field.stack.daemon("triggerer")
            daemon.stays_dead = True
            field.kill("triggerer")
            try:
                return person(field, run, fault)
            finally:
                time.sleep(_STORM)
                daemon.stays_dead = False

    return done


def _fail_run(field: Battlefield, run: Run, fault: Fault) -> bool:
    field.person().fail_run(field.dag_id(run.dag), run.id, field.airflow)
    return True


def _pause(field: Battlefield, run: Run, fault: Fault) -> bool:
    field.person().pause(field.dag_id(run.dag), True)
    time.sleep(_STORM)
    field.person().pause(field.dag_id(run.dag), False)
    return True


FIRE: dict[str, Fire] = {
    "kill -9 task process": _in_task(signal.SIGKILL, task=True, worker=False),
    "kill -9 worker": _in_task(signal.SIGKILL, task=True, worker=True),
    "kill -9 triggerer": _kill("triggerer"),
    "kill -9 scheduler, its workers live": _kill("scheduler", children_live=True),
    "kill -9 scheduler and workers": _kill("scheduler"),
    "kill -9 api-server": _kill("api-server"),
    "kill -9 sagelocal": _kill("sagelocal"),
    "kill -9 dag-processor": _kill("dag-processor"),
    "SIGTERM worker": _in_task(signal.SIGTERM, task=False, worker=True),
    "SIGTERM scheduler and workers": _terminate("scheduler"),
    "SIGTERM triggerer": _terminate("triggerer"),
    "throttle": _call("throttle"),
    "fail": _call("fail"),
    "hang": _call("hang", seconds=4),
    "late": _call("late", seconds=4),
    "lose": _call("lose"),
    "mark failed": _mark("failed"),
    "mark success": _mark("success"),
    "clear": _clear,
    "retry": _retry,
    "fail run": _fail_run,
    "pause": _pause,
    "mark failed, no triggerer": _unheard(_mark("failed")),
    "clear, no triggerer": _unheard(_clear),
    "job killed": _job("kill", after=0),
    "instance lost": _job("crash", after=0),
    "no capacity": _job("capacity"),
}
