"""Pipelines whose steps are jobs of the image `echo`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.waiting import until

Client = Callable[..., Any]
Json = dict[str, Any]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
UNDER_WAY = {"Executing", "Stopping"}


def get(text: str) -> Json:
    return {"Get": text}


def train(name: str, bucket: str, depends_on: tuple[str, ...] = (), **hyperparameters: Any) -> Json:
    """Return a Training step."""
    arguments = {
        "HyperParameters": hyperparameters,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    return {"Name": name, "Type": "Training", "Arguments": arguments, "DependsOn": list(depends_on)}


def process(name: str, bucket: str, script: str, source: Any = None) -> Json:
    """Return a Processing step that runs a Python script, with the input `in` and the output `out`."""
    local = "/opt/ml/processing"
    arguments = {
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", script]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": {
                            "Std:Join": {
                                "On": "/",
                                "Values": [f"s3://{bucket}", get("Execution.PipelineExecutionId"), name],
                            }
                        },
                        "LocalPath": f"{local}/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "RoleArn": ROLE,
    }
    if source is not None:
        s3 = {"S3Uri": source, "LocalPath": f"{local}/in", "S3DataType": "S3Prefix", "S3InputMode": "File"}
        arguments["ProcessingInputs"] = [{"InputName": "in", "S3Input": s3}]
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def condition(name: str, test: Json, then: list[Json], otherwise: list[Json]) -> Json:
    """Return a Condition step."""
    arguments = {"Conditions": [test], "IfSteps": then, "ElseSteps": otherwise}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


class Pipelines:
    """Make pipelines, start them, and see what becomes of their steps."""

    def __init__(self, client: Client) -> None:
        self.sagemaker = client("sagemaker")
        self.s3 = client("s3")

    def create(self, *steps: Json, parameters: tuple[Json, ...] = (), **more: Any) -> str:
        """Create a pipeline and return its name."""
        definition = {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}
        name = f"p-{uuid.uuid4().hex[:12]}"
        self.sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=ROLE, **more
        )
        return name

    def start(self, name: str, **more: Any) -> str:
        """Start an execution and return its ARN."""
        arn: str = self.sagemaker.start_pipeline_execution(PipelineName=name, **more)["PipelineExecutionArn"]
        return arn

    def describe(self, arn: str) -> Json:
        described: Json = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return described

    def ended(self, arn: str) -> Json:
        """Return what an execution is once it has ended."""
        until(lambda: self.describe(arn)["PipelineExecutionStatus"] not in UNDER_WAY, "it has ended")
        return self.describe(arn)

    def succeed(self, arn: str) -> dict[str, Json]:
        """Return the steps of an execution that has succeeded."""
        described, steps = self.ended(arn), self.steps(arn)
        reasons = {name: step.get("FailureReason") for name, step in steps.items()}
        assert described["PipelineExecutionStatus"] == "Succeeded", (described, reasons)
        return steps

    def steps(self, arn: str) -> dict[str, Json]:
        """Return the steps that have begun, by their names, in the order in which they began."""
        pages = self.sagemaker.get_paginator("list_pipeline_execution_steps")
        found = pages.paginate(PipelineExecutionArn=arn, SortOrder="Ascending").build_full_result()
        return {step["StepName"]: step for step in found["PipelineExecutionSteps"]}

    def statuses(self, arn: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def job(self, arn: str, step: str) -> Json:
        """Return the training job of a step."""
        job = self.steps(arn)[step]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
        described: Json = self.sagemaker.describe_training_job(TrainingJobName=job)
        return described


@pytest.fixture
def pipelines(client: Client) -> Pipelines:
    return Pipelines(client)
