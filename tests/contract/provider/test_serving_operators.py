"""The provider's operators on models, endpoints, the registry and experiments.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/sagemaker.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators import sagemaker
from tests.contract.provider.requests import IMAGE, endpoint_config, model, numbers, training
from tests.deferral import defer, fire, resume

Client = Callable[..., Any]
Context = Any  # of Airflow, in part

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "task", "aws_conn_id": None}
POLLED: dict[str, Any] = {**OPTIONS, "check_interval": 1}
WAITED: dict[str, Any] = {**POLLED, "max_ingestion_time": 120}


def _ask(client: Client, endpoint: str, body: bytes) -> bytes:
    answer: bytes = client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body)["Body"].read()
    return answer


def test_the_operators_take_a_model_from_training_to_a_live_endpoint(
    client: Client, context: Context, data: str, name: str
) -> None:
    train = sagemaker.SageMakerTrainingOperator(config=training(name, data), print_log=False, **POLLED)
    uri = train.execute(context)["Training"]["ModelArtifacts"]["S3ModelArtifacts"]
    made = sagemaker.SageMakerModelOperator(config=model(name, uri, COLOUR="blue"), **OPTIONS).execute(context)
    assert made["Model"]["ModelName"] == name
    configured = sagemaker.SageMakerEndpointConfigOperator(config=endpoint_config(name), **OPTIONS).execute(context)
    assert configured["EndpointConfig"]["EndpointConfigName"] == name
    config: dict[str, Any] = {"EndpointName": name, "EndpointConfigName": name}
    created = sagemaker.SageMakerEndpointOperator(config=config, **WAITED).execute(context)
    assert created["Endpoint"]["EndpointStatus"] == "InService"
    assert json.loads(_ask(client, name, b"model"))["data"] == {"train/train.csv": "1,2\n"}
    # Creating it again, now with model and configuration in one go, turns into an update.
    second = f"{name[:55]}-two"
    config = {
        "Model": model(second, uri, COLOUR="green"),
        "EndpointConfig": endpoint_config(second),
        "Endpoint": {"EndpointName": name, "EndpointConfigName": second},
    }
    again = sagemaker.SageMakerEndpointOperator(config=config, **WAITED).execute(context)
    assert again["Endpoint"]["EndpointConfigName"] == second
    assert _ask(client, name, b"env COLOUR") == b"green"
    client("sagemaker").delete_endpoint(EndpointName=name)


def test_the_deferred_endpoint_operator_is_resumed_when_the_endpoint_serves(
    client: Client, context: Context, served: str
) -> None:
    config = {
        "EndpointConfig": endpoint_config(served),
        "Endpoint": {"EndpointName": served, "EndpointConfigName": served},
    }
    result = resume(sagemaker.SageMakerEndpointOperator(config=config, deferrable=True, **WAITED), context)
    assert result["Endpoint"]["EndpointStatus"] == "InService"
    assert _ask(client, served, b"hello") == b"hello"
    client("sagemaker").delete_endpoint(EndpointName=served)


def test_the_trigger_tells_the_deferred_endpoint_operator_that_the_endpoint_cannot_start(
    client: Client, context: Context, name: str
) -> None:
    config = {
        "Model": model(name, ECHO_EXIT="1"),
        "EndpointConfig": endpoint_config(name),
        "Endpoint": {"EndpointName": name, "EndpointConfigName": name},
    }
    operator = sagemaker.SageMakerEndpointOperator(config=config, deferrable=True, **WAITED)
    event = fire(defer(operator, context).trigger)
    assert (event["status"], event["job_name"]) == ("failed", name)
    with pytest.raises(Exception, match="failed"):
        operator.execute_complete(context, event)
    client("sagemaker").delete_endpoint(EndpointName=name)


def test_the_model_operators_delete_and_register(client: Client, context: Context, data: str, name: str) -> None:
    uri = f"s3://{data}/data/train.csv"
    sagemaker.SageMakerModelOperator(config=model(name, uri), **OPTIONS).execute(context)
    sagemaker.SageMakerDeleteModelOperator(config={"ModelName": name}, **OPTIONS).execute(context)
    assert client("sagemaker").list_models(NameContains=name)["Models"] == []

    def register() -> str:
        operator = sagemaker.SageMakerRegisterModelVersionOperator(
            image_uri=IMAGE, model_url=uri, package_group_name=name, **OPTIONS
        )
        return str(operator.execute(context))

    arns = [register() for _ in range(2)]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2"]
    described = client("sagemaker").describe_model_package(ModelPackageName=arns[1])
    assert described["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_refused_model_version_leaves_no_group_behind(client: Client, context: Context, name: str) -> None:
    operator = sagemaker.SageMakerRegisterModelVersionOperator(
        image_uri=IMAGE, model_url="s3://no-such-bucket-here/model.tar.gz", package_group_name=name, **OPTIONS
    )
    with pytest.raises(Exception, match="no-such-bucket-here"):
        operator.execute(context)
    groups = client("sagemaker").list_model_package_groups(NameContains=name)["ModelPackageGroupSummaryList"]
    assert groups == []


def test_the_experiment_operator_creates_an_experiment(client: Client, context: Context, name: str) -> None:
    operator = sagemaker.SageMakerCreateExperimentOperator(
        name=name, description="boats", tags={"team": "harbour"}, **OPTIONS
    )
    arn = operator.execute(context)
    described = client("sagemaker").describe_experiment(ExperimentName=name)
    assert (described["ExperimentArn"], described["Description"]) == (arn, "boats")
    assert client("sagemaker").list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "harbour"}]


def test_the_condition_operator_decides_by_what_a_job_returned(context: Context, data: str, name: str) -> None:
    """It calls nothing: its values come from the XComs of other operators."""
    train = sagemaker.SageMakerTrainingOperator(config=numbers(training(name, data)), print_log=False, **POLLED)
    seconds = train.execute(context)["Training"]["TrainingTimeInSeconds"]
    operator = sagemaker.SageMakerConditionOperator(
        task_id="fast",
        condition_type="LessThan",
        left_value=str(seconds),
        right_value=600,
        if_task_ids="deploy",
        else_task_ids="stop",
    )
    assert operator.choose_branch(context) == ["deploy"]
