"""The operations of training jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.jobs import training
from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.engines.engine import TRAIN, Invocation
from sagelocal.jobs.managed import algorithm_specification
from sagelocal.jobs.metrics import check_definitions
from sagelocal.jobs.status import ENDED, MESSAGES
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker import warm_pools
from sagelocal.sagemaker.channels import check_channels, require_channels
from sagelocal.sagemaker.deletion import deletable
from sagelocal.sagemaker.existence import require_bucket
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.instances import check_resources, require_instances
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.local_paths import check_local_paths
from sagelocal.sagemaker.resources import TRAINING_JOB
from sagelocal.sagemaker.spot import DEFAULT_MAX_RUNTIME, check_limits

if TYPE_CHECKING:
    from sagelocal.backend import Backend

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
        "WarmPoolStatus",
    ),
    status="TrainingJobStatus",
)


def describe_new(request: Request, arn: str, now: float) -> dict[str, Any]:
    """Return the Describe response of a training job that was just accepted."""
    counted = request["ResourceConfig"].get("InstanceGroups") is not None
    echoed = {
        **request,
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME, **(request.get("StoppingCondition") or {})},
        "ResourceConfig": ({} if counted else {"InstanceCount": 1}) | request["ResourceConfig"],
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
    check_resources(request["ResourceConfig"])
    algorithm = request["AlgorithmSpecification"]
    if not algorithm.get("TrainingImage"):
        raise validation_error("Invalid AlgorithmSpecification: TrainingImage is required.")
    check_definitions(algorithm.get("MetricDefinitions") or ())
    check_limits(request)
    check_channels(request)
    check_local_paths(training.paths(request))


def accept(backend: Backend, request: Request) -> None:
    """Raise AWS's error unless a training job of this request could start now."""
    check_request(request)
    TRAINING_JOB.require_free(backend, request["TrainingJobName"])
    algorithm = request["AlgorithmSpecification"]
    engine_of(backend).require(backend, algorithm["TrainingImage"], Invocation.requested(algorithm, TRAIN))
    require_instances(backend, request["ResourceConfig"], meet=True)
    require_channels(backend, request)
    require_bucket(backend, request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    algorithm_specification(backend.images, request)


def launch(backend: Backend, request: Request, **members: Any) -> str:
    """Start the training job of an accepted request and return its ARN; `members` go into its Describe response."""
    name = request["TrainingJobName"]
    algorithm = algorithm_specification(backend.images, request)
    arn, now = TRAINING_JOB.arn(backend, name), time.time()
    describe = describe_new({**request, "AlgorithmSpecification": algorithm}, arn, now)
    # From here on the job exists: a server that dies now finds it when it starts again.
    TRAINING_JOB.create(backend, name, {"request": request, "describe": {**describe, **members}})
    warm_pools.begin(backend, describe, now)
    backend.jobs.submit(TRAINING_JOB.kind, name)
    return arn


@operation("sagemaker", "CreateTrainingJob")
def create_training_job(backend: Backend, request: Request) -> Response:
    """Start a training job."""
    accept(backend, request)
    return {"TrainingJobArn": launch(backend, request)}


@operation("sagemaker", "DescribeTrainingJob")
def describe_training_job(backend: Backend, request: Request) -> Response:
    """Describe a training job."""
    return warm_pools.with_pool(TRAINING_JOB.describe(backend, request["TrainingJobName"]), time.time())


@operation("sagemaker", "ListTrainingJobs")
def list_training_jobs(backend: Backend, request: Request) -> Response:
    """List training jobs."""
    check_fields("ListTrainingJobs", request)
    now = time.time()
    described = [warm_pools.with_pool(document["describe"], now) for document in backend.store.list(TRAINING_JOB.kind)]
    if wanted := request.get("WarmPoolStatusEquals"):
        described = [each for each in described if each.get("WarmPoolStatus", {}).get("Status") == wanted]
    return LISTING.page(request, described)


@operation("sagemaker", "StopTrainingJob")
def stop_training_job(backend: Backend, request: Request) -> Response:
    """Stop a training job: SIGTERM, and SIGKILL 120 seconds later."""
    name = request["TrainingJobName"]
    status = TRAINING_JOB.describe(backend, name)["TrainingJobStatus"]
    if status in ENDED:
        raise validation_error(f"The request was rejected because the training job is in status {status}.")
    backend.jobs.stop(TRAINING_JOB.kind, name)
    return {}


@operation("sagemaker", "UpdateTrainingJob")
def update_training_job(backend: Backend, request: Request) -> Response:
    """Change how long a training job's warm pool is kept."""
    check_fields("UpdateTrainingJob", request)
    name, now = request["TrainingJobName"], time.time()
    describe = TRAINING_JOB.describe(backend, name)
    period = (request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds")
    if period is not None:
        if describe["TrainingJobStatus"] in ENDED and not warm_pools.is_available(describe, now):
            raise validation_error("The request was rejected because the training job has no available warm pool.")
        warm_pools.update(backend, name, period, now)
    return {"TrainingJobArn": describe["TrainingJobArn"]}


@operation("sagemaker", "DeleteTrainingJob")
def delete_training_job(backend: Backend, request: Request) -> Response:
    """Delete a training job that has ended; its artifacts and its log stay."""
    name = request["TrainingJobName"]
    describe = deletable(backend, TRAINING_JOB, name, "TrainingJobStatus")
    if warm_pools.is_available(describe, time.time()):
        raise AwsError("ResourceInUse", f"The training job {name} retains a warm pool.")
    TRAINING_JOB.delete(backend, name)
    return {}
