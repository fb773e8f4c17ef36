"""The amazon provider's pipeline operators, sensor and trigger, unmodified.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/sagemaker.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.pipelines.conftest import Client, Json, Pipelines, get, train
from tests.triggerer import Triggerer
from tests.waiting import until

pytestmark = pytest.mark.unverified

MESSAGE: Json = {"Name": "Message", "Type": "String", "DefaultValue": "nobody"}


@pytest.fixture
def operators(aws: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return the provider's module of SageMaker operators; the environment points at sagelocal, as in production."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))  # where Airflow writes when it is first imported
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    from airflow.providers.amazon.aws.operators import sagemaker

    return sagemaker


@pytest.fixture(scope="module")
def triggerer(aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triggerer]:
    triggerer = Triggerer(aws.environment, tmp_path_factory.mktemp("triggerer") / "log")
    yield triggerer
    triggerer.close()


def _start(operators: Any, name: str, **more: Any) -> Any:
    return operators.SageMakerStartPipelineOperator(
        task_id="start", pipeline_name=name, aws_conn_id=None, check_interval=1, **more
    )


def _trigger(waiter: Any, arn: str) -> Any:
    from airflow.providers.amazon.aws.triggers.sagemaker import SageMakerPipelineTrigger

    return SageMakerPipelineTrigger(
        waiter_type=SageMakerPipelineTrigger.Type[waiter],
        pipeline_execution_arn=arn,
        waiter_delay=1,
        waiter_max_attempts=60,
        aws_conn_id=None,
    )


def test_the_start_operator_runs_a_pipeline_to_its_end(operators: Any, pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("train", bucket, message=get("Parameters.Message")), parameters=(MESSAGE,))
    arn = _start(operators, name, pipeline_params={"Message": "ahoy"}, wait_for_completion=True).execute({})
    described = pipelines.describe(arn)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert described["PipelineExecutionDisplayName"] == "airflow-triggered-execution"
    assert pipelines.job(arn, "train")["HyperParameters"] == {"message": "ahoy"}


def test_the_start_operator_fails_with_its_pipeline(operators: Any, pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("train", bucket, failure="no wind"))
    with pytest.raises(Exception, match="One or multiple steps failed"):
        _start(operators, name, wait_for_completion=True).execute({})


def test_the_deferred_start_operator_is_resumed_by_its_trigger(
    operators: Any, pipelines: Pipelines, bucket: str, triggerer: Triggerer
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    operator = _start(operators, pipelines.create(train("train", bucket, seconds="2")), deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    number = triggerer.start(deferred.value.trigger)
    triggerer.until(lambda: number in triggerer.events, "the pipeline has ended")
    arn = operator.execute_complete({}, triggerer.events[number])
    assert pipelines.describe(arn)["PipelineExecutionStatus"] == "Succeeded"


def test_the_trigger_fails_when_its_pipeline_failed(pipelines: Pipelines, bucket: str, triggerer: Triggerer) -> None:
    arn = pipelines.start(pipelines.create(train("train", bucket, failure="no wind")))
    number = triggerer.start(_trigger("COMPLETE", arn))
    triggerer.until(lambda: number in triggerer.failures, "the trigger has failed")
    assert "terminal failure" in triggerer.failures[number]


def _log(client: Client, pipelines: Pipelines, arn: str) -> list[str]:
    """Return what the job of the step `long` has printed."""
    made = pipelines.steps(arn).get("long", {}).get("Metadata", {})
    if not made:
        return []
    name = made["TrainingJob"]["Arn"].rpartition("/")[2]
    found = client("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/")
    return [event["message"] for event in found["events"]]


def test_the_stop_operator_stops_a_pipeline_at_once_and_deferred(
    operators: Any, pipelines: Pipelines, client: Client, bucket: str, triggerer: Triggerer
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    first = pipelines.start(pipelines.create(train("long", bucket, seconds="600")))
    stubborn = train("long", bucket, message="under way", ignore_sigterm="true", seconds="20")
    second = pipelines.start(pipelines.create(stubborn))
    stop = {"task_id": "stop", "aws_conn_id": None, "check_interval": 1}
    operator = operators.SageMakerStopPipelineOperator(pipeline_exec_arn=first, wait_for_completion=True, **stop)
    assert operator.execute({}) == "Stopped"
    until(lambda: "under way" in _log(client, pipelines, second), "its job runs")  # SIGTERM does nothing to it
    deferrable = operators.SageMakerStopPipelineOperator(pipeline_exec_arn=second, deferrable=True, **stop)
    with pytest.raises(TaskDeferred) as deferred:
        deferrable.execute({})
    number = triggerer.start(deferred.value.trigger)
    triggerer.until(lambda: number in triggerer.events, "the pipeline has stopped")
    assert deferrable.execute_complete({}, triggerer.events[number]) == "Stopped"
    assert pipelines.statuses(second) == {"long": "Stopped"}
    again = operators.SageMakerStopPipelineOperator(pipeline_exec_arn=first, **stop)
    assert again.execute({}) == "Stopped"
    with pytest.raises(Exception, match="Only pipelines with 'Executing' status can be stopped"):
        operators.SageMakerStopPipelineOperator(pipeline_exec_arn=first, fail_if_not_running=True, **stop).execute({})


def test_the_sensor_says_when_a_pipeline_has_ended(operators: Any, pipelines: Pipelines, bucket: str) -> None:
    from airflow.providers.amazon.aws.sensors.sagemaker import SageMakerPipelineSensor

    good = pipelines.start(pipelines.create(train("train", bucket)))
    bad = pipelines.start(pipelines.create(train("train", bucket, failure="no wind")))
    slow = pipelines.start(pipelines.create(train("train", bucket, seconds="600")))
    pipelines.ended(good)
    pipelines.ended(bad)
    poke = {
        arn: SageMakerPipelineSensor(task_id="sense", pipeline_exec_arn=arn, aws_conn_id=None)
        for arn in (good, bad, slow)
    }
    assert poke[good].poke({}) is True
    assert poke[slow].poke({}) is False
    with pytest.raises(Exception, match="Sagemaker pipeline failed"):
        poke[bad].poke({})
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=slow)
    pipelines.ended(slow)
