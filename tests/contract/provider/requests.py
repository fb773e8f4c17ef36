"""Requests for jobs of the echo image. Numbers are strings where rendered templates are: the operators convert them."""

from __future__ import annotations

from typing import Any

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"

_COUNT_ROWS = (
    "import json, pathlib; base = pathlib.Path('/opt/ml/processing'); "
    "rows = (base / 'in/train.csv').read_text().splitlines(); "
    "(base / 'out/report.json').write_text(json.dumps({'rows': len(rows)}))"
)


def training(name: str, bucket: str, **hyperparameters: str) -> dict[str, Any]:
    """Return a training job that does what its hyperparameters say."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}
    return {
        "TrainingJobName": name,
        "HyperParameters": hyperparameters,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": "1", "VolumeSizeInGB": "10"},
        "StoppingCondition": {"MaxRuntimeInSeconds": "600"},
    }


def processing(name: str, bucket: str, script: str = _COUNT_ROWS) -> dict[str, Any]:
    """Return a processing job that runs a Python script; of itself it counts the rows of data/train.csv."""
    source = {"S3Uri": f"s3://{bucket}/data/", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
    target = {"S3Uri": f"s3://{bucket}/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": "1", "VolumeSizeInGB": "10"}
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", script]},
        "RoleArn": ROLE,
        "ProcessingInputs": [{"InputName": "in", "S3Input": {**source, "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": target}]},
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": "600"},
    }


def transform(name: str, model_name: str, bucket: str) -> dict[str, Any]:
    """Return a transform job that sends data/ to a model."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}
    return {
        "TransformJobName": name,
        "ModelName": model_name,
        "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/predicted", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": "1"},
        "MaxPayloadInMB": "1",
    }


def tuning(name: str, bucket: str, **hyperparameters: str) -> dict[str, Any]:
    """Return a tuning job of two children that look for the largest x."""
    child = training(name, bucket)
    metrics = [{"Name": "score", "Regex": "score=(.*)"}]
    definition = {
        **{member: value for member, value in child.items() if member not in ("TrainingJobName", "HyperParameters")},
        "AlgorithmSpecification": {**child["AlgorithmSpecification"], "MetricDefinitions": metrics},
        "StaticHyperParameters": {"message": "score={x}", **hyperparameters},
    }
    return {
        "HyperParameterTuningJobName": name[:32],
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.0", "MaxValue": "1.0"}]},
        },
        "TrainingJobDefinition": definition,
    }


def model(name: str, uri: str | None = None, **environment: str) -> dict[str, Any]:
    """Return a model of the echo image."""
    container = {"Image": IMAGE, "Environment": environment, **({"ModelDataUrl": uri} if uri else {})}
    return {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE}


def endpoint_config(name: str, model_name: str | None = None) -> dict[str, Any]:
    """Return an endpoint configuration of one variant with a model, by default the one of the same name."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model_name or name,
        "InitialInstanceCount": "1",
        "InstanceType": "ml.m5.large",
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


def numbers(request: Any) -> Any:
    """Return a request as the operators send it: texts of digits are numbers, but for hyperparameters."""
    if isinstance(request, dict):
        kept = ("HyperParameters", "StaticHyperParameters")
        return {name: value if name in kept else numbers(value) for name, value in request.items()}
    if isinstance(request, list):
        return [numbers(item) for item in request]
    return int(request) if isinstance(request, str) and request.isdigit() else request
