"""What: how each fault is done."""

import signal
import time
from collections.abc import Callable

from tests.chaos import plan
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
    def armed(field: Battlefield, run: Run, fault: Fault) -> bool:
        if fault.where == plan.ALL_CALLS:
            names = [
                field.arm(action, service=service, times=None, probability=0.5, seed=number, **how)
                for number, service in enumerate(("sagemaker", "s3", "logs", "sts"))
            ]
            time.sleep(_STORM)
        else:
            table = CREATE if fault.where == plan.CREATING else DESCRIBE
            told = {"operation": table.get(fault.task, "*Endpoint"), "contains": _subject(field, run, fault)}
            names = [field.arm(action, times=2, **told, **how)]
            until(lambda: not field.armed(str(names[0])) or field.armed(str(names[0]))["fired"] or over(field, run), 30)
        fired = False
        for name in names:
            if name is not None:
                fired |= bool(field.armed(name).get("fired"))
                field.disarm(name)
        return fired

    return armed


def _subject(field: Battlefield, run: Run, fault: Fault) -> str:
    return f"chaos-{field.whose}" if run.dag == "release" else f"{run.id}-{fault.task}"


def _job(action: str, **how: float) -> Fire:
    def armed(field: Battlefield, run: Run, fault: Fault) -> bool:
        name = field.arm(action, name=f"{run.id}-{fault.task}*", **how)
        if name is None:
            return False
        until(lambda: field.armed(name).get("fired", 1) or over(field, run), _WATCHED, 0.2)
        fired = bool(field.armed(name).get("fired"))
        field.disarm(name)
        return fired

    return armed


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


def _fail_run(field: Battlefield, run: Run, fault: Fault) -> bool:
    field.person().fail_run(field.dag_id(run.dag), run.id)
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
    "job killed": _job("kill", after=0),
    "instance lost": _job("crash", after=0),
    "no capacity": _job("capacity"),
}
