"""Whatever is killed, no container is left that nobody knows, and no job stays in progress."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.waiting import until

Contained = Any  # conftest's

pytestmark = pytest.mark.unverified

WAIT = "trap 'echo got SIGTERM; exit 0' TERM; echo waiting; sleep 600 & wait $!"


@pytest.fixture(scope="module")
def killed(make_contained: Callable[..., Contained]) -> Iterator[Contained]:
    """Give a server to be killed; no container of its outlives these tests."""
    made = make_contained()
    yield made
    until(lambda: not made.containers(), "no container is left")


def _end_and_start(contained: Contained, how: signal.Signals, between: Callable[[], None] = lambda: None) -> None:
    contained.server.end(how)
    between()
    contained.server.start_again()


def _kill_supervisor(contained: Contained, name: str) -> None:
    run = contained.server.state / "jobs" / "training_job" / name / "algo-1" / "run"
    os.kill(json.loads((run / "started.json").read_text())["pid"], signal.SIGKILL)


def test_a_running_container_is_taken_over_by_the_next_server(killed: Contained) -> None:
    name = killed.train(WAIT)
    killed.await_line(name, "waiting")
    before = killed.containers()
    assert len(before) == 1
    _end_and_start(killed, signal.SIGKILL)
    assert killed.training(name)["SecondaryStatus"] == "Training"
    assert [line.split()[0] for line in killed.containers()] == [line.split()[0] for line in before]
    killed.sagemaker("stop_training_job", TrainingJobName=name)
    assert killed.trained(name)["TrainingJobStatus"] == "Stopped"
    assert killed.printed(name)[1:] == ["waiting", "got SIGTERM"]
    assert not killed.containers()


def test_a_container_that_ends_while_no_server_runs_is_completed_by_the_next(killed: Contained) -> None:
    name = killed.train("echo waiting; sleep 3; echo made > /opt/ml/model/model.txt")
    killed.await_line(name, "waiting")
    run = killed.server.state / "jobs" / "training_job" / name / "algo-1" / "run"
    _end_and_start(
        killed, signal.SIGKILL, lambda: until((run / "exit.json").exists, "the container ends without a server")
    )
    assert killed.trained(name)["TrainingJobStatus"] == "Completed"
    assert killed.read(f"models/{name}/output/model.tar.gz")


def test_a_job_whose_supervisor_was_killed_fails_and_its_container_is_removed(killed: Contained) -> None:
    name = killed.train(WAIT)
    killed.await_line(name, "waiting")
    _kill_supervisor(killed, name)
    described = killed.trained(name)
    assert described["FailureReason"].startswith("InternalServerError: The job's process was lost")
    assert not killed.containers()


def test_a_container_that_lost_server_and_supervisor_is_removed_by_the_next_server(killed: Contained) -> None:
    name = killed.train(WAIT)
    killed.await_line(name, "waiting")
    _end_and_start(killed, signal.SIGKILL, lambda: _kill_supervisor(killed, name))
    assert killed.trained(name)["TrainingJobStatus"] == "Failed"
    assert not killed.containers()


@pytest.mark.parametrize("instant", ["algo-1/run/lock", "algo-1/run/started.json"])
def test_a_supervisor_killed_while_its_container_starts_leaves_none(killed: Contained, instant: str) -> None:
    name = killed.train(WAIT)
    folder = killed.server.state / "jobs" / "training_job" / name
    until(lambda: (folder / instant).exists(), f"{instant} is there")
    until(lambda: (folder / "algo-1/run/started.json").exists(), "the supervisor says its id")
    _kill_supervisor(killed, name)
    assert killed.trained(name)["TrainingJobStatus"] == "Failed"
    _end_and_start(killed, signal.SIGTERM)  # what the engine was still making goes with the next start
    assert not killed.containers()


def test_a_container_that_no_run_knows_is_removed_by_the_next_server(killed: Contained) -> None:
    killed.leave()
    assert len(killed.containers()) == 1
    _end_and_start(killed, signal.SIGKILL)
    assert not killed.containers()


def test_an_interrupted_spot_job_loses_its_container_and_gets_another(contained: Contained) -> None:
    contained.server.faults.add("interrupt", name="spot-*", after=1, seconds=0)
    name = contained.train(
        "test -f /opt/ml/checkpoints/seen && exit 0; echo seen > /opt/ml/checkpoints/seen; echo waiting; sleep 600",
        name="spot-1",
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 400},
        CheckpointConfig={"S3Uri": "s3://lake/checkpoints/spot-1"},
    )
    described = contained.trained(name)
    assert described["TrainingJobStatus"] == "Completed", described
    assert "Interrupted" in [step["Status"] for step in described["SecondaryStatusTransitions"]]
    assert not contained.containers()


@pytest.mark.parametrize(
    ("action", "reason"),
    [("kill", "exit code: 137"), ("crash", "InternalServerError: The job's process was lost")],
)
def test_faults_hit_the_container(contained: Contained, action: str, reason: str) -> None:
    contained.server.faults.add(action, name=f"{action}ed")
    name = contained.train(WAIT, name=f"{action}ed")
    described = contained.trained(name)
    assert described["TrainingJobStatus"] == "Failed"
    assert reason in described["FailureReason"]
    assert not contained.containers()
