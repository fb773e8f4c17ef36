"""A change is told once, whoever sees it and whoever dies meanwhile."""

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.listeners import Chat
from tests.unit.airflow.notices.conftest import Operator
from tests.unit.airflow.versions import deploy

from boatyard.airflow.operators.notices import TellMissedChangesOperator
from boatyard.aws import jobs
from boatyard.aws.clients import EnvironmentClients
from boatyard.aws.naming import Owner
from boatyard.aws.notices.notify import Notice, Notices
from boatyard.aws.notices.state_changes import StateChange, heard_by, tell
from boatyard.aws.records.links import Console
from boatyard.aws.records.record import Subject
from boatyard.aws.release import endpoints
from boatyard.spec.notify import Notify

Training = Callable[..., dict[str, Any]]
CHANGE = StateChange("training", "harbour-train-abc-0-0", "Completed", "succeeded", ended=True)


@pytest.fixture
def notices(bucket: str) -> Callable[..., Notices]:
    """Give a function that makes what each try of one step listens with."""

    def make(send: Callable[[Notify, Notice], None], tried: int = 1, generation: int = 0) -> Notices:
        owner = Owner("test", "harbour", "run", "train")
        return Notices(
            places=(Notify(slack="team", states=("Completed", "InService")),),
            subject=Subject(f"s3://{bucket}/boats/records", owner, datetime.now(UTC), tried, generation),
            clients=EnvironmentClients(os.environ),
            console=Console("https://example.com", "us-east-1"),
            task_page="https://example.com/task",
            send=send,
        )

    return make


def test_a_try_that_died_while_it_told_a_place_is_not_followed_by_a_second_notice(
    notices: Callable[..., Notices],
) -> None:
    sent: list[str] = []

    def dies(place: Notify, notice: Notice) -> None:
        sent.append(notice.title)
        raise SystemExit("killed")

    with pytest.raises(SystemExit), heard_by(notices(dies)):
        tell(CHANGE)
    with heard_by(notices(lambda _, notice: sent.append(notice.title), tried=2)):
        tell(CHANGE)
    assert sent == ["Completed: training job harbour-train-abc-0-0 succeeded"]


def test_of_many_who_see_a_change_at_the_same_moment_one_tells(notices: Callable[..., Notices]) -> None:
    sent: list[str] = []

    def see(number: int) -> None:
        with heard_by(notices(lambda _, notice: sent.append(notice.title), tried=number)):
            tell(CHANGE)
            tell(CHANGE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(see, range(8)))
    assert len(sent) == 1


def test_a_job_that_ended_after_its_task_had_died_is_told_of_once(
    team: Chat, sagemaker: Any, bucket: str, operator: Operator, training: Training, task: Task
) -> None:
    made = operator(training(seconds="600"), {"slack": "team", "states": ["InProgress", "Stopping", "Stopped"]})
    made.deferrable, made.defer_after = True, 0.1
    with pytest.raises(TaskDeferred) as deferral:
        made.execute(task.context())
    jobs.stop(sagemaker, "training", deferral.value.trigger.job_name)
    reconcile = TellMissedChangesOperator(task_id="tell", bucket=bucket, aws_conn_id=None)
    jobs.wait(sagemaker, "training", deferral.value.trigger.job_name)
    assert reconcile.execute(Task().context()) == [deferral.value.trigger.job_name]
    assert reconcile.execute(Task().context()) == []
    assert [text.partition(":")[0] for text in team.texts] == ["*InProgress", "*Stopped"]
    assert f"<{task.context()['ti'].log_url}|Task>" in team.texts[1]


def test_an_update_that_ended_after_its_task_had_died_is_told_of_once_unless_somebody_asked_for_more_since(
    team: Chat, sagemaker: Any, bucket: str, approved: Callable[..., str]
) -> None:
    name = f"e-{uuid.uuid4()}"
    told: dict[str, Any] = {
        "records": f"s3://{bucket}/boats/records",
        "notify": [{"slack": "team", "states": ["Creating", "InService"]}],
        "deferrable": True,
        "defer_after": 0.0,
    }
    reconcile = TellMissedChangesOperator(task_id="tell", bucket=bucket, aws_conn_id=None)
    with pytest.raises(TaskDeferred) as deferral:
        deploy(name, approved(ECHO_START_SECONDS="1"), **told).execute(Task().context())
    assert reconcile.execute(Task().context()) == []  # it is on its way
    endpoints.wait(sagemaker, name, deferral.value.trigger.wanted)
    assert reconcile.execute(Task().context()) == [name]
    with pytest.raises(TaskDeferred):
        deploy(name, approved(ECHO_START_SECONDS="2"), **told).execute(Task().context())
    last = deploy(name, approved(COLOUR="red")).execute(Task().context())["endpoint_config_name"]
    assert reconcile.execute(Task().context()) == []
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == last
    assert [text.partition(":")[0] for text in team.texts] == ["*Creating", "*InService"]


def test_an_endpoint_is_told_of_again_when_a_person_asks_for_it_again(notices: Callable[..., Notices]) -> None:
    sent: list[int] = []
    change = StateChange("endpoint", "harbour", "InService", "serves c", ended=True)
    for generation in (0, 0, 1):
        with heard_by(notices(lambda _, notice, g=generation: sent.append(g), generation=generation)):
            tell(change)
    assert sent == [0, 1]
