"""The SageMaker Python SDK, version 3, unmodified: https://sagemaker.readthedocs.io/en/stable/"""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from conftest import ROLE, TABULAR

TRAIN = """
import argparse, json, os, pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--slope", type=float)
slope = parser.parse_args().slope
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text().split()
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps({"slope": slope, "rows": len(rows)}))
code = pathlib.Path(os.environ["SM_MODEL_DIR"], "code")
code.mkdir()
(code / "inference.py").write_text(pathlib.Path(__file__).with_name("inference.py").read_text())
print(f"score={1 - abs(slope - 0.5)};")
"""
INFERENCE = """
import json, pathlib

def model_fn(model_dir):
    return json.loads(pathlib.Path(model_dir, "model.json").read_text())["slope"]

def input_fn(data, content_type):
    return [float(line) for line in data.split()]

def predict_fn(data, model):
    return [model * value for value in data]

def output_fn(prediction, accept):
    return "".join(f"{value}\\n" for value in prediction)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a folder with a training script and its inference script."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    (tmp_path / "src" / "inference.py").write_text(INFERENCE)
    return tmp_path / "src"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Give a folder with training data."""
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "rows.csv").write_text("1\n2\n3\n")
    return tmp_path / "rows"


def _trainer(source: Path, **hyperparameters: Any) -> Any:
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, SourceCode

    return ModelTrainer(
        training_image=TABULAR,
        source_code=SourceCode(source_dir=str(source), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters=hyperparameters,
        role=ROLE,
        base_job_name="sdk",
    )


def _artifact(uri: str) -> dict[str, Any]:
    name, _, key = uri.removeprefix("s3://").partition("/")
    packed = boto3.client("s3").get_object(Bucket=name, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("model.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
    return found


def _train(source: Path, rows: Path, slope: float) -> str:
    from sagemaker.train.configs import InputData

    trainer = _trainer(source, slope=slope)
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=str(rows))], wait=True)
    uri: str = trainer._latest_training_job.model_artifacts.s3_model_artifacts
    return uri


def test_a_model_trainer_trains_with_a_local_script_and_local_data(source: Path, rows: Path) -> None:
    assert _artifact(_train(source, rows, 0.25)) == {"slope": 0.25, "rows": 3}


