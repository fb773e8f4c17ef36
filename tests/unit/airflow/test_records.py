"""What a task leaves besides its result, with real jobs of a real sagelocal: its record, and links."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from tests.deferral import fire
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

from boatyard.airflow.failures import JobFailedError
from boatyard.airflow.operators import FeatureStoreVisibleOperator, SageMakerTrainingOperator
from boatyard.airflow.operators.recorded import RecordedOperator, TaskLink
from boatyard.steps import Request

Training = Callable[..., dict[str, Any]]
Records = Callable[[], dict[str, dict[str, Any]]]


@pytest.fixture
def place(bucket: str) -> str:
    return f"s3://{bucket}/harbour/records"


@pytest.fixture
def records(client: Callable[[str], Any], bucket: str) -> Records:
    """Give a function that returns every record by its file's name."""
    s3 = client("s3")

    def read() -> dict[str, dict[str, Any]]:
        found = s3.list_objects_v2(Bucket=bucket, Prefix="harbour/records/").get("Contents", [])
        return {
            one["Key"].rpartition("/")[2]: json.loads(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
            for one in found
            if one["Key"].count("/") == 3  # beside the folder of a run lies its summary
        }

    return read


@pytest.fixture(autouse=True)
def console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATYARD_CONSOLE_URL", "https://console.example")


def operator(config: dict[str, Any], place: str | None, **arguments: Any) -> SageMakerTrainingOperator:
    return SageMakerTrainingOperator(task_id="train", config=config, aws_conn_id=None, records=place, **arguments)


def links(task: RecordedOperator) -> dict[str, str]:
    """Return the links as Airflow asks for them when a try is over."""
    return {link.name: link.get_link(task, ti_key=None) for link in task.operator_extra_links}  # type: ignore[arg-type]  # ours asks for no key


def test_a_finished_task_leaves_one_record_of_what_it_did(
    place: str, records: Records, training: Training, task: Task
) -> None:
    result = operator(training(), place).execute(task.context())
    (record,) = records().values()
    assert list(records()) == ["train.json"]
    assert (record["step"], record["state"], record["reason"]) == ("train", "succeeded", None)
    assert record["result"]["job_name"] == record["job"]["name"] == result["job_name"]
    assert (record["job"]["image"], record["job"]["role"]) == (IMAGE, ROLE)
    assert (record["job"]["instance_type"], record["job"]["instance_count"]) == ("ml.m5.large", 1)
    assert record["billable_seconds"] >= 0
    assert record["started_at"] < record["ended_at"]
    assert record["outputs"]["model"].endswith(f"{result['job_name']}/output/model.tar.gz")
    assert record["owner"] == {
        "deployment": "test",
        "dag": "harbour",
        "run": task.run_id,
        "task": "train",
        "map_index": -1,
        "try": 1,
        "generation": 0,
    }
    (asked,) = record["requests"]
    assert (asked["operation"], asked["params"]["TrainingJobName"]) == ("CreateTrainingJob", result["job_name"])
    assert asked["answer"] == {"TrainingJobArn": result["job_arn"]}


def test_a_failed_task_leaves_a_record_with_the_reason(
    place: str, records: Records, training: Training, task: Task
) -> None:
    with pytest.raises(JobFailedError):
        operator(training(failure="the mast broke"), place).execute(task.context())
    record = records()["train.json"]
    assert record["state"] == "failed"
    assert "the mast broke" in record["reason"]
    assert record["job"]["status"] == "Failed"


def test_the_last_try_of_a_task_is_the_one_on_record(
    place: str, records: Records, training: Training, task: Task
) -> None:
    with pytest.raises(JobFailedError):
        operator(training(failure="no wind"), place).execute(task.context())
    task.retry()
    operator(training(), place).execute(task.context())
    record = records()["train.json"]
    assert (record["state"], record["owner"]["try"]) == ("succeeded", 2)


def test_a_deferred_task_leaves_its_record_when_it_resumes_with_what_it_asked_before(
    place: str, records: Records, training: Training, task: Task
) -> None:
    with pytest.raises(TaskDeferred) as raised:
        operator(training(seconds="1"), place, defer_after=0.1, deferrable=True).execute(task.context())
    assert records() == {}
    event = fire(raised.value.trigger)
    resumed = operator(training(seconds="1"), place)
    resumed.resume_execution("execute_complete", {"event": event}, task.context())
    record = records()["train.json"]
    assert record["state"] == "succeeded"
    assert [asked["operation"] for asked in record["requests"]] == ["CreateTrainingJob"]
    assert record["requests"][0]["params"]["Tags"]
    assert links(resumed)["Job"].endswith(f"#/jobs/{event['job_name']}")


def test_a_task_that_finds_its_job_at_work_records_what_the_job_was_created_with(
    place: str, records: Records, training: Training, task: Task
) -> None:
    with pytest.raises(TaskDeferred):
        operator(training(seconds="1"), None, defer_after=0.1, deferrable=True).execute(task.context())
    task.retry()  # the worker died: the next one attaches
    operator(training(seconds="1"), place).execute(task.context())
    (asked,) = records()["train.json"]["requests"]
    assert asked["params"]["HyperParameters"] == {"seconds": "1"}
    assert "TrainingJobStatus" not in asked["params"]


def test_secrets_are_not_on_record(place: str, records: Records, training: Training, task: Task) -> None:
    operator(training(db_password="hunter2"), place).execute(task.context())
    assert "hunter2" not in json.dumps(records())
    (asked,) = records()["train.json"]["requests"]
    assert asked["params"]["HyperParameters"] == {"db_password": "***"}


def test_without_a_place_for_records_there_are_none_but_links_are_there(
    records: Records, training: Training, task: Task
) -> None:
    made = operator(training(), None)
    name = made.execute(task.context())["job_name"]
    assert records() == {}
    assert links(made)["Job"] == f"https://console.example/sagemaker/home?region=us-east-1#/jobs/{name}"


def test_links_to_a_job_work_while_it_runs(training: Training, task: Task) -> None:
    with pytest.raises(TaskDeferred) as raised:
        operator(training(seconds="1"), None, defer_after=0.1, deferrable=True).execute(task.context())
    assert task.pushed["_link_boatyard_job"].endswith(f"#/jobs/{raised.value.trigger.job_name}")
    assert "TrainingJobs" in task.pushed["_link_boatyard_log"]


def test_a_finished_task_links_to_its_data_and_its_record(place: str, training: Training, task: Task) -> None:
    made = operator(training(), place)
    name = made.execute(task.context())["job_name"]
    found = links(made)
    assert set(filter(found.get, found)) == {"Job", "Log", "Data", "Record", "Run summary"}
    assert found["Data"].endswith(f"prefix=output/{name}/output/model.tar.gz")
    assert found["Record"].endswith("/train.json")


def test_airflow_keeps_each_link_under_a_name_of_its_own() -> None:
    assert TaskLink("Model package").xcom_key == "_link_boatyard_model_package"
    assert len({link.xcom_key for link in SageMakerTrainingOperator.operator_extra_links}) == 6


def test_ingestion_that_found_nothing_leaves_what_waits_for_it_alone(
    client: Callable[[str], Any], bucket: str, task: Task
) -> None:
    client("s3").put_object(Bucket=bucket, Key="ingested.json", Body=b'{"records": 0}')
    requests = (
        Request("s3", "GetObject", {"Bucket": bucket, "Key": "ingested.json"}),
        Request("boatyard", "WaitUntil", {"Column": "visible", "AtLeast": "{ingest.records}", "TimeoutInSeconds": 5}),
    )

    def made(skip_if_empty: bool) -> FeatureStoreVisibleOperator:
        return FeatureStoreVisibleOperator(
            task_id="wait_visible", requests=requests, aws_conn_id=None, skip_if_empty=skip_if_empty
        )

    with pytest.raises(AirflowSkipException, match="nothing was ingested"):
        made(True).execute(task.context())
    assert made(False).execute(task.context()) == {"rows": 0}
