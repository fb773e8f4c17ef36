"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs import processing
from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.engines.engine import Invocation
from sagelocal.jobs.status import ENDED
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.deletion import deletable
from sagelocal.sagemaker.existence import require_bucket
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.instances import require_instances
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.local_paths import check_local_paths
from sagelocal.sagemaker.resources import FEATURE_GROUP, PROCESSING_JOB

if TYPE_CHECKING:
    from sagelocal.backend import Backend

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingStoppingCondition.html
DEFAULT_MAX_RUNTIME = 86400

LISTING = Listing(
    PROCESSING_JOB,
    "ProcessingJobSummaries",
    (
        "ProcessingJobName",
        "ProcessingJobArn",
        "CreationTime",
        "ProcessingEndTime",
        "LastModifiedTime",
        "ProcessingJobStatus",
        "FailureReason",
        "ExitMessage",
    ),
    status="ProcessingJobStatus",
)


def describe_new(request: Request, arn: str, now: float) -> dict[str, Any]:
    """Return the Describe response of a processing job that was just accepted."""
    cluster = {"InstanceCount": 1, **request["ProcessingResources"]["ClusterConfig"]}
    echoed = {
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME},
        **request,
        "ProcessingResources": {"ClusterConfig": cluster},
    }
    echoed.pop("Tags", None)
    return {
        **echoed,
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }


def output_configs(request: Request) -> list[dict[str, Any]]:
    """Return the request's outputs."""
    outputs: list[dict[str, Any]] = (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    return outputs


def check_request(request: Request) -> None:
    """Raise ValidationException for what the request's shape allows and its rules do not."""
    check_fields("CreateProcessingJob", request)
    named = {
        "InputName": request.get("ProcessingInputs") or [],
        "OutputName": output_configs(request),
    }
    for member, items in named.items():
        names = [item[member] for item in items]
        if len(names) != len(set(names)):
            raise validation_error(f"Every {member} of a processing job must be unique.")
    for item in named["InputName"]:
        _check_input(item)
    for item in named["OutputName"]:
        _check_output(item)
    check_local_paths(processing.paths(request))


def _check_input(item: dict[str, Any]) -> None:
    """Check one, as https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingInput.html says."""
    name, dataset = item["InputName"], item.get("DatasetDefinition")
    sources = [source for source in (item.get("S3Input"), dataset) if source]
    if len(sources) != 1 or not (item.get("AppManaged") or sources[0].get("LocalPath")):
        raise validation_error(f"Input {name} needs an S3Input or a DatasetDefinition, with a LocalPath.")
    if dataset and not dataset.get("AthenaDatasetDefinition"):
        raise validation_error(f"The DatasetDefinition of input {name} needs an AthenaDatasetDefinition.")


def _check_output(output: dict[str, Any]) -> None:
    """Check one, as https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingOutput.html says."""
    name, managed = output["OutputName"], output.get("AppManaged")
    if output.get("FeatureStoreOutput") and not managed:
        raise validation_error(f"Output {name}: FeatureStoreOutput is supported only when AppManaged is true.")
    if not managed and not (output.get("S3Output") or {}).get("LocalPath"):
        raise validation_error(f"Output {name} needs an S3Output with a LocalPath.")


@operation("sagemaker", "CreateProcessingJob")
def create_processing_job(backend: Backend, request: Request) -> Response:
    """Start a processing job."""
    name = request["ProcessingJobName"]
    check_request(request)
    PROCESSING_JOB.require_free(backend, name)
    application = request["AppSpecification"]
    engine_of(backend).require(backend, application["ImageUri"], Invocation.requested(application))
    require_instances(backend, request["ProcessingResources"]["ClusterConfig"], meet=False)
    for output in output_configs(request):
        if output.get("S3Output"):
            require_bucket(backend, output["S3Output"]["S3Uri"], f"output {output['OutputName']}")
        if output.get("FeatureStoreOutput"):
            FEATURE_GROUP.document(backend, output["FeatureStoreOutput"]["FeatureGroupName"])
    describe = describe_new(request, PROCESSING_JOB.arn(backend, name), time.time())
    # From here on the job exists: a server that dies now finds it when it starts again.
    arn = PROCESSING_JOB.create(backend, name, {"request": request, "describe": describe})
    backend.jobs.submit(PROCESSING_JOB.kind, name)
    return {"ProcessingJobArn": arn}


@operation("sagemaker", "DescribeProcessingJob")
def describe_processing_job(backend: Backend, request: Request) -> Response:
    """Describe a processing job."""
    return PROCESSING_JOB.describe(backend, request["ProcessingJobName"])


@operation("sagemaker", "ListProcessingJobs")
def list_processing_jobs(backend: Backend, request: Request) -> Response:
    """List processing jobs."""
    return LISTING.page(request, [document["describe"] for document in backend.store.list(PROCESSING_JOB.kind)])


@operation("sagemaker", "StopProcessingJob")
def stop_processing_job(backend: Backend, request: Request) -> Response:
    """Stop a processing job: SIGTERM, and SIGKILL 120 seconds later."""
    name = request["ProcessingJobName"]
    status = PROCESSING_JOB.describe(backend, name)["ProcessingJobStatus"]
    if status in ENDED:
        raise validation_error(f"The request was rejected because the processing job is in status {status}.")
    backend.jobs.stop(PROCESSING_JOB.kind, name)
    return {}


@operation("sagemaker", "DeleteProcessingJob")
def delete_processing_job(backend: Backend, request: Request) -> Response:
    """Delete a processing job that has ended; its outputs and its log stay."""
    name = request["ProcessingJobName"]
    deletable(backend, PROCESSING_JOB, name, "ProcessingJobStatus")
    PROCESSING_JOB.delete(backend, name)
    return {}
