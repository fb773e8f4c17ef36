"""Who hears of a job whose task is gone: an operator of a real scheduler, a topic, a queue behind it, and a person."""

import json
import time
from collections.abc import Callable

import pytest
from tests.chaos.people import Person
from tests.e2e.conftest import Project
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)

STATES = ["InProgress", "Completed", "Failed", "Stopping", "Stopped"]
DAG = """
from airflow.sdk import DAG

from boatyard.airflow.operators import SageMakerProcessingOperator

config = {{
    "ProcessingJobName": "told",
    "AppSpecification": {{
        "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:0.1.0",
        "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep({{{{ dag_run.conf['seconds'] }}}})"],
    }},
    "RoleArn": "arn:aws:iam::123456789012:role/boatyard-execution",
    "ProcessingResources": {{
        "ClusterConfig": {{"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}}
    }},
}}
with DAG("told", schedule=None) as dag:
    SageMakerProcessingOperator(
        task_id="shape",
        config=config,
        records="s3://{bucket}/told/records",
        notify=[{{"sns": "{topic}", "states": {states}}}],
    )
"""


@pytest.fixture(scope="module")
def heard(project: Project) -> Callable[[], list[dict[str, str]]]:
    """Publish the DAG; return a function that returns what its topic has said so far."""
    sns, sqs = project.client("sns"), project.client("sqs")
    topic = sns.create_topic(Name="told")["TopicArn"]
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    (project.dags / "told.py").write_text(DAG.format(bucket=project.bucket(), topic=topic, states=STATES))
    messages: list[dict[str, str]] = []

    def listen() -> list[dict[str, str]]:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            attributes = json.loads(message["Body"])["MessageAttributes"]
            messages.append({key: value["Value"] for key, value in attributes.items()})
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return messages

    return listen


def states(messages: list[dict[str, str]], run: str) -> list[str]:
    return [message["state"] for message in messages if message["run"] == run]


def started(project: Project, seconds: int) -> str:
    deadline = time.monotonic() + 90
    while project.rest.dag("told") is None:
        assert time.monotonic() < deadline, project.rest.import_errors()
        time.sleep(0.5)
    project.rest.unpause("told")
    return str(project.rest.trigger("told", {"seconds": seconds})["dag_run_id"])


def test_a_topic_hears_each_state_of_a_job_once(project: Project, heard: Callable[[], list[dict[str, str]]]) -> None:
    run = started(project, 6)
    until(lambda: project.rest.run("told", run)["state"] == "success", "the run succeeds", seconds=240, pause=0.5)
    assert states(heard(), run) == ["InProgress", "Completed"]


def test_a_topic_hears_once_what_became_of_a_job_whose_task_was_marked_failed(
    project: Project, heard: Callable[[], list[dict[str, str]]]
) -> None:
    run = started(project, 300)
    until(lambda: "InProgress" in states(heard(), run), "it is told of", seconds=240, pause=0.5)
    person = Person(project.rest.address, project.rest.user, project.rest.password)
    person.mark("told", run, "shape", "failed")
    until(lambda: project.rest.run("told", run)["state"] == "failed", "the run fails", seconds=240, pause=0.5)
    for _ in range(2):  # the second look finds nothing left to tell
        project.watch("reconcile")[0].run_to_the_end()
    until(lambda: "Stopped" in states(heard(), run), "its end is told of", seconds=240, pause=0.5)
    assert [state for state in states(heard(), run) if state != "Stopping"] == ["InProgress", "Stopped"]
