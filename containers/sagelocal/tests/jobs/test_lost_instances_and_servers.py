"""A server that dies at any step of an interrupted job's life leaves a job that the next one brings to its end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.faults.fault import Fault

# the fixture `account_relocated` is conftest's class Account
Account = Any
Eventually = Callable[[Callable[[], Any], str], Any]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"

# Stays until it has been interrupted once.
STAY = 'cd "$SAGEMAKER_BASE_DIR/checkpoints" && if [ ! -e mark ]; then touch mark; exec sleep 600; fi'


class _Death:
    """End whichever thread makes the `step`th change of a job's document, before or after the change."""

    def __init__(self, account: Account, step: int, *, before: bool) -> None:
        self.happened = False
        steps = itertools.count(1)
        update = account.backend.store.update

        def dying(kind: str, name: str, change: Any) -> Any:
            dies = kind == "training_job" and next(steps) == step
            if dies and before:
                self._die()
            result = update(kind, name, change)
            if dies:
                self._die()
            return result

        account.backend.store.update = dying

    def _die(self) -> None:
        self.happened = True
        raise SystemExit  # which ends a thread, and is no Exception that anything here could handle


@pytest.mark.parametrize("before", [True, False])
def test_a_server_that_dies_at_any_step_leaves_a_job_that_goes_on(
    account_relocated: Account, eventually: Eventually, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_relocated
    monkeypatch.setattr(threading, "excepthook", _only_deaths)
    for step in itertools.count(1):
        name = f"job-{step}"
        death = _Death(account, step, before=before)
        _start(account, name)
        _interrupt(account, name)
        eventually(lambda: death.happened or account.training(name)["TrainingJobStatus"] == "Completed", "a death")  # noqa: B023 - called in this turn
        account.restart()
        _interrupt(account, name)
        describe = account.trained(name)
        steps = [each["Status"] for each in describe["SecondaryStatusTransitions"]]
        assert describe["TrainingJobStatus"] == "Completed", (step, describe)
        assert "Interrupted" in steps, (step, steps)
        assert steps[-1] == "Completed"
        assert account.keys(f"checkpoints/{name}/") == [f"checkpoints/{name}/mark"], step
        folder = account.folder / "jobs" / "training_job"
        eventually(lambda: not list(folder.iterdir()), "nothing is left of it")  # noqa: B023 - called in this turn
        if not death.happened:
            break
    assert step > 8, "there are that many changes of the document at least"


def _only_deaths(ended: threading.ExceptHookArgs) -> None:
    assert ended.exc_type is SystemExit, ended


def _start(account: Account, name: str) -> None:
    account.train(
        name,
        members={
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["sh", "-c", STAY],
            },
            "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
            "CheckpointConfig": {"S3Uri": f"s3://lake/checkpoints/{name}/"},
        },
    )


def _interrupt(account: Account, name: str) -> None:
    """Interrupt a job once, and again for as long as it stays: that it made its mark before, nobody promises."""
    account.backend.faults.add(Fault("interrupt", name=name, after=0.05))
    account.backend.faults.add(Fault("interrupt", name=name, after=2.0, times=None))
