"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs.images import find_image
from sagelocal.jobs.managed import algorithm_specification
from sagelocal.jobs.status import ENDED, MESSAGES
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.existence import require_bucket, require_objects
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import TRAINING_JOB

if TYPE_CHECKING:
    from sagelocal.backend import Backend

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
DEFAULT_MAX_RUNTIME = 86400

LISTING = Listing(
    TRAINING_JOB,
    "TrainingJobSummaries",
    (
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "TrainingJobStatus",
        "SecondaryStatus",
    ),
    status="TrainingJobStatus",
)


def describe_new(request: Request, arn: str, now: float) -> dict[str, Any]:
    """Return the Describe response of a training job that was just accepted."""
    echoed = {
        **request,
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME, **(request.get("StoppingCondition") or {})},
        "ResourceConfig": {"InstanceCount": 1, **request["ResourceConfig"]},
    }
    echoed.pop("Tags", None)
    return {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **echoed,
        "TrainingJobArn": arn,
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": now, "StatusMessage": MESSAGES["Starting"]}],
        "CreationTime": now,
        "LastModifiedTime": now,
    }


def check_request(request: Request) -> None:
    """Raise ValidationException for what the request's shape allows and its rules do not."""
    check_fields("CreateTrainingJob", request)
    if not request.get("ResourceConfig"):
        raise validation_error("ResourceConfig is required: sagelocal does not support serverless training yet.")
    algorithm = request["AlgorithmSpecification"]
    if not algorithm.get("TrainingImage"):
        raise validation_error("Invalid AlgorithmSpecification: TrainingImage is required.")
    if algorithm.get("ContainerArguments") and not algorithm.get("ContainerEntrypoint"):
        raise validation_error("ContainerArguments need a ContainerEntrypoint: images have none of their own here.")
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig") or []]
    if len(names) != len(set(names)):
        raise validation_error("Channel names in InputDataConfig must be unique.")
    for channel in request.get("InputDataConfig") or []:
        if not (channel.get("DataSource") or {}).get("S3DataSource"):
            raise validation_error(f"Channel {channel['ChannelName']} needs a DataSource with an S3DataSource.")


@operation("sagemaker", "CreateTrainingJob")
def create_training_job(backend: Backend, request: Request) -> Response:
    """Start a training job."""
    name = request["TrainingJobName"]
    check_request(request)
    TRAINING_JOB.require_free(backend, name)
    find_image(backend.images, request["AlgorithmSpecification"]["TrainingImage"])
    for channel in request.get("InputDataConfig") or []:
        require_objects(backend, channel["DataSource"]["S3DataSource"]["S3Uri"], request["RoleArn"])
    require_bucket(backend, request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    algorithm = algorithm_specification(backend.images, request)
    describe = describe_new(
        {**request, "AlgorithmSpecification": algorithm}, TRAINING_JOB.arn(backend, name), time.time()
    )
    # From here on the job exists: a server that dies now finds it when it starts again.
    arn = TRAINING_JOB.create(backend, name, {"request": request, "describe": describe})
    backend.jobs.submit(TRAINING_JOB.kind, name)
    return {"TrainingJobArn": arn}


@operation("sagemaker", "DescribeTrainingJob")
def describe_training_job(backend: Backend, request: Request) -> Response:
    """Describe a training job."""
    return TRAINING_JOB.describe(backend, request["TrainingJobName"])


@operation("sagemaker", "ListTrainingJobs")
def list_training_jobs(backend: Backend, request: Request) -> Response:
    """List training jobs."""
    check_fields("ListTrainingJobs", request)
    return LISTING.page(request, [document["describe"] for document in backend.store.list(TRAINING_JOB.kind)])


@operation("sagemaker", "StopTrainingJob")
def stop_training_job(backend: Backend, request: Request) -> Response:
    """Stop a training job: SIGTERM, and SIGKILL 120 seconds later."""
    name = request["TrainingJobName"]
    status = TRAINING_JOB.describe(backend, name)["TrainingJobStatus"]
    if status in ENDED:
        raise validation_error(f"The request was rejected because the training job is in status {status}.")
    backend.jobs.stop(TRAINING_JOB.kind, name)
    return {}
