"""The amazon provider's own SageMaker operators, unmodified, against real processes.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/sagemaker.html
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


@pytest.fixture
def operators(aws: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return the provider's module of SageMaker operators; the environment points at sagelocal, as in production."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))  # where Airflow writes when it is first imported
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    from airflow.providers.amazon.aws.operators import sagemaker

    return sagemaker


@pytest.fixture
def data(client: Client, bucket: str) -> str:
    """Return a bucket with the object data/train.csv."""
    client("s3").put_object(Bucket=bucket, Key="data/train.csv", Body=b"1,2\n")
    return bucket


@pytest.fixture
def name() -> str:
    return f"n-{uuid.uuid4()}"


def _training(name: str, bucket: str, **hyperparameters: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "HyperParameters": hyperparameters,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        # rendered templates are strings, which the operator turns into numbers
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": "1", "VolumeSizeInGB": "10"},
        "StoppingCondition": {"MaxRuntimeInSeconds": "600"},
    }


def _model(name: str, uri: str) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": uri, "Environment": {"COLOUR": "blue"}}
    return {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE}


def _endpoint_config(name: str) -> dict[str, Any]:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InitialInstanceCount": "1",
        "InstanceType": "ml.m5.large",
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


def _artifact(client: Client, uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        member = archive.extractfile("model.json")
        assert member is not None
        content: dict[str, Any] = json.load(member)
    return content


def test_the_processing_operator_processes(operators: Any, client: Client, data: str, name: str) -> None:
    source = {"S3Uri": f"s3://{data}/data/", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
    target = {"S3Uri": f"s3://{data}/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    script = (
        "import json, pathlib; base = pathlib.Path('/opt/ml/processing'); "
        "rows = (base / 'in/train.csv').read_text().splitlines(); "
        "(base / 'out/report.json').write_text(json.dumps({'rows': len(rows)}))"
    )
    config = {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", script]},
        "RoleArn": ROLE,
        "ProcessingInputs": [{"InputName": "in", "S3Input": {**source, "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": target}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": "1", "VolumeSizeInGB": "10"}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": "600"},
    }
    operator = operators.SageMakerProcessingOperator(
        task_id="process",
        config=config,
        aws_conn_id=None,
        check_interval=1,
        output_files_to_xcom=[{"output_name": "out", "file_name": "report.json", "result_name": "Report"}],
    )
    result = operator.execute({})
    assert result["Processing"]["ProcessingJobStatus"] == "Completed"
    assert result["OutputFiles"]["Report"] == {"rows": 1}
    assert json.load(client("s3").get_object(Bucket=data, Key="out/report.json")["Body"]) == {"rows": 1}


def test_the_training_operator_trains(operators: Any, client: Client, data: str, name: str) -> None:
    operator = operators.SageMakerTrainingOperator(
        task_id="train",
        config=_training(name, data, message="accuracy=0.9"),
        aws_conn_id=None,
        check_interval=1,
        print_log=False,
    )
    described = operator.execute({})["Training"]
    assert described["TrainingJobStatus"] == "Completed"
    model = _artifact(client, described["ModelArtifacts"]["S3ModelArtifacts"])
    assert model["data"] == {"train/train.csv": "1,2\n"}
    assert model["hyperparameters"] == {"message": "accuracy=0.9"}


def test_the_tuning_operator_tunes(operators: Any, data: str, name: str) -> None:
    training = _training(name, data)
    algorithm = {**training["AlgorithmSpecification"], "MetricDefinitions": [{"Name": "score", "Regex": "score=(.*)"}]}
    limits = {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2}
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}
    definition = {
        **{member: value for member, value in training.items() if member not in ("TrainingJobName", "HyperParameters")},
        "AlgorithmSpecification": algorithm,
        "StaticHyperParameters": {"message": "score={x}"},
    }
    operator = operators.SageMakerTuningOperator(
        task_id="tune",
        config={
            "HyperParameterTuningJobName": name[:32],
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
                "ResourceLimits": limits,
                "ParameterRanges": ranges,
            },
            "TrainingJobDefinition": definition,
        },
        aws_conn_id=None,
        check_interval=1,
    )
    described = operator.execute({})["Tuning"]
    assert described["HyperParameterTuningJobStatus"] == "Completed"
    assert described["TrainingJobStatusCounters"]["Completed"] == 2


def test_the_training_operator_shows_the_jobs_log(
    operators: Any, data: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without waiting: where it waits, the hook asks for the status only every 30 seconds."""
    operator = operators.SageMakerTrainingOperator(
        task_id="train",
        config=_training(name, data, message="hello from the job", seconds="60"),
        aws_conn_id=None,
        check_interval=3,
        print_log=True,
        wait_for_completion=False,
    )
    operator.execute({})
    operator.hook.conn.stop_training_job(TrainingJobName=name)
    assert "[info     ] hello from the job" in capsys.readouterr().out


