"""The operations of pipelines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.operations import Request, Response, operation
from sagelocal.pipelines import progress
from sagelocal.pipelines.arguments import check_arguments
from sagelocal.pipelines.definition import broken, parse
from sagelocal.pipelines.tokens import earlier, remember
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import PIPELINE, PIPELINE_EXECUTION, pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

LISTING = Listing(
    PIPELINE,
    "PipelineSummaries",
    (
        "PipelineArn",
        "PipelineName",
        "PipelineDisplayName",
        "PipelineDescription",
        "RoleArn",
        "CreationTime",
        "LastModifiedTime",
        "LastExecutionTime",
    ),
    order="Descending",
)
CHANGED_BY_UPDATE = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
MOST_BYTES = 1 << 20  # of a definition, by the API's model


def definition_text(backend: Backend, request: Request) -> str | None:
    """Return the definition that a request gives, checked; None if it gives none."""
    text, place = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
    if text is not None and place is not None:
        raise validation_error("Give either PipelineDefinition or PipelineDefinitionS3Location.")
    if place is not None:
        text = _stored(backend, place)
    if text is not None:
        check_arguments(parse(text))
    return text


def _stored(backend: Backend, place: dict[str, str]) -> str:
    uri = f"s3://{place['Bucket']}/{place['ObjectKey']}"
    try:
        data = backend.objects.get(place["Bucket"], place["ObjectKey"]).path.read_bytes()
    except AwsError as error:
        raise validation_error(f"Could not find the pipeline definition at {uri}: {error.message}") from error
    if len(data) > MOST_BYTES:
        raise validation_error(f"The pipeline definition at {uri} has more than {MOST_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise broken(f"{uri} is no text: {error}") from error


@operation("sagemaker", "CreatePipeline")
def create_pipeline(backend: Backend, request: Request) -> Response:
    """Create a pipeline."""
    check_fields("CreatePipeline", request)
    name = request["PipelineName"]
    if done := earlier(backend, "CreatePipeline", request):
        return done
    PIPELINE.require_free(backend, name)
    text = definition_text(backend, request)
    if text is None:
        raise validation_error("A pipeline needs a PipelineDefinition or a PipelineDefinitionS3Location.")
    now = time.time()
    describe = {
        **pick(request, "PipelineName", *CHANGED_BY_UPDATE),
        "PipelineArn": PIPELINE.arn(backend, name),
        "PipelineDisplayName": request.get("PipelineDisplayName") or name,
        "PipelineStatus": "Active",
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": {},
        "LastModifiedBy": {},
    }
    with backend.store.transaction():
        if done := earlier(backend, "CreatePipeline", request):
            return done
        document = {"request": request, "describe": describe, "definition": text}
        return remember(backend, "CreatePipeline", request, {"PipelineArn": PIPELINE.create(backend, name, document)})


@operation("sagemaker", "UpdatePipeline")
def update_pipeline(backend: Backend, request: Request) -> Response:
    """Change a pipeline; executions that were started before keep the definition they began with."""
    check_fields("UpdatePipeline", request)
    PIPELINE.document(backend, request["PipelineName"])
    text, now = definition_text(backend, request), time.time()

    def change(document: Document) -> None:
        document["describe"].update(pick(request, *CHANGED_BY_UPDATE), LastModifiedTime=now)
        if text is not None:
            document["definition"] = text

    return {"PipelineArn": PIPELINE.update(backend, request["PipelineName"], change)["describe"]["PipelineArn"]}


@operation("sagemaker", "DescribePipeline")
def describe_pipeline(backend: Backend, request: Request) -> Response:
    """Describe a pipeline and its definition."""
    check_fields("DescribePipeline", request)
    document = PIPELINE.document(backend, PIPELINE.name_of(backend, request["PipelineName"]))
    return {**document["describe"], "PipelineDefinition": document["definition"]}


@operation("sagemaker", "ListPipelines")
def list_pipelines(backend: Backend, request: Request) -> Response:
    """List pipelines, the newest first."""
    described = []
    for document in backend.store.list(PIPELINE.kind):
        describe: dict[str, Any] = document["describe"]
        if describe["PipelineName"].startswith(request.get("PipelineNamePrefix") or ""):
            last = {"LastExecutionTime": describe["LastRunTime"]} if "LastRunTime" in describe else {}
            described.append({**describe, **last})
    return LISTING.page(creation_filters(request), described)


def creation_filters(request: Request) -> Request:
    """Return a List request with its filters of time called as those of other resources are."""
    renamed = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    return {renamed.get(member, member): value for member, value in request.items()}


@operation("sagemaker", "DeletePipeline")
def delete_pipeline(backend: Backend, request: Request) -> Response:
    """Delete a pipeline and its executions; what they made stays."""
    name = request["PipelineName"]
    with backend.store.transaction():
        if done := earlier(backend, "DeletePipeline", request):
            return done
        arn: str = PIPELINE.describe(backend, name)["PipelineArn"]
        executions = executions_of(backend, name)
        running = [each for each in executions if progress.status_of(each) not in progress.ENDED]
        if running:
            raise AwsError(
                "ConflictException",
                f"Pipeline '{arn}' has running executions, which must be stopped first: "
                f"{', '.join(each['describe']['PipelineExecutionArn'] for each in running)}",
            )
        for each in executions:
            execution = each["describe"]["PipelineExecutionArn"]
            PIPELINE_EXECUTION.delete(backend, PIPELINE_EXECUTION.name_of(backend, execution))
        PIPELINE.delete(backend, name)
        return remember(backend, "DeletePipeline", request, {"PipelineArn": arn})


def executions_of(backend: Backend, name: str) -> list[Document]:
    """Return the executions of a pipeline, oldest first."""
    arn = PIPELINE.arn(backend, name)
    documents = backend.store.list(PIPELINE_EXECUTION.kind)
    return [document for document in documents if document["describe"]["PipelineArn"] == arn]
