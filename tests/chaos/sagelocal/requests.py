"""Requests for jobs that print a line, wait, and leave it in their output, and for a pipeline of such jobs."""

from __future__ import annotations

from typing import Any

from tests.chaos.sagelocal.objects import BUCKET

Json = dict[str, Any]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
INPUT = f"s3://{BUCKET}/input/"
OUTPUT = f"s3://{BUCKET}/output"
RESULT = "result.json"  # what a processing job leaves: its line, and the last word of it
FIRST, SECOND, CHOICE, BRANCHES = "first", "second", "choice", ("even", "odd")  # the steps of the pipeline
TUNED = 3  # training jobs of a tuning job
_RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
_LOCAL = "/opt/ml/processing/out"
_SCRIPT = "; ".join(  # SageMaker takes no line breaks
    (
        "import json, os, pathlib, time",
        "line = os.environ['LINE']",
        "print(line, flush=True)",
        "time.sleep(float(os.environ['SECONDS']))",
        f"pathlib.Path('{_LOCAL}/{RESULT}').write_text(json.dumps({{'line': line, 'last': line.split()[-1]}}))",
    )
)


def training(line: Any, seconds: Any, source: Any = INPUT) -> Json:
    """Return the request for a training job, without its name."""
    data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}}
    return {
        "HyperParameters": {"message": line, "seconds": seconds},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [{"ChannelName": "train", "DataSource": data}],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "ResourceConfig": _RESOURCES,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def processing(line: Any, seconds: Any, place: Any) -> Json:
    """Return the request for a processing job, without its name; its result goes to the place."""
    output = {"S3Uri": place, "LocalPath": _LOCAL, "S3UploadMode": "EndOfJob"}
    return {
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", _SCRIPT]},
        "RoleArn": ROLE,
        "Environment": {"LINE": line, "SECONDS": seconds},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
        "ProcessingResources": {"ClusterConfig": _RESOURCES},
    }


def tuning(seconds: str) -> Json:
    """Return the request for a tuning job, without its name: each training job prints `error:` and its `x`."""
    definition = training("error:{x}", seconds)
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    definition["AlgorithmSpecification"] |= {"MetricDefinitions": [{"Name": "error", "Regex": "error:([0-9.]+)"}]}
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.1", "MaxValue": "1"}]}
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "error"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": TUNED, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": ranges,
        },
        "TrainingJobDefinition": definition,
    }


def pipeline() -> Json:
    """Return the definition of a pipeline with the parameters Line and Seconds.

    The second step reads what the first one left; beside it runs the one whose name is the line's last word.
    """
    line, seconds = {"Get": "Parameters.Line"}, {"Get": "Parameters.Seconds"}
    place = {"Std:Join": {"On": "/", "Values": [OUTPUT, {"Get": "Execution.ProcessingJobName"}]}}
    source = {"Get": f"Steps.{FIRST}.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
    last = {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{FIRST}.PropertyFiles.result"}, "Path": "last"}}
    even, odd = BRANCHES
    process = {"Type": "Processing", "Arguments": processing(line, seconds, place)}
    files = [{"PropertyFileName": "result", "OutputName": "out", "FilePath": RESULT}]
    choice = {
        "Conditions": [{"Type": "Equals", "LeftValue": last, "RightValue": even}],
        "IfSteps": [{"Name": even, "Type": "Training", "Arguments": training(line, seconds)}],
        "ElseSteps": [{"Name": odd, **process}],
    }
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Line", "Type": "String"}, {"Name": "Seconds", "Type": "String"}],
        "Steps": [
            {"Name": FIRST, **process, "PropertyFiles": files},
            {"Name": SECOND, "Type": "Training", "Arguments": training(line, seconds, source)},
            {"Name": CHOICE, "Type": "Condition", "Arguments": choice},
        ],
    }
