"""The operations of hyperparameter tuning jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs.managed import algorithm_specification
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import TRAINING_JOB, TUNING_JOB, pick
from sagelocal.sagemaker.training_jobs import accept
from sagelocal.tuning import progress
from sagelocal.tuning.definition import Definition, child_name, child_request, definitions, job_limit
from sagelocal.tuning.warm_start import IDENTICAL, parent_names, parents_children

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

LISTING = Listing(
    TUNING_JOB,
    "HyperParameterTuningJobSummaries",
    (
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobArn",
        "HyperParameterTuningJobStatus",
        "Strategy",
        "CreationTime",
        "HyperParameterTuningEndTime",
        "LastModifiedTime",
        "TrainingJobStatusCounters",
        "ObjectiveStatusCounters",
        "ResourceLimits",
    ),
    status="HyperParameterTuningJobStatus",
)
CHILDREN = Listing(
    TRAINING_JOB,
    "TrainingJobSummaries",
    (
        "TrainingJobDefinitionName",
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingJobStatus",
        "TunedHyperParameters",
        "FailureReason",
        "FinalHyperParameterTuningJobObjectiveMetric",
        "ObjectiveStatus",
    ),
    status="TrainingJobStatus",
)


def check_request(backend: Backend, request: Request) -> list[Definition]:
    """Return the definitions of a request; raise AWS's error unless its training jobs could start now."""
    check_fields("CreateHyperParameterTuningJob", request)
    found = definitions(request)
    job_limit(request, found)
    for definition in found:
        # a name as long as those of the training jobs will be
        name = child_name(request["HyperParameterTuningJobName"], 1, time.time())
        example = child_request(request, definition, name, {one.name: "" for one in definition.parameters})
        accept(backend, example)
        metrics = algorithm_specification(backend.images, example).get("MetricDefinitions") or []
        if definition.metric not in {metric["Name"] for metric in metrics}:
            raise validation_error(
                f'The objective metric "{definition.metric}" is not one of the metrics that the training job emits: '
                f"{', '.join(metric['Name'] for metric in metrics) or 'it has no MetricDefinitions'}."
            )
    for parent in parent_names(request):
        if TUNING_JOB.describe(backend, parent)[progress.STATUS] not in progress.ENDED:
            raise validation_error(f"The parent tuning job {parent} has not ended; a warm start needs its results.")
    return found


@operation("sagemaker", "CreateHyperParameterTuningJob")
def create_hyper_parameter_tuning_job(backend: Backend, request: Request) -> Response:
    """Start a hyperparameter tuning job."""
    name, now = request["HyperParameterTuningJobName"], time.time()
    TUNING_JOB.require_free(backend, name)
    check_request(backend, request)
    describe = {
        **{member: value for member, value in request.items() if member != "Tags"},
        TUNING_JOB.arn_member: TUNING_JOB.arn(backend, name),
        progress.STATUS: "InProgress",
        "CreationTime": now,
    }
    document: Document = {"request": request, "describe": describe, "children": []}
    progress.count(document, now)
    # From here on the job exists: a server that dies now finds it when it starts again.
    arn = TUNING_JOB.create(backend, name, document)
    backend.tuning.submit(name)
    return {TUNING_JOB.arn_member: arn}


@operation("sagemaker", "DescribeHyperParameterTuningJob")
def describe_hyper_parameter_tuning_job(backend: Backend, request: Request) -> Response:
    """Describe a tuning job, its counters and the best of its training jobs."""
    document = TUNING_JOB.document(backend, request["HyperParameterTuningJobName"])
    tuning, children = document["request"], document["children"]
    maximize = definitions(tuning)[0].maximize
    response = dict(document["describe"])
    if best := progress.best_child(children, maximize):
        response["BestTrainingJob"] = summary(backend, document, best)
    if (tuning.get("WarmStartConfig") or {}).get("WarmStartType") == IDENTICAL:
        overall = progress.best_child([*parents_children(backend.store, tuning), *children], maximize)
        if overall is not None:
            response["OverallBestTrainingJob"] = summary(backend, document, overall)
    return response


def summary(backend: Backend, document: Document, child: dict[str, Any]) -> dict[str, Any]:
    """Return the HyperParameterTrainingJobSummary of a training job."""
    training = backend.store.get(TRAINING_JOB.kind, child["name"]) or {"describe": {}}
    described = training["describe"]
    of = definitions(document["request"])[child["definition"] if child in document["children"] else 0]
    members = {
        "TrainingJobName": child["name"],
        "TrainingJobArn": TRAINING_JOB.arn(backend, child["name"]),
        "CreationTime": child["CreationTime"],
        "TrainingJobStatus": child["status"],
        **pick(described, *CHILDREN.summary),
        "TunedHyperParameters": child["parameters"],
        "ObjectiveStatus": progress.objective_status(child),
    }
    if of.name:
        members["TrainingJobDefinitionName"] = of.name
    if child.get("objective") is not None:
        metric = {"MetricName": of.metric, "Value": child["objective"]}
        members["FinalHyperParameterTuningJobObjectiveMetric"] = metric
    return members


@operation("sagemaker", "ListHyperParameterTuningJobs")
def list_hyper_parameter_tuning_jobs(backend: Backend, request: Request) -> Response:
    """List tuning jobs."""
    check_fields("ListHyperParameterTuningJobs", request)
    described = []
    for document in backend.store.list(TUNING_JOB.kind):
        config = document["describe"]["HyperParameterTuningJobConfig"]
        described.append({**document["describe"], **pick(config, "Strategy", "ResourceLimits")})
    return LISTING.page(request, described)


@operation("sagemaker", "ListTrainingJobsForHyperParameterTuningJob")
def list_training_jobs_for_hyper_parameter_tuning_job(backend: Backend, request: Request) -> Response:
    """List the training jobs of a tuning job; those without an objective are left out where it is sorted by it."""
    document = TUNING_JOB.document(backend, request["HyperParameterTuningJobName"])
    rows = [summary(backend, document, child) for child in document["children"]]
    if request.get("SortBy") == "FinalObjectiveMetricValue":
        metric = "FinalHyperParameterTuningJobObjectiveMetric"
        rows = [{**row, "FinalObjectiveMetricValue": row[metric]["Value"]} for row in rows if metric in row]
    return CHILDREN.page(request, rows)


@operation("sagemaker", "StopHyperParameterTuningJob")
def stop_hyper_parameter_tuning_job(backend: Backend, request: Request) -> Response:
    """Stop a tuning job and the training jobs it runs."""
    name = request["HyperParameterTuningJobName"]
    status = TUNING_JOB.describe(backend, name)[progress.STATUS]
    if status in progress.ENDED:
        raise validation_error(f"The request was rejected because the hyperparameter tuning job is in status {status}.")
    backend.tuning.stop(name)
    return {}
