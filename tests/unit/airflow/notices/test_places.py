"""Who is told of a state change: real jobs and endpoints, a real webhook, a real topic, a real mail server."""

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.listeners import Chat, Mailbox, chat
from tests.unit.airflow.notices.conftest import Operator
from tests.unit.airflow.versions import deploy

from boatyard.airflow.failures import JobFailedError
from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.aws.notices.state_changes import StateChange

Training = Callable[..., dict[str, Any]]
Client = Callable[[str], Any]
ALL = ["InProgress", "Completed", "Failed", "Stopping", "Stopped"]


def test_a_chat_hears_that_a_job_runs_and_that_it_completed(
    team: Chat, operator: Operator, training: Training, task: Task
) -> None:
    result = operator(training(seconds="1"), {"slack": "team", "states": ALL}).execute(task.context())
    assert [text.partition("\n")[0] for text in team.texts] == [
        f"*InProgress: training job {result['job_name']} is running*",
        f"*Completed: training job {result['job_name']} succeeded*",
    ]


def test_a_chat_hears_of_the_states_that_it_wants_only(
    team: Chat, operator: Operator, training: Training, task: Task
) -> None:
    operator(training(), {"slack": "team"}).execute(task.context())
    assert team.texts == []


def test_a_failure_comes_with_its_reason_the_end_of_its_log_and_where_to_look(
    team: Chat, operator: Operator, training: Training, task: Task
) -> None:
    config = training(message="Traceback: the mast broke", failure="no mast")
    with pytest.raises(JobFailedError):
        operator(config, {"slack": "team"}).execute(task.context())
    (text,) = team.texts
    assert "AlgorithmError: no mast" in text
    assert "```Traceback: the mast broke" in text
    assert f"<{task.context()['ti'].log_url}|Task>" in text
    for words in ("Job", "Log", "Record"):
        assert f"|{words}>" in text


def test_a_retry_tells_nobody_twice_and_the_next_attempts_failure_is_told_too(
    team: Chat, operator: Operator, training: Training, task: Task
) -> None:
    for _ in range(2):
        with pytest.raises(JobFailedError):
            operator(training(failure="no wind"), {"slack": "team"}).execute(task.context())
        task.retry()
    first, second = (text.partition("\n")[0] for text in team.texts)
    assert (first[-9:], second[-9:]) == ("0 failed*", "1 failed*")


def test_what_a_job_wrote_is_no_template_and_calls_nobody(
    team: Chat, operator: Operator, training: Training, task: Task
) -> None:
    config = training(message="{{ 6 * 7 }} <!channel> & ```", failure="no wind")
    with pytest.raises(JobFailedError):
        operator(config, {"slack": "team"}).execute(task.context())
    assert "{{ 6 * 7 }} &lt;!channel&gt; &amp; '''" in team.texts[0]


@pytest.mark.parametrize("connection", ["down", "nowhere"])
def test_a_chat_that_cannot_be_told_fails_no_task(
    connection: str,
    operator: Operator,
    training: Training,
    task: Task,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with chat() as heard:
        down = heard.url
    monkeypatch.setenv("AIRFLOW_CONN_DOWN", json.dumps({"conn_type": "slackwebhook", "password": down}))
    with caplog.at_level(logging.WARNING, "boatyard"):
        result = operator(training(), {"slack": connection, "states": ["Completed"]}).execute(task.context())
    assert f"{connection} was not told of {result['job_name']} (Completed)" in caplog.text


def test_a_topic_gets_a_message_that_subscribers_can_filter(
    client: Client, operator: Operator, training: Training, task: Task
) -> None:
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name=f"t-{uuid.uuid4()}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"q-{uuid.uuid4()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    with pytest.raises(JobFailedError):
        operator(training(failure="no wind"), {"sns": topic}).execute(task.context())
    (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(received["Body"])
    assert body["Subject"].startswith("Failed: training job harbour-train-")
    assert "reason: AlgorithmError: no wind" in body["Message"]
    attributes = {name: value["Value"] for name, value in body["MessageAttributes"].items()}
    assert (attributes["state"], attributes["dag"], attributes["task"]) == ("Failed", "harbour", "train")


def test_a_mail_shows_the_log_and_leads_to_the_job(
    mailbox: Mailbox, operator: Operator, training: Training, task: Task
) -> None:
    place = {"email": ["crew@example.com", "owner@example.com"], "connection": "mail"}
    with pytest.raises(JobFailedError):
        operator(training(message="<b>the mast broke</b>", failure="no wind"), place).execute(task.context())
    (message,) = mailbox.messages
    assert (message["From"], message["To"]) == ("boatyard@example.com", "crew@example.com, owner@example.com")
    assert message["Subject"].startswith("Failed: training job harbour-train-")
    (html,) = (part.get_content() for part in message.walk() if part.get_content_type() == "text/html")
    assert "&lt;b&gt;the mast broke&lt;/b&gt;" in html
    assert ">Job</a>" in html


def test_a_chat_hears_which_configuration_an_endpoint_serves_and_that_an_update_was_rolled_back(
    team: Chat, bucket: str, approved: Callable[..., str]
) -> None:
    name = f"e-{uuid.uuid4()}"
    states = ["InService", "RolledBack"]
    told: dict[str, Any] = {"records": f"s3://{bucket}/boats/records", "notify": [{"slack": "team", "states": states}]}
    first, second = Task(), Task()
    package = approved(COLOUR="red")
    serves = deploy(name, package, **told).execute(first.context())["endpoint_config_name"]
    first.retry()
    assert deploy(name, package, **told).execute(first.context())["endpoint_config_name"] == serves
    with pytest.raises(AirflowException, match="rolled back"):
        deploy(name, approved(ECHO_EXIT="3"), **told).execute(second.context())
    assert [text.partition("\n")[0] for text in team.texts] == [
        f"*InService: endpoint {name} serves {serves}*",
        f"*RolledBack: endpoint {name} serves {serves}*",
    ]
    assert "```going away as told" in team.texts[1]


def test_a_part_of_a_long_training_whose_time_was_up_is_told_as_such(training: Training) -> None:
    change = StateChange("training", "harbour-train-abc-0-0", "Stopped", "reached its time limit", ended=True)
    one = SageMakerTrainingOperator(task_id="train", config=training())
    long = SageMakerTrainingOperator(task_id="train", config=training(), total_runtime=1_000_000)
    assert one.worded(change) == change
    assert long.worded(change).words == "reached its time limit; a next job goes on while the training has time left"


def test_places_need_somewhere_to_keep_what_was_sent(training: Training) -> None:
    with pytest.raises(ValueError, match="notify needs records"):
        SageMakerTrainingOperator(task_id="train", config=training(), notify=[{"slack": "team"}])


def test_a_wrong_place_is_refused_when_the_dag_is_parsed(training: Training) -> None:
    wrong: dict[str, Any] = {
        r"notify\[0\]\.states\[0\]: expected .* \(did you mean 'Failed'\?\)": [{"slack": "team", "states": ["Faild"]}],
        r"notify\[1\]\.slak: unknown key \(did you mean 'slack'\?\)": [{"slack": "team"}, {"slak": "team"}],
        "notify: expected a list": {"slack": "team"},
    }
    for told, places in wrong.items():
        with pytest.raises(ValueError, match=told):
            SageMakerTrainingOperator(task_id="train", config=training(), records="s3://b/r", notify=places)
