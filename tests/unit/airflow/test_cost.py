"""What jobs cost, before and after, against real jobs of a real sagelocal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from tests.contract.conftest import REPOSITORY
from tests.unit.airflow.conftest import Task

from boatyard.airflow import model_dag
from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.aws.cache.entries import Rule
from boatyard.aws.cost.budget import amount

Training = Callable[..., dict[str, Any]]
Run = Callable[..., SageMakerTrainingOperator]

BIG = {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10}  # 11.06 USD an hour


@pytest.fixture
def objects(client: Callable[[str], Any], bucket: str) -> Callable[[], dict[str, Any]]:
    """Give a function that returns the JSON objects below tides/ by key."""
    s3 = client("s3")

    def objects() -> dict[str, Any]:
        found = s3.list_objects_v2(Bucket=bucket, Prefix="tides/").get("Contents", [])
        return {
            one["Key"]: json.loads(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
            for one in found
            if one["Key"].endswith(".json")
        }

    return objects


@pytest.fixture
def summary(objects: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def summary() -> dict[str, Any]:
        (found,) = [
            content for key, content in objects().items() if key.startswith("tides/records/") and key.count("/") == 2
        ]
        content: dict[str, Any] = found
        return content

    return summary


@pytest.fixture
def operator(bucket: str) -> Run:
    def operator(config: dict[str, Any], **arguments: Any) -> SageMakerTrainingOperator:
        place = f"s3://{bucket}/tides/records"
        return SageMakerTrainingOperator(task_id="train", config=config, aws_conn_id=None, records=place, **arguments)

    return operator


def launched(sagemaker: Any) -> int:
    return len(sagemaker.list_training_jobs(NameContains="harbour-train", MaxResults=100)["TrainingJobSummaries"])


def test_a_finished_job_tells_what_it_did_cost(
    operator: Run, training: Training, task: Task, summary: Callable[[], dict[str, Any]]
) -> None:
    result = operator(training(seconds="1") | {"ResourceConfig": BIG}).execute(task.context())
    found = summary()
    seconds = result["Training"]["BillableTimeInSeconds"]
    assert seconds >= 1
    assert found["usd"] == found["steps"]["train"]["cost"]["usd"] == pytest.approx(seconds * 11.06 / 3600, abs=1e-6)
    assert found["steps"]["train"]["cost"]["prices"] == "list prices of 2026-11-20 in us-east-1"
    assert (found["run"], found["steps"]["train"]["state"]) == (task.run_id, "succeeded")


def test_every_try_of_a_step_is_paid_for(
    operator: Run, training: Training, task: Task, summary: Callable[[], dict[str, Any]]
) -> None:
    big = {"ResourceConfig": BIG}
    with pytest.raises(AirflowException):
        operator(training(seconds="1", failure="no wind") | big).execute(task.context())
    failed = summary()["usd"]
    assert failed > 0
    assert summary()["steps"]["train"]["state"] == "failed"
    task.retry()
    operator(training(seconds="1") | big).execute(task.context())
    found = summary()
    assert found["steps"]["train"]["cost"]["jobs"] == 2
    assert found["usd"] > failed


def test_a_budget_stops_a_launch_before_anything_is_created(
    operator: Run, training: Training, task: Task, sagemaker: Any
) -> None:
    before = launched(sagemaker)
    with pytest.raises(AirflowFailException) as refused:
        operator(training() | {"ResourceConfig": BIG}, budget="1.5").execute(task.context())
    assert str(refused.value) == (
        "nothing was started: this training job may cost at most $1.84 (2 x ml.m5.24xlarge at $11.06 an hour for at "
        "most 10 min), and the run has spent $0.00 of its budget of $1.50; lower its max_runtime, or raise the budget"
    )
    assert launched(sagemaker) == before


def test_what_the_run_has_spent_counts(operator: Run, training: Training, task: Task, bucket: str, client: Any) -> None:
    operator(training(), budget=2).execute(task.context())
    run = f"tides/records/{task.run_id}.json"
    s3 = client("s3")
    found = json.loads(s3.get_object(Bucket=bucket, Key=run)["Body"].read())
    found["steps"]["process"] = found["steps"]["train"] | {"cost": {"usd": 1.0}}
    s3.put_object(Bucket=bucket, Key=run, Body=json.dumps(found).encode())
    task.clear()
    with pytest.raises(AirflowFailException, match=r"has spent \$1\.00 of its budget of \$2\.00"):
        operator(training() | {"ResourceConfig": BIG}, budget=2).execute(task.context())
    assert operator(training(), budget=2).execute(task.context())


def test_what_steps_beside_it_may_spend_counts_until_they_have_ended(
    operator: Run, training: Training, task: Task, sagemaker: Any, summary: Callable[[], dict[str, Any]]
) -> None:
    def mapped(number: int) -> tuple[SageMakerTrainingOperator, dict[str, Any]]:
        config = training(seconds="1") | {"ResourceConfig": BIG}  # at most $1.84
        made = operator(config, budget=4, defer_after=0.0, deferrable=True)
        return made, Task(run_id=task.run_id, map_index=number).context()

    deferred = []
    for number in (0, 1):
        made, context = mapped(number)
        with pytest.raises(TaskDeferred) as raised:
            made.execute(context)
        deferred.append((raised.value, made, context))
    third, context = mapped(2)
    with pytest.raises(AirflowFailException, match=r"spent \$0\.00 .* \$4\.00, train-0, train-1 may spend \$3\.69;"):
        third.execute(context)
    for put_off, made, its_context in deferred:
        name = put_off.trigger.serialize()[1]["job_name"]
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(
            TrainingJobName=name, WaiterConfig={"Delay": 0.2}
        )
        event = {"status": "success", "job_name": name}
        made.resume_execution(put_off.method_name, {**(put_off.kwargs or {}), "event": event}, its_context)
    assert summary()["launches"] == {}
    third, context = mapped(2)
    with pytest.raises(TaskDeferred):
        third.execute(context)
    assert summary()["launches"] == {"train-2": pytest.approx(1.843, abs=0.001)}


def test_a_job_that_runs_already_is_gone_on_with_whatever_the_budget_says(
    operator: Run, training: Training, task: Task
) -> None:
    made = operator(training(seconds="1") | {"ResourceConfig": BIG}, defer_after=0.1, deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        made.execute(task.context())
    name = deferred.value.trigger.serialize()[1]["job_name"]
    task.retry()
    again = operator(training(seconds="1") | {"ResourceConfig": BIG}, budget=0.01)
    assert again.execute(task.context())["job_name"] == name


def test_an_instance_without_a_price_is_a_warning_and_with_a_budget_an_error(
    operator: Run,
    training: Training,
    task: Task,
    summary: Callable[[], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "prices.json"
    table = {"version": 1, "date": "2026-01-01", "currency": "USD", "source": "us", "spot_discount": 0.5}
    file.write_text(json.dumps(table | {"regions": {"us-east-1": {"ml.m5.xlarge": 1.0}}}))
    monkeypatch.setenv("BOATYARD_PRICES", str(file))
    message = r"the prices of 2026-01-01 have no ml.m5.large in us-east-1 \(it has ml.m5.xlarge\)"
    with pytest.raises(AirflowFailException, match=f"nothing was started, .* cannot be kept: {message}"):
        operator(training(), budget=5).execute(task.context())
    task.retry()
    operator(training()).execute(task.context())
    assert "nobody knows what this job will cost" in caplog.text
    assert summary()["unpriced"] == ["train"]
    assert summary()["steps"]["train"]["cost"]["usd"] is None


def test_the_last_cost_is_told_before_the_next_launch(
    operator: Run, training: Training, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="boatyard"):
        operator(training(seconds="1")).execute(Task().context())
        assert "the last one did cost" not in caplog.text
        operator(training()).execute(Task().context())
    assert "the last one did cost $0.0000" in caplog.text


@pytest.mark.parametrize("budget", ["five", "-1", "0", "nan"])
def test_a_budget_is_an_amount(operator: Run, training: Training, task: Task, budget: str) -> None:
    with pytest.raises(AirflowFailException, match=f"budget: expected an amount of USD above 0, got '{budget}'"):
        operator(training(), budget=budget).execute(task.context())


def test_the_form_of_a_run_sets_force_and_the_budget(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATYARD_BUCKET", bucket)
    monkeypatch.setenv("BOATYARD_ROLE_ARN", "arn:aws:iam::123456789012:role/boatyard")
    monkeypatch.setenv("BOATYARD_IMAGE_REGISTRY", "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard")
    for given, force, budget in (
        ({"force": True, "budget": 2.5}, True, 2.5),
        ({"force": False, "budget": None}, False, None),
    ):
        made: Any = model_dag(str(REPOSITORY / "dags" / "digits" / "dag.py")).get_task("process")
        known = {"training_set": {"content_hash": "5eed", "location": "s3://b/data/"}}
        results = SimpleNamespace(xcom_pull=lambda task_ids, known=known: known[task_ids])
        made.render_template_fields({"params": given, "ti": results})
        rule = Rule.of(made.cache)
        assert (rule.place, rule.contents) == (f"s3://{bucket}/digits/cache/process", {"data": "5eed"})
        assert (rule.force, amount(made.budget)) == (force, budget)


def test_a_budget_takes_records() -> None:
    with pytest.raises(ValueError, match="budget needs records"):
        SageMakerTrainingOperator(task_id="train", config={}, budget=5)
