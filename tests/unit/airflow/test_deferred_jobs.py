"""What becomes of a job whose task waits in the triggerer, against real jobs of a real sagelocal."""

import asyncio
import re
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, TaskDeferred
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from tests.deferral import fire
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.trainings import LONG, Training, deferred, ended, operator, status

from boatyard.airflow.failures import JobFailedError
from boatyard.airflow.triggers import JobTrigger
from boatyard.aws import jobs


def test_a_long_job_is_waited_for_in_the_triggerer(training: Training, task: Task) -> None:
    made = operator(training(seconds="1.5"), defer_after=0.1)
    event = fire(deferred(made, task))
    # the worker that resumes is another process: nothing but the arguments and the event is left
    result = operator(training(seconds="1.5"), defer_after=0.1).execute_complete(task.context(), event)
    assert result["job_name"] == event["job_name"]
    assert result["Training"]["TrainingJobStatus"] == "Completed"


def test_a_job_that_the_triggerer_could_not_look_at_is_waited_for_again(training: Training, task: Task) -> None:
    made = operator(training(seconds="2.5"), defer_after=0.1)
    waited = deferred(made, task)
    event = {"job_name": waited.job_name, "in_time": True}
    with pytest.raises(TaskDeferred) as raised:
        operator(training(), defer_after=0.1).execute_complete(task.context(), event, waited.deadline)
    assert raised.value.trigger.serialize() == waited.serialize()
    event = fire(waited)
    result = operator(training()).execute_complete(task.context(), event, **(raised.value.kwargs or {}))
    assert result["Training"]["TrainingJobStatus"] == "Completed"


def test_a_task_shows_its_jobs_log_once_although_it_was_deferred(
    training: Training, task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    made = operator(training(message="the tide is out", seconds="3"), defer_after=2.5)
    with pytest.raises(TaskDeferred) as raised:
        made.execute(task.context())
    event = fire(raised.value.trigger)
    operator(training()).execute_complete(task.context(), event, **(raised.value.kwargs or {}))
    assert re.findall(r"\| (the tide is out|waiting)", capsys.readouterr().out) == ["the tide is out", "waiting"]


def test_a_long_job_that_fails_fails_the_task_when_it_resumes(training: Training, task: Task) -> None:
    config = training(seconds="1", failure="the mast broke")
    event = fire(deferred(operator(config, defer_after=0.1), task))
    with pytest.raises(JobFailedError, match="the mast broke"):
        operator(config).execute_complete(task.context(), event)


@pytest.fixture
def airflow_tells(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """A triggerer asks Airflow for the state of the task; no triggerer runs here, so `task.state` is the answer."""
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(task.context()["ti"].get_task_states))


@pytest.mark.usefixtures("airflow_tells")
def test_a_task_killed_in_the_triggerer_stops_its_job(sagemaker: Any, training: Training, task: Task) -> None:
    trigger = deferred(operator(training(seconds=LONG), defer_after=0.1), task)
    task.state = "failed"
    asyncio.run(trigger.on_kill())
    assert ended(sagemaker, trigger.job_name) == "Stopped"


@pytest.mark.usefixtures("airflow_tells")
def test_a_trigger_that_another_triggerer_took_over_leaves_the_job_alone(
    sagemaker: Any, training: Training, task: Task
) -> None:
    trigger = deferred(operator(training(seconds=LONG), defer_after=0.1), task)
    task.state = "deferred"
    asyncio.run(trigger.on_kill())
    assert status(sagemaker, trigger.job_name) == "InProgress"
    jobs.stop(sagemaker, "training", trigger.job_name)


def test_a_kill_is_not_lost_while_the_trigger_makes_its_client(training: Training, task: Task) -> None:
    """Airflow calls on_kill only if the message of the cancellation comes back out of the trigger."""
    arguments = deferred(operator(training(), defer_after=0.0), task).serialize()[1]

    async def cancelled(pauses: int) -> tuple[Any, ...]:
        async def first() -> object:
            return await anext(aiter(JobTrigger(**arguments).run()))

        running = asyncio.create_task(first())
        for _ in range(pauses):
            await asyncio.sleep(0)
        running.cancel("a person did it")
        try:
            await running
        except asyncio.CancelledError as error:
            return error.args
        return ("not cancelled",)

    assert {asyncio.run(cancelled(pauses)) for pauses in (1, 2, 3, 10)} == {("a person did it",)}


def test_a_task_told_to_leave_its_job_alone_does_so(sagemaker: Any, training: Training, task: Task) -> None:
    trigger = deferred(operator(training(seconds=LONG), defer_after=0.1, cancel_on_kill=False), task)
    asyncio.run(trigger.on_kill())
    assert status(sagemaker, trigger.job_name) == "InProgress"
    jobs.stop(sagemaker, "training", trigger.job_name)


def test_a_job_that_takes_too_long_is_stopped_after_the_wait_in_the_triggerer(
    sagemaker: Any, training: Training, task: Task
) -> None:
    made = operator(training(seconds=LONG), max_attempts=2, check_interval=1, defer_after=0.1)
    event = fire(deferred(made, task))
    assert event["in_time"] is False
    with pytest.raises(AirflowException, match="did not end within 2 s"):
        made.execute_complete(task.context(), event)
    assert ended(sagemaker, event["job_name"]) == "Stopped"
