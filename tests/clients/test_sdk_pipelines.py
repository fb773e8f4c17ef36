"""The SageMaker Python SDK, version 3, unmodified: a pipeline is built, started, judged and deleted.

https://sagemaker.readthedocs.io/en/stable/
"""

from __future__ import annotations

import uuid
from pathlib import Path

import boto3
import pytest
from sdk import rows, source, trainer

from conftest import ROLE, TABULAR

__all__ = ["rows", "source"]


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
    fits = trainer(source, slope=0.25)
    fits.sagemaker_session = session
    train = TrainingStep(
        name="train",
        step_args=fits.train(input_data_config=[InputData(channel_name="train", data_source=f"s3://{bucket}/rows/")]),
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
