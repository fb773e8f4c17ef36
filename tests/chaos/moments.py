"""When: the moments in the life of a task, as Airflow's database and SageMaker's API show them."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.chaos import plan
from tests.chaos.battlefield import Battlefield
from tests.chaos.plan import CHAINS, Fault, Run
from tests.chaos.truth import until

_PATIENCE = 60.0  # seconds: a moment that does not come by then has passed
_HELD = 8.0  # seconds that a call is held, so that somebody can be killed meanwhile
_ENDED = {"success", "failed"}

CREATE = {
    "process": "CreateProcessingJob",
    "train": "CreateTrainingJob",
    "predict": "CreateTransformJob",
    "tune": "CreateHyperParameterTuningJob",
    "model": "CreateModel",
    "config": "CreateEndpointConfig",
    "register": "CreateModelPackage",
}
DESCRIBE = {task: operation.replace("Create", "Describe") for task, operation in CREATE.items()}
HOLDS = {
    plan.BEFORE_CREATE: ("delay", CREATE),
    plan.AFTER_CREATE: ("late", CREATE),
    plan.AFTER_DESCRIBE: ("late", DESCRIBE),
}


def _state(field: Battlefield, run: Run, task: str) -> str | None:
    known = field.airflow.tasks.get((run.id, task))
    return known.state if known else None


def _between(field: Battlefield, run: Run, task: str) -> bool:
    tasks = CHAINS[run.dag].tasks
    last = task == tasks[-1]
    return _state(field, run, tasks[-2] if last else task) == "success" and _state(field, run, tasks[-1]) != "success"


def _resumes(field: Battlefield, run: Run, task: str) -> bool:
    known = field.airflow.tasks.get((run.id, task))
    return known is not None and known.resumes and known.state in {"queued", "running", "scheduled"}


SEEN: dict[str, Callable[[Battlefield, Run, str], bool]] = {
    plan.QUEUED: lambda field, run, task: _state(field, run, task) in {"scheduled", "queued"},
    plan.IN_WORKER: lambda field, run, task: (
        _state(field, run, task) == "running" and field.sagemaker.works_on(run.id, task)
    ),
    plan.WORKING: lambda field, run, task: field.sagemaker.works_on(run.id, task),
    plan.DEFERRED: lambda field, run, task: _state(field, run, task) == "deferred",
    plan.RESUMING: _resumes,
    plan.BETWEEN: _between,
}


def over(field: Battlefield, run: Run) -> bool:
    """Tell whether the run has ended."""
    return field.airflow.runs.get(run.id) in _ENDED


@contextmanager
def moment(field: Battlefield, run: Run, fault: Fault) -> Iterator[bool]:
    """Wait for the moment of a fault and tell whether it came; a call that is held goes on afterwards."""
    if fault.where in HOLDS:
        action, operations = HOLDS[fault.where]
        told = {"operation": operations[fault.task], "contains": f"{run.id}-{fault.task}", "seconds": _HELD}
        armed = field.arm(action, **told)

        def holds() -> bool:
            armed.look()
            return bool(armed.holds) or over(field, run)

        try:
            yield until(holds, _PATIENCE) and not over(field, run)
        finally:
            armed.disarm()
    elif fault.where in SEEN:
        seen = SEEN[fault.where]
        yield until(lambda: seen(field, run, fault.task) or over(field, run), _PATIENCE) and not over(field, run)
    else:
        time.sleep(random.uniform(0.0, 6.0))
        yield True
