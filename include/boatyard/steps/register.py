"""register: a new version in the model package group, which nobody has approved yet."""

from typing import Any

from boatyard.spec import ModelSpec
from boatyard.spec.images import INFERENCE, fetches_code
from boatyard.steps import gate, locations
from boatyard.steps.run import CLIENT_TOKEN, Request, RunContext
from boatyard.steps.source_code import model_code

CONTENT_TYPE = "text/csv"
SCRIPT = "inference.py"
_CODE_IN_MODEL = "/opt/ml/model/code"  # where train.py puts its inference.py for images that fetch no code


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return CreateModelPackageGroup and CreateModelPackage."""
    group = spec.registration.group
    container = {
        "Image": run.deployment.image_uri(spec.image_for(INFERENCE, spec.deploy.instance_type)),
        "ModelDataUrl": locations.model_data(spec, run),
        **_program(spec, run),
    }
    statistics = f"s3://{run.deployment.bucket}/{locations.evaluation(spec, run, 'evaluation.json')}"
    package = {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": spec.description,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": [CONTENT_TYPE],
            "SupportedResponseMIMETypes": [CONTENT_TYPE],
            "SupportedRealtimeInferenceInstanceTypes": [spec.deploy.instance_type],
        },
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}},
        "CustomerMetadataProperties": {
            "training_job": run.result("train", "job_name"),
            "training_set": run.result("training_set", "table"),
            "report": run.result("evaluate", "report"),
            **{f"gate.{key}": run.result("gate", key) for key in gate.result_keys(spec)},
        },
        "MetadataProperties": {"GeneratedBy": f"boatyard {spec.name} {run.run_id}"},
        "ClientToken": CLIENT_TOKEN,
    }
    return (
        Request(
            "sagemaker",
            "CreateModelPackageGroup",
            {"ModelPackageGroupName": group, "ModelPackageGroupDescription": spec.description},
        ),
        Request("sagemaker", "CreateModelPackage", package),
    )


def _program(spec: ModelSpec, run: RunContext) -> dict[str, Any]:
    if SCRIPT not in spec.scripts:  # an algorithm of AWS's serves its model by itself
        return {}
    code = model_code(spec, run).archive if fetches_code(spec.image) else _CODE_IN_MODEL
    return {"Environment": {"SAGEMAKER_PROGRAM": SCRIPT, "SAGEMAKER_SUBMIT_DIRECTORY": code}}
