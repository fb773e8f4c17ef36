"""The SageMaker Python SDK, version 3, unmodified: it trains, tunes, processes, transforms and serves.

https://sagemaker.readthedocs.io/en/stable/
"""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from sdk import rows, source, train, trainer

from conftest import ROLE, TABULAR

__all__ = ["rows", "source"]


def _artifact(uri: str) -> dict[str, Any]:
    name, _, key = uri.removeprefix("s3://").partition("/")
    packed = boto3.client("s3").get_object(Bucket=name, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("model.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
    return found


def test_a_model_trainer_trains_with_a_local_script_and_local_data(source: Path, rows: Path) -> None:
    assert _artifact(train(source, rows, 0.25)) == {"slope": 0.25, "rows": 3}


def test_a_tuner_finds_the_best_of_its_jobs(source: Path, rows: Path, bucket: str) -> None:
    from sagemaker.core.parameter import ContinuousParameter
    from sagemaker.train.configs import InputData
    from sagemaker.train.tuner import HyperparameterTuner

    tuner = HyperparameterTuner(
        model_trainer=trainer(source),
        objective_metric_name="score",
        hyperparameter_ranges={"slope": ContinuousParameter(0.0, 1.0)},
        metric_definitions=[{"Name": "score", "Regex": "score=([0-9.]+);"}],
        strategy="Random",
        max_jobs=4,
        max_parallel_jobs=2,
        base_tuning_job_name="tune",
    )
    boto3.client("s3").upload_file(str(rows / "rows.csv"), bucket, "rows/rows.csv")  # it takes S3 URIs only
    tuner.tune(inputs=[InputData(channel_name="train", data_source=f"s3://{bucket}/rows/")], wait=True)
    client = boto3.client("sagemaker")
    name = tuner.latest_tuning_job.hyper_parameter_tuning_job_name
    described = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert described["TrainingJobStatusCounters"]["Completed"] == 4
    children = client.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    scores = [
        child["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for child in children["TrainingJobSummaries"]
    ]
    best = described["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    assert best == max(scores)


def test_a_processor_runs_a_script_over_its_inputs(tmp_path: Path, rows: Path, bucket: str) -> None:
    from sagemaker.core.processing import ProcessingInput, ProcessingOutput, ProcessingS3Input, ScriptProcessor
    from sagemaker.core.shapes import ProcessingS3Output

    script = tmp_path / "count.py"
    script.write_text(
        "import pathlib\n"
        "rows = pathlib.Path('/opt/ml/processing/input/rows/rows.csv').read_text().split()\n"
        "pathlib.Path('/opt/ml/processing/output/count.txt').write_text(str(len(rows)))\n"
    )
    boto3.client("s3").upload_file(str(rows / "rows.csv"), bucket, "rows/rows.csv")
    processor = ScriptProcessor(
        role=ROLE, image_uri=TABULAR, command=["python3"], instance_count=1, instance_type="ml.m5.large"
    )
    processor.run(
        code=str(script),
        inputs=[
            ProcessingInput(
                input_name="rows",
                s3_input=ProcessingS3Input(
                    s3_uri=f"s3://{bucket}/rows/",
                    local_path="/opt/ml/processing/input/rows",
                    s3_data_type="S3Prefix",
                    s3_input_mode="File",
                ),
            )
        ],
        outputs=[
            ProcessingOutput(
                output_name="count",
                s3_output=ProcessingS3Output(
                    s3_uri=f"s3://{bucket}/count",
                    local_path="/opt/ml/processing/output",
                    s3_upload_mode="EndOfJob",
                ),
            )
        ],
        wait=True,
        logs=False,
    )
    counted = boto3.client("s3").get_object(Bucket=bucket, Key="count/count.txt")["Body"].read()
    assert counted == b"3"


@pytest.fixture
def model(source: Path, rows: Path) -> str:
    """Give the name of a model made by the SDK's resources."""
    from sagemaker.core.resources import Model
    from sagemaker.core.shapes import ContainerDefinition

    name = f"m-{uuid.uuid4()}"
    container = ContainerDefinition(image=TABULAR, model_data_url=train(source, rows, 2.0))
    Model.create(model_name=name, primary_container=container, execution_role_arn=ROLE)
    return name


def test_a_transformer_answers_every_line_of_a_file(model: str, bucket: str) -> None:
    from sagemaker.core.transformer import Transformer

    boto3.client("s3").put_object(Bucket=bucket, Key="in/rows.csv", Body=b"1\n2\n3\n")
    transformer = Transformer(
        model_name=model,
        instance_count=1,
        instance_type="ml.m5.large",
        strategy="SingleRecord",
        assemble_with="Line",
        output_path=f"s3://{bucket}/out",
    )
    transformer.transform(f"s3://{bucket}/in/", content_type="text/csv", split_type="Line", wait=True, logs=False)
    answered = boto3.client("s3").get_object(Bucket=bucket, Key="out/rows.csv.out")["Body"].read().decode()
    assert [float(line) for line in answered.split()] == [2.0, 4.0, 6.0]


def test_an_endpoint_is_made_asked_and_deleted(model: str) -> None:
    from sagemaker.core.resources import Endpoint, EndpointConfig
    from sagemaker.core.shapes import ProductionVariant

    name = f"e-{uuid.uuid4()}"
    variant = ProductionVariant(
        variant_name="all", model_name=model, initial_instance_count=1, instance_type="ml.m5.large"
    )
    EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
    endpoint.wait_for_status("InService", poll=1)
    answer = endpoint.invoke(body=b"4", content_type="text/csv", accept="text/csv")
    assert float(answer.body.read()) == 8.0
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    with pytest.raises(Exception, match="Could not find endpoint"):
        boto3.client("sagemaker").describe_endpoint(EndpointName=name)