def test_a_tuner_finds_the_best_of_its_jobs(source: Path, rows: Path, bucket: str) -> None:
    from sagemaker.core.parameter import ContinuousParameter
    from sagemaker.train.configs import InputData
    from sagemaker.train.tuner import HyperparameterTuner

    tuner = HyperparameterTuner(
        model_trainer=_trainer(source),
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
    container = ContainerDefinition(image=TABULAR, model_data_url=_train(source, rows, 2.0))
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


def test_a_model_package_is_registered_approved_and_found(bucket: str) -> None:
    from sagemaker.core.resources import ModelPackage, ModelPackageGroup

    client = boto3.client("sagemaker")
    client_s3 = boto3.client("s3")
    client_s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"")
    group = f"g-{uuid.uuid4().hex[:12]}"
    ModelPackageGroup.create(model_package_group_name=group, model_package_group_description="by the SDK")
    # ModelPackage.create asks a version's answer for a name, which AWS gives to unversioned packages only
    created = client.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [{"Image": TABULAR, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )
    package = ModelPackage.get(model_package_name=created["ModelPackageArn"])
    package.update(model_approval_status="Approved", approval_description="it is good")
    package.refresh()
    assert (package.model_package_version, package.model_approval_status) == (1, "Approved")
    assert package.approval_description == "it is good"
    (found,) = list(ModelPackage.get_all(model_package_group_name=group))
    assert found.model_package_arn == package.model_package_arn


def test_a_feature_group_takes_records_and_gives_them_back() -> None:
    from sagemaker.core.resources import FeatureGroup
    from sagemaker.core.shapes import FeatureDefinition, FeatureValue, OnlineStoreConfig

    name = f"f-{uuid.uuid4().hex[:12]}"
    group = FeatureGroup.create(
        feature_group_name=name,
        record_identifier_feature_name="id",
        event_time_feature_name="at",
        feature_definitions=[
            FeatureDefinition(feature_name="id", feature_type="Integral"),
            FeatureDefinition(feature_name="at", feature_type="String"),
            FeatureDefinition(feature_name="value", feature_type="Fractional"),
        ],
        online_store_config=OnlineStoreConfig(enable_online_store=True),
        role_arn=ROLE,
    )
    group.wait_for_status("Created", poll=1)
    record = [
        FeatureValue(feature_name="id", value_as_string="7"),
        FeatureValue(feature_name="at", value_as_string="2026-01-01T00:00:00Z"),
        FeatureValue(feature_name="value", value_as_string="0.5"),
    ]
    group.put_record(record=record)
    answer = group.get_record(record_identifier_value_as_string="7")
    values = {feature.feature_name: feature.value_as_string for feature in answer.record}
    assert values == {"id": "7", "at": "2026-01-01T00:00:00Z", "value": "0.5"}


def test_a_pipeline_judges_what_it_trained(source: Path, rows: Path, bucket: str) -> None:
    from sagemaker.core.processing import ProcessingInput, ProcessingOutput, ProcessingS3Input, ScriptProcessor
    from sagemaker.core.shapes import ProcessingS3Output
    from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
    from sagemaker.core.workflow.functions import Join, JsonGet
    from sagemaker.core.workflow.parameters import ParameterFloat
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.core.workflow.properties import PropertyFile
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
    from sagemaker.train.configs import InputData

    boto3.client("s3").upload_file(str(rows / "rows.csv"), bucket, "rows/rows.csv")
    session = PipelineSession()
    most = ParameterFloat(name="Most", default_value=0.5)
    trainer = _trainer(source, slope=0.25)
    trainer.sagemaker_session = session
    train = TrainingStep(
        name="train",
        step_args=trainer.train(
            input_data_config=[InputData(channel_name="train", data_source=f"s3://{bucket}/rows/")]
        ),
    )
    script = source.parent / "judge.py"
    script.write_text(
        "import json, pathlib, tarfile\n"
        "with tarfile.open('/opt/ml/processing/model/model.tar.gz') as packed:\n"
        "    slope = json.load(packed.extractfile('model.json'))['slope']\n"
        "pathlib.Path('/opt/ml/processing/out/report.json').write_text(json.dumps({'slope': {'value': slope}}))\n"
    )
    processor = ScriptProcessor(
        role=ROLE,
        image_uri=TABULAR,
        command=["python3"],
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=session,
    )
    report = PropertyFile(name="report", output_name="out", path="report.json")
    judge = ProcessingStep(
        name="judge",
        step_args=processor.run(
            code=str(script),
            inputs=[
                ProcessingInput(
                    input_name="model",
                    s3_input=ProcessingS3Input(
                        s3_uri=train.properties.ModelArtifacts.S3ModelArtifacts,
                        local_path="/opt/ml/processing/model",
                        s3_data_type="S3Prefix",
                        s3_input_mode="File",
                    ),
                )
            ],
            outputs=[
                ProcessingOutput(
                    output_name="out",
                    s3_output=ProcessingS3Output(
                        s3_uri=f"s3://{bucket}/judged",
                        local_path="/opt/ml/processing/out",
                        s3_upload_mode="EndOfJob",
                    ),
                )
            ],
        ),
        property_files=[report],
    )
    slope = JsonGet(step_name="judge", property_file=report, json_path="slope.value")
    check = ConditionStep(
        name="check",
        conditions=[ConditionLessThanOrEqualTo(left=slope, right=most)],
        if_steps=[],
        else_steps=[FailStep(name="steep", error_message=Join(on=" ", values=["too steep:", most.to_string()]))],
    )
    pipeline = Pipeline(
        name=f"p-{uuid.uuid4().hex[:12]}", parameters=[most], steps=[train, judge, check], sagemaker_session=session
    )
    pipeline.upsert(role_arn=ROLE)
    pipeline.upsert(role_arn=ROLE)
    good = pipeline.start()
    good.wait(delay=1)
    assert good.describe()["PipelineExecutionStatus"] == "Succeeded"
    assert {step["StepName"]: step["StepStatus"] for step in good.list_steps()} == dict.fromkeys(
        ("train", "judge", "check"), "Succeeded"
    )
    bad = pipeline.start(parameters={"Most": 0.1})
    with pytest.raises(Exception, match="Failed"):
        bad.wait(delay=1)
    assert bad.describe()["FailureReason"] == "too steep: 0.1"
    pipeline.delete()