def test_the_training_operator_gives_a_used_name_a_suffix(operators: Any, data: str, name: str) -> None:
    """It asks whether the job exists, and takes a ValidationException for no."""

    def run() -> str:
        operator = operators.SageMakerTrainingOperator(
            task_id="train", config=_training(name, data), aws_conn_id=None, check_interval=1, print_log=False
        )
        return str(operator.execute({})["Training"]["TrainingJobName"])

    assert run() == name
    assert re.fullmatch(rf"{name}-\d+", run())


def test_the_training_operator_fails_with_the_jobs_reason(operators: Any, data: str, name: str) -> None:
    operator = operators.SageMakerTrainingOperator(
        task_id="train",
        config=_training(name, data, failure="no such column"),
        aws_conn_id=None,
        check_interval=1,
        print_log=False,
    )
    with pytest.raises(Exception, match="AlgorithmError: no such column, exit code: 1"):
        operator.execute({})


def test_the_deferred_training_operator_is_resumed_by_its_trigger(operators: Any, data: str, name: str) -> None:
    """The trigger waits through the provider's asynchronous client."""
    from airflow.sdk.exceptions import TaskDeferred

    operator = operators.SageMakerTrainingOperator(
        task_id="train",
        config=_training(name, data, seconds="1"),
        aws_conn_id=None,
        check_interval=1,
        print_log=False,
        deferrable=True,
    )
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    trigger = deferred.value.trigger

    async def first_event() -> Any:
        return await anext(trigger.run())

    event = asyncio.run(first_event())
    assert operator.execute_complete({}, event.payload)["Training"]["TrainingJobStatus"] == "Completed"


def test_the_operators_take_a_model_from_training_to_a_live_endpoint(
    operators: Any, client: Client, data: str, name: str
) -> None:
    training = operators.SageMakerTrainingOperator(
        task_id="train", config=_training(name, data), aws_conn_id=None, check_interval=1, print_log=False
    )
    uri = training.execute({})["Training"]["ModelArtifacts"]["S3ModelArtifacts"]
    model = operators.SageMakerModelOperator(task_id="model", config=_model(name, uri), aws_conn_id=None)
    assert model.execute({})["Model"]["ModelName"] == name
    config = operators.SageMakerEndpointConfigOperator(
        task_id="config", config=_endpoint_config(name), aws_conn_id=None
    )
    assert config.execute({})["EndpointConfig"]["EndpointConfigName"] == name
    endpoint = operators.SageMakerEndpointOperator(
        task_id="endpoint",
        config={"EndpointName": name, "EndpointConfigName": name},
        aws_conn_id=None,
        check_interval=1,
        max_ingestion_time=120,
    )
    assert endpoint.execute({})["Endpoint"]["EndpointStatus"] == "InService"
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"model")["Body"].read()
    assert json.loads(answer)["data"] == {"train/train.csv": "1,2\n"}
    # Creating it again, now with model and configuration in one go, turns into an update.
    second = f"{name[:55]}-two"
    again = operators.SageMakerEndpointOperator(
        task_id="again",
        config={
            "Model": _model(second, uri),
            "EndpointConfig": _endpoint_config(second),
            "Endpoint": {"EndpointName": name, "EndpointConfigName": second},
        },
        aws_conn_id=None,
        check_interval=1,
        max_ingestion_time=120,
    )
    assert again.execute({})["Endpoint"]["EndpointConfigName"] == second
    assert client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"env COLOUR")["Body"].read() == b"blue"
    client("sagemaker").delete_endpoint(EndpointName=name)


def test_the_model_operators_delete_and_register(operators: Any, client: Client, data: str, name: str) -> None:
    uri = f"s3://{data}/data/train.csv"
    operators.SageMakerModelOperator(task_id="model", config=_model(name, uri), aws_conn_id=None).execute({})
    operators.SageMakerDeleteModelOperator(task_id="delete", config={"ModelName": name}, aws_conn_id=None).execute({})
    assert client("sagemaker").list_models(NameContains=name)["Models"] == []

    def register() -> str:
        operator = operators.SageMakerRegisterModelVersionOperator(
            task_id="register", image_uri=IMAGE, model_url=uri, package_group_name=name, aws_conn_id=None
        )
        return str(operator.execute({}))

    assert [register().rpartition("/")[2] for _ in range(2)] == ["1", "2"]
