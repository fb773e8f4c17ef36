"""CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs.engines.choice import engine_of
from sagelocal.jobs.engines.engine import SERVE, Invocation
from sagelocal.jobs.status import ENDED
from sagelocal.jobs.transform.formats import CONTENT_TYPES, format_of
from sagelocal.jobs.transform.jsonpath import JsonPathError, compile_path
from sagelocal.operations import Request, Response, operation
from sagelocal.s3.uri import split_uri
from sagelocal.sagemaker.existence import require_bucket
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.instances import require_instances
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import MODEL, TRANSFORM_JOB

if TYPE_CHECKING:
    from sagelocal.backend import Backend

MAX_PAYLOAD = 100  # MB, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html

LISTING = Listing(
    TRANSFORM_JOB,
    "TransformJobSummaries",
    (
        "TransformJobName",
        "TransformJobArn",
        "CreationTime",
        "TransformEndTime",
        "LastModifiedTime",
        "TransformJobStatus",
        "FailureReason",
    ),
    status="TransformJobStatus",
    order="Descending",
)


def describe_new(request: Request, arn: str, now: float) -> dict[str, Any]:
    """Return the Describe response of a transform job that was just accepted."""
    echoed = {name: value for name, value in request.items() if name != "Tags"}
    source, target = request["TransformInput"], request["TransformOutput"]
    return {
        "DataProcessing": {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"},
        **echoed,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **source},
        "TransformOutput": {"AssembleWith": "None", **target},
        "TransformJobArn": arn,
        "TransformJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }


def check_request(request: Request) -> None:
    """Raise ValidationException for what the request's shape allows and its rules do not."""
    check_fields("CreateTransformJob", request)
    payload = request.get("MaxPayloadInMB")
    concurrent = request.get("MaxConcurrentTransforms") or 1
    if (payload or 0) > MAX_PAYLOAD or (payload or 0) * concurrent > MAX_PAYLOAD:
        raise validation_error(
            f"MaxPayloadInMB ({payload}) times MaxConcurrentTransforms ({concurrent}) must not exceed {MAX_PAYLOAD}."
        )
    _check_data_processing(request)


def _check_data_processing(request: Request) -> None:
    """Raise ValidationException for filters and joins that the data's form does not allow.

    https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
    """
    processing = request.get("DataProcessing") or {}
    filters = {name: processing.get(name) or "$" for name in ("InputFilter", "OutputFilter")}
    for name, path in filters.items():
        try:
            compile_path(path)
        except JsonPathError as error:
            raise validation_error(f"DataProcessing.{name}: {error}.") from error
    joins = processing.get("JoinSource") == "Input"
    if not joins and set(filters.values()) == {"$"}:
        return
    source, target = request["TransformInput"], request["TransformOutput"]
    content_type, accept = source.get("ContentType") or "", target.get("Accept") or ""
    data = format_of(content_type)
    if data is None:
        names = ", ".join(CONTENT_TYPES)
        raise validation_error(f"DataProcessing needs a ContentType of {names}, not '{content_type}'.")
    if (joins or filters["OutputFilter"] != "$") and format_of(accept or content_type) is not data:
        raise validation_error(f"DataProcessing needs an Accept like the ContentType '{content_type}', not '{accept}'.")
    split = source.get("SplitType") or "None"
    if split not in ("None", "Line"):
        raise validation_error(f"DataProcessing needs a SplitType of None or Line, not {split}.")
    by_line = split == "Line"
    if not by_line and content_type.partition(";")[0].strip().lower() != "application/json":
        raise validation_error(f"DataProcessing of {content_type} needs SplitType Line.")
    if by_line and target.get("AssembleWith") != "Line" and (joins or filters["OutputFilter"] != "$"):
        raise validation_error("DataProcessing of records needs AssembleWith Line where SplitType is Line.")


@operation("sagemaker", "CreateTransformJob")
def create_transform_job(backend: Backend, request: Request) -> Response:
    """Start a transform job."""
    name = request["TransformJobName"]
    check_request(request)
    TRANSFORM_JOB.require_free(backend, name)
    container = MODEL.document(backend, request["ModelName"])["container"]
    engine_of(backend).require(backend, container["Image"], Invocation(arguments=SERVE))
    require_instances(backend, request["TransformResources"], meet=False)
    split_uri(request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    require_bucket(backend, request["TransformOutput"]["S3OutputPath"], "TransformOutput.S3OutputPath")
    describe = describe_new(request, TRANSFORM_JOB.arn(backend, name), time.time())
    # From here on the job exists: a server that dies now finds it when it starts again. `container` is what runs, also
    # when the model has been deleted since.
    document = {"request": request, "describe": describe, "container": container}
    arn = TRANSFORM_JOB.create(backend, name, document)
    backend.jobs.submit(TRANSFORM_JOB.kind, name)
    return {"TransformJobArn": arn}


@operation("sagemaker", "DescribeTransformJob")
def describe_transform_job(backend: Backend, request: Request) -> Response:
    """Describe a transform job."""
    return TRANSFORM_JOB.describe(backend, request["TransformJobName"])


@operation("sagemaker", "ListTransformJobs")
def list_transform_jobs(backend: Backend, request: Request) -> Response:
    """List transform jobs."""
    check_fields("ListTransformJobs", request)
    return LISTING.page(request, [document["describe"] for document in backend.store.list(TRANSFORM_JOB.kind)])


@operation("sagemaker", "StopTransformJob")
def stop_transform_job(backend: Backend, request: Request) -> Response:
    """Stop a transform job."""
    name = request["TransformJobName"]
    status = TRANSFORM_JOB.describe(backend, name)["TransformJobStatus"]
    if status in ENDED:
        raise validation_error(f"The request was rejected because the transform job is in status {status}.")
    backend.jobs.stop(TRANSFORM_JOB.kind, name)
    return {}
