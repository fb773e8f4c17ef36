"""The provider's operators that run jobs, against real processes in each isolation.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/sagemaker.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators import sagemaker
from airflow.providers.amazon.aws.triggers.sagemaker import SageMakerTrigger
from tests.archives import unpacked
from tests.contract.provider.requests import model, processing, training, transform, tuning
from tests.deferral import defer, fire, resume
from tests.objects import read

Client = Callable[..., Any]
Context = Any  # of Airflow, in part

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "job", "aws_conn_id": None, "check_interval": 1}
REPORT = [{"output_name": "out", "file_name": "report.json", "result_name": "Report"}]


def _train(config: dict[str, Any], **options: Any) -> sagemaker.SageMakerTrainingOperator:
    return sagemaker.SageMakerTrainingOperator(config=config, **{**OPTIONS, "print_log": False, **options})


def _artifact(client: Client, uri: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(unpacked(read(client("s3"), uri))["model.json"])
    return content


def test_the_processing_operator_processes(client: Client, context: Context, data: str, name: str) -> None:
    operator = sagemaker.SageMakerProcessingOperator(
        config=processing(name, data), output_files_to_xcom=REPORT, **OPTIONS
    )
    result = operator.execute(context)
    assert result["Processing"]["ProcessingJobStatus"] == "Completed"
    assert result["OutputFiles"]["Report"] == {"rows": 1}
    assert json.loads(read(client("s3"), f"s3://{data}/out/report.json")) == {"rows": 1}


def test_the_processing_operator_fails_with_the_jobs_reason(context: Context, data: str, name: str) -> None:
    config = processing(name, data, "import sys; sys.exit(3)")
    with pytest.raises(Exception, match=r"SageMaker resource failed because AlgorithmError.*exit code: 3"):
        sagemaker.SageMakerProcessingOperator(config=config, **OPTIONS).execute(context)


def test_the_deferred_processing_operator_reads_its_outputs_when_resumed(
    context: Context, data: str, name: str
) -> None:
    operator = sagemaker.SageMakerProcessingOperator(
        config=processing(name, data), output_files_to_xcom=REPORT, deferrable=True, **OPTIONS
    )
    result = resume(operator, context)
    assert result["Processing"]["ProcessingJobStatus"] == "Completed"
    assert result["OutputFiles"]["Report"] == {"rows": 1}


def test_the_training_operator_trains(client: Client, context: Context, data: str, name: str) -> None:
    described = _train(training(name, data, message="accuracy=0.9")).execute(context)["Training"]
    assert described["TrainingJobStatus"] == "Completed"
    trained = _artifact(client, described["ModelArtifacts"]["S3ModelArtifacts"])
    assert trained["data"] == {"train/train.csv": "1,2\n"}
    assert trained["hyperparameters"] == {"message": "accuracy=0.9"}


def test_the_training_operator_shows_the_jobs_log(
    client: Client, context: Context, data: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without waiting: where it waits, the hook asks for the status only every 30 seconds."""
    config = training(name, data, message="hello from the job", seconds="60")
    operator = _train(config, check_interval=3, print_log=True, wait_for_completion=False)
    operator.execute(context)
    client("sagemaker").stop_training_job(TrainingJobName=name)
    assert "[info     ] hello from the job" in capsys.readouterr().out


def test_the_training_operator_gives_a_used_name_a_suffix(context: Context, data: str, name: str) -> None:
    """It asks whether the job exists, and takes a ValidationException for no."""

    def run() -> str:
        return str(_train(training(name, data)).execute(context)["Training"]["TrainingJobName"])

    assert run() == name
    assert re.fullmatch(rf"{name}-\d+", run())


def test_the_training_operator_fails_with_the_jobs_reason(context: Context, data: str, name: str) -> None:
    with pytest.raises(Exception, match="AlgorithmError: no such column, exit code: 1"):
        _train(training(name, data, failure="no such column")).execute(context)


def test_the_deferred_training_operator_is_resumed_by_its_trigger(
    client: Client, context: Context, data: str, name: str
) -> None:
    described = resume(_train(training(name, data, seconds="1"), deferrable=True), context)["Training"]
    assert described["TrainingJobStatus"] == "Completed"
    assert _artifact(client, described["ModelArtifacts"]["S3ModelArtifacts"])["hyperparameters"] == {"seconds": "1"}


def test_the_trigger_tells_the_deferred_training_operator_why_the_job_failed(
    context: Context, data: str, name: str
) -> None:
    operator = _train(training(name, data, seconds="1", failure="no such column"), deferrable=True)
    event = fire(defer(operator, context).trigger)
    assert (event["status"], event["job_name"]) == ("failed", name)
    with pytest.raises(Exception, match="AlgorithmError: no such column, exit code: 1"):
        operator.execute_complete(context, event)


def test_the_trigger_tells_that_somebody_stopped_the_job(
    client: Client, context: Context, data: str, name: str
) -> None:
    deferred = defer(_train(training(name, data, seconds="600"), deferrable=True), context)
    assert isinstance(deferred.trigger, SageMakerTrigger)
    client("sagemaker").stop_training_job(TrainingJobName=name)
    event = fire(deferred.trigger)
    assert (event["status"], event["job_name"]) == ("stopped", name)


def test_the_tuning_operator_tunes(client: Client, data: str, name: str) -> None:
    described = sagemaker.SageMakerTuningOperator(config=tuning(name, data), **OPTIONS).execute({})["Tuning"]
    assert described["HyperParameterTuningJobStatus"] == "Completed"
    assert described["TrainingJobStatusCounters"]["Completed"] == 2
    children = client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name[:32]
    )["TrainingJobSummaries"]
    best = max(children, key=lambda child: child["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])
    assert described["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]


def test_the_deferred_tuning_operator_is_resumed_by_its_trigger(context: Context, data: str, name: str) -> None:
    operator = sagemaker.SageMakerTuningOperator(config=tuning(name, data), deferrable=True, **OPTIONS)
    described = resume(operator, context)["Tuning"]
    assert described["TrainingJobStatusCounters"]["Completed"] == 2


def test_the_transform_operator_makes_the_model_and_transforms(
    client: Client, context: Context, data: str, name: str
) -> None:
    config = {"Model": model(name), "Transform": transform(name, name, data)}
    result = sagemaker.SageMakerTransformOperator(config=config, **OPTIONS).execute(context)
    assert result["Transform"]["TransformJobStatus"] == "Completed"
    assert result["Model"]["ModelName"] == name
    assert read(client("s3"), f"s3://{data}/predicted/train.csv.out") == b"1,2\n"


def test_the_deferred_transform_operator_is_resumed_by_its_trigger(
    client: Client, context: Context, data: str, name: str, served: str
) -> None:
    operator = sagemaker.SageMakerTransformOperator(config=transform(name, served, data), deferrable=True, **OPTIONS)
    assert resume(operator, context)["Transform"]["TransformJobStatus"] == "Completed"
    assert read(client("s3"), f"s3://{data}/predicted/train.csv.out") == b"1,2\n"
