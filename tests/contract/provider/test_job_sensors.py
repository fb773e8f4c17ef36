"""The provider's sensors of SageMaker's jobs and endpoints, on resources that run, have ended and have failed.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/sagemaker.html#sensors
"""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.sensors import sagemaker
from tests.contract.provider.requests import endpoint_config, model, numbers, processing, training, transform, tuning

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "wait", "aws_conn_id": None, "poke_interval": 0.2, "timeout": 120}


def test_the_training_sensor_goes_on_waiting_while_the_job_runs(client: Client, data: str, name: str) -> None:
    client("sagemaker").create_training_job(**numbers(training(name, data, seconds="600")))
    assert sagemaker.SageMakerTrainingSensor(job_name=name, print_log=False, **OPTIONS).poke({}) is False
    client("sagemaker").stop_training_job(TrainingJobName=name)


def test_the_training_sensor_waits_until_the_job_has_ended_and_shows_its_log(
    client: Client, data: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client("sagemaker").create_training_job(**numbers(training(name, data, message="hello from the job")))
    sagemaker.SageMakerTrainingSensor(job_name=name, print_log=False, **OPTIONS).execute({})
    described = client("sagemaker").describe_training_job(TrainingJobName=name)
    assert described["TrainingJobStatus"] == "Completed"
    assert sagemaker.SageMakerTrainingSensor(job_name=name, **OPTIONS).poke({}) is True
    assert "hello from the job" in capsys.readouterr().out


def test_the_training_sensor_fails_with_the_jobs_reason(client: Client, data: str, name: str) -> None:
    client("sagemaker").create_training_job(**numbers(training(name, data, failure="no such column")))
    with pytest.raises(Exception, match="AlgorithmError: no such column, exit code: 1"):
        sagemaker.SageMakerTrainingSensor(job_name=name, print_log=False, **OPTIONS).execute({})


def test_the_processing_sensor_waits_until_the_outputs_are_there(client: Client, data: str, name: str) -> None:
    client("sagemaker").create_processing_job(**numbers(processing(name, data)))
    sagemaker.SageMakerProcessingSensor(job_name=name, **OPTIONS).execute({})
    assert client("s3").get_object(Bucket=data, Key="out/report.json")["Body"].read() == b'{"rows": 1}'


def test_the_processing_sensor_fails_where_the_job_did(client: Client, data: str, name: str) -> None:
    client("sagemaker").create_processing_job(**numbers(processing(name, data, "import sys; sys.exit(3)")))
    with pytest.raises(Exception, match="Sagemaker job failed"):
        sagemaker.SageMakerProcessingSensor(job_name=name, **OPTIONS).execute({})


def test_the_transform_sensor_waits_until_the_predictions_are_there(
    client: Client, data: str, name: str, served: str
) -> None:
    client("sagemaker").create_transform_job(**numbers(transform(name, served, data)))
    sagemaker.SageMakerTransformSensor(job_name=name, **OPTIONS).execute({})
    assert client("s3").get_object(Bucket=data, Key="predicted/train.csv.out")["Body"].read() == b"1,2\n"


def test_the_transform_sensor_fails_with_the_jobs_reason(client: Client, data: str, name: str) -> None:
    client("sagemaker").create_model(**model(name, ECHO_EXIT="1"))
    client("sagemaker").create_transform_job(**numbers(transform(name, name, data)))
    with pytest.raises(Exception, match=r"failed for the following reason: .+"):
        sagemaker.SageMakerTransformSensor(job_name=name, **OPTIONS).execute({})


def test_the_tuning_sensor_waits_until_every_child_has_ended(client: Client, data: str, name: str) -> None:
    client("sagemaker").create_hyper_parameter_tuning_job(**numbers(tuning(name, data)))
    sagemaker.SageMakerTuningSensor(job_name=name[:32], **OPTIONS).execute({})
    children = client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name[:32]
    )["TrainingJobSummaries"]
    assert [child["TrainingJobStatus"] for child in children] == ["Completed", "Completed"]


def test_the_endpoint_sensor_waits_until_the_endpoint_answers(client: Client, served: str) -> None:
    client("sagemaker").create_endpoint_config(**numbers(endpoint_config(served)))
    client("sagemaker").create_endpoint(EndpointName=served, EndpointConfigName=served)
    sagemaker.SageMakerEndpointSensor(endpoint_name=served, **OPTIONS).execute({})
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=served, Body=b"hello")["Body"].read()
    assert answer == b"hello"
    client("sagemaker").delete_endpoint(EndpointName=served)


def test_the_endpoint_sensor_fails_with_the_endpoints_reason(client: Client, name: str) -> None:
    client("sagemaker").create_model(**model(name, ECHO_EXIT="1"))
    client("sagemaker").create_endpoint_config(**numbers(endpoint_config(name)))
    client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
    with pytest.raises(Exception, match=r"failed for the following reason: .+"):
        sagemaker.SageMakerEndpointSensor(endpoint_name=name, **OPTIONS).execute({})
    client("sagemaker").delete_endpoint(EndpointName=name)
