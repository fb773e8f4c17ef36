"""register: a new version in the model package group, which nobody has approved yet."""

from boatyard.spec import ModelSpec
from boatyard.steps import locations
from boatyard.steps.run import CLIENT_TOKEN, Request, RunContext
from boatyard.steps.source_code import model_code

CONTENT_TYPE = "text/csv"


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return CreateModelPackageGroup and CreateModelPackage."""
    group = spec.registration.group
    container = {
        "Image": run.deployment.image_uri(spec.image),
        "ModelDataUrl": locations.model_data(spec, run),
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": model_code(spec, run).archive,
        },
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
