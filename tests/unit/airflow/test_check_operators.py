"""The two gates of a release, against a real endpoint and objects of a real sagelocal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.versions import approved, deploy, group, model_data, register

from boatyard.airflow.operators import EndpointSmokeTestOperator, GateOperator
from boatyard.steps import Request

__all__ = ["approved", "group", "model_data", "register"]

Client = Callable[[str], Any]


@pytest.fixture
def evaluated(client: Client, bucket: str) -> Callable[[str, str], tuple[Request, Request]]:
    """Give a function that leaves held-out rows and predictions, and returns where."""

    def evaluated(rows: str, predictions: str) -> tuple[Request, Request]:
        client("s3").put_object(Bucket=bucket, Key="test.csv", Body=rows.encode())
        client("s3").put_object(Bucket=bucket, Key="predictions.csv", Body=predictions.encode())
        return (
            Request("s3", "GetObject", {"Bucket": bucket, "Key": "test.csv"}),
            Request("s3", "GetObject", {"Bucket": bucket, "Key": "predictions.csv"}),
        )

    return evaluated


@pytest.fixture
def endpoint(approved: Callable[..., str]) -> str:
    name = f"e-{uuid.uuid4()}"
    deploy(name, approved()).execute(Task().context())
    return name


def smoke_test(endpoint: str, where: tuple[Request, Request], rows: int) -> EndpointSmokeTestOperator:
    ask = {"EndpointName": endpoint, "ContentType": "text/csv", "Accept": "text/csv", "Body": "{rows}"}
    requests = (
        *where,
        Request("sagemaker-runtime", "InvokeEndpoint", ask),
        Request("boatyard", "CompareAnswers", {"Rows": rows}),
    )
    return EndpointSmokeTestOperator(task_id="smoke_test", requests=requests, aws_conn_id=None)


def test_an_endpoint_is_asked_about_rows_without_their_label(
    endpoint: str, evaluated: Callable[[str, str], tuple[Request, Request]], task: Task
) -> None:
    # the endpoint echoes: its answer is what it was asked
    where = evaluated("7,1,2\n8,3,4\n9,5,6\n", "1,2\n3,4\n5,6\n")
    assert smoke_test(endpoint, where, 2).execute(task.context()) == {"rows": 2, "answers": ["1,2", "3,4"]}


def test_an_endpoint_that_answers_otherwise_fails_the_run(
    endpoint: str, evaluated: Callable[[str, str], tuple[Request, Request]], task: Task
) -> None:
    where = evaluated("7,1\n8,3\n", "1\n4\n")
    with pytest.raises(AirflowFailException, match=r"1 of 2 rows .* first row 2: '3' instead of '4'"):
        smoke_test(endpoint, where, 2).execute(task.context())


def test_an_endpoint_that_breaks_fails_the_run_with_its_error(
    endpoint: str, evaluated: Callable[[str, str], tuple[Request, Request]], task: Task
) -> None:
    with pytest.raises(AirflowException, match=f"endpoint {endpoint} failed"):
        smoke_test(endpoint, evaluated("7,status 500\n", "1\n"), 1).execute(task.context())


@pytest.fixture
def gate(client: Client, bucket: str) -> Callable[..., GateOperator]:
    """Give a function that returns a gate for an evaluation, which it leaves in S3."""

    def gate(evaluation: dict[str, Any], champion: str, *rules: dict[str, Any]) -> GateOperator:
        where = {"Bucket": bucket, "Key": "evaluation.json"}
        client("s3").put_object(**where, Body=json.dumps(evaluation).encode())
        compared = {"Champion": champion, "Rules": list(rules)}
        requests = (Request("s3", "GetObject", where), Request("boatyard", "CompareMetrics", compared))
        return GateOperator(task_id="gate", requests=requests, aws_conn_id=None)

    return gate


def test_the_gate_stops_a_run_that_misses_a_rule(gate: Callable[..., GateOperator], task: Task) -> None:
    evaluation = {"metrics": {"accuracy": {"value": 0.81}}, "champion": None}
    passed = gate(evaluation, "", {"Metric": "metrics.accuracy", "AtLeast": 0.8}).execute(task.context())
    assert passed == {"decision": "passed", "champion": "none", "metrics.accuracy": "0.81"}
    with pytest.raises(AirflowFailException, match=r"^accuracy 0\.81 is below 0\.88$"):
        gate(evaluation, "", {"Metric": "metrics.accuracy", "AtLeast": 0.88}).execute(task.context())


def test_the_gate_returns_the_champions_numbers_beside_the_models(
    gate: Callable[..., GateOperator], task: Task
) -> None:
    evaluation = {"rmse": 3.0, "champion": {"rmse": 3.5}}
    rule = {"Metric": "rmse", "Champion": {"Direction": "lower", "Margin": 0.1, "WhenEqual": "fail"}}
    assert gate(evaluation, "arn:package/1", rule).execute(task.context()) == {
        "decision": "passed",
        "champion": "arn:package/1",
        "rmse": "3",
        "champion.rmse": "3.5",
    }
    with pytest.raises(AirflowFailException, match=r"^rmse 3 against the champion's 2 is worse"):
        gate({"rmse": 3.0, "champion": {"rmse": 2.0}}, "arn:package/1", rule).execute(task.context())


def test_a_champion_that_could_not_be_evaluated_stops_a_comparison_and_is_recorded_otherwise(
    gate: Callable[..., GateOperator], task: Task
) -> None:
    evaluation = {"rmse": 3.0, "champion": {"problem": "it cannot be loaded: ValueError: old"}}
    rule = {"Metric": "rmse", "Champion": {"Direction": "lower", "Margin": 0.1, "WhenEqual": "fail"}}
    with pytest.raises(AirflowFailException, match=r"^champion arn cannot be compared with: it cannot be loaded"):
        gate(evaluation, "arn", rule).execute(task.context())
    passed = gate(evaluation, "arn", {"Metric": "rmse", "AtMost": 4}).execute(task.context())
    assert passed["decision"] == "passed - the champion could not be evaluated"
