"""The operations of pipelines' executions."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.operations import Request, Response, operation
from sagelocal.paging import position
from sagelocal.pipelines import parameters, progress
from sagelocal.pipelines.api import creation_filters, executions_of
from sagelocal.pipelines.definition import parse
from sagelocal.pipelines.kinds import CONDITION, FAIL, KINDS
from sagelocal.pipelines.references import text_of
from sagelocal.pipelines.tokens import earlier, remember
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import PAGE_SIZE, Listing
from sagelocal.sagemaker.resources import PIPELINE, PIPELINE_EXECUTION, pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.pipelines.progress import Row
    from sagelocal.store import Document

LISTING = Listing(
    PIPELINE_EXECUTION,
    "PipelineExecutionSummaries",
    (
        "PipelineExecutionArn",
        "StartTime",
        "PipelineExecutionStatus",
        "PipelineExecutionDescription",
        "PipelineExecutionDisplayName",
        "PipelineExecutionFailureReason",
    ),
    order="Descending",
)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID = 12  # characters of an execution's id


@operation("sagemaker", "StartPipelineExecution")
def start_pipeline_execution(backend: Backend, request: Request) -> Response:
    """Start an execution of a pipeline."""
    check_fields("StartPipelineExecution", request)
    pipeline = PIPELINE.name_of(backend, request["PipelineName"])
    with backend.store.transaction():
        if done := earlier(backend, "StartPipelineExecution", request):
            return done
        document = _new(backend, pipeline, request, time.time())
        arn = document["describe"]["PipelineExecutionArn"]
        name = PIPELINE_EXECUTION.name_of(backend, arn)
        # From here on the execution exists: a server that dies now finds it when it starts again.
        PIPELINE_EXECUTION.create(backend, name, document)
        PIPELINE.update(backend, pipeline, _ran(document["describe"]["CreationTime"]))
        response = remember(backend, "StartPipelineExecution", request, {"PipelineExecutionArn": arn})
    backend.pipelines.submit(name)
    return response


def _new(backend: Backend, pipeline: str, request: Request, now: float) -> Document:
    of = PIPELINE.document(backend, pipeline)
    definition = parse(of["definition"])
    execution = "".join(secrets.choice(_ALPHABET) for _ in range(_ID))
    describe = {
        **pick(of["describe"], "PipelineArn", "ParallelismConfiguration"),
        **pick(request, "PipelineExecutionDescription", "ParallelismConfiguration"),
        "PipelineExecutionArn": PIPELINE_EXECUTION.arn(backend, f"{pipeline}/execution/{execution}"),
        "PipelineExecutionDisplayName": request.get("PipelineExecutionDisplayName") or f"execution-{int(now * 1000)}",
        progress.STATUS: "Executing",
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": {},
        "LastModifiedBy": {},
    }
    document: Document = {
        "request": request,
        "describe": describe,
        "definition": of["definition"],
        "parameters": parameters.values(definition.parameters, request.get("PipelineParameters") or []),
        "steps": [],
        "round": 0,
    }
    if definition.experiment:
        describe["PipelineExperimentConfig"] = progress.experiment(document, definition.experiment)
    return document


def _ran(now: float) -> Any:
    def change(document: Document) -> None:
        document["describe"]["LastRunTime"] = now

    return change


@operation("sagemaker", "DescribePipelineExecution")
def describe_pipeline_execution(backend: Backend, request: Request) -> Response:
    """Describe an execution."""
    describe: Response = _execution(backend, request)["describe"]
    return describe


@operation("sagemaker", "ListPipelineExecutions")
def list_pipeline_executions(backend: Backend, request: Request) -> Response:
    """List the executions of a pipeline, the newest first."""
    pipeline = PIPELINE.name_of(backend, request["PipelineName"])
    PIPELINE.document(backend, pipeline)
    asked = creation_filters(request)
    if asked.get("SortBy") == "PipelineExecutionArn":
        asked["SortBy"] = "Name"
    described = []
    for document in executions_of(backend, pipeline):
        describe = document["describe"]
        more = {"StartTime": describe["CreationTime"]}
        if "FailureReason" in describe:
            more["PipelineExecutionFailureReason"] = describe["FailureReason"]
        described.append({**describe, **more})
    return LISTING.page(asked, described)


@operation("sagemaker", "ListPipelineExecutionSteps")
def list_pipeline_execution_steps(backend: Backend, request: Request) -> Response:
    """List the steps of an execution that have begun, the latest first."""
    if not request.get("PipelineExecutionArn"):
        raise validation_error("PipelineExecutionArn is required.")
    document = _execution(backend, request)
    rows = [_summary(document, row) for row in document["steps"]]
    if request.get("SortOrder") != "Ascending":
        rows.reverse()
    return _page(request, "PipelineExecutionSteps", rows)


def _summary(document: Document, row: Row) -> Response:
    members = parse(document["definition"]).step(row["name"]).members
    found: Response = {
        "StepName": row["name"],
        **{f"Step{member}": members[member] for member in ("DisplayName", "Description") if members.get(member)},
        "StepStatus": row["status"],
        "AttemptCount": row["attempt"],
        "Metadata": _metadata(row),
        **pick(row, "StartTime", "EndTime"),
    }
    if row.get("reason"):
        found["FailureReason"] = row["reason"]
    if row.get("cached"):
        found["CacheHitResult"] = {"SourcePipelineExecutionArn": row["cached"]}
    return found


def _metadata(row: Row) -> Response:
    if row["type"] == CONDITION:
        return {"Condition": {"Outcome": row["properties"]["Outcome"]}} if "properties" in row else {}
    if row["type"] == FAIL:
        return {"Fail": {"ErrorMessage": row.get("reason", "")}}
    return {KINDS[row["type"]].metadata: {"Arn": row["arn"]}} if "arn" in row else {}


@operation("sagemaker", "ListPipelineParametersForExecution")
def list_pipeline_parameters_for_execution(backend: Backend, request: Request) -> Response:
    """List the parameters of an execution with their values."""
    document = _execution(backend, request)
    rows = [{"Name": name, "Value": text_of(value)} for name, value in document["parameters"].items()]
    return _page(request, "PipelineParameters", rows)


@operation("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_pipeline_definition_for_execution(backend: Backend, request: Request) -> Response:
    """Return the definition that an execution began with."""
    document = _execution(backend, request)
    return {"PipelineDefinition": document["definition"], "CreationTime": document["describe"]["CreationTime"]}


@operation("sagemaker", "StopPipelineExecution")
def stop_pipeline_execution(backend: Backend, request: Request) -> Response:
    """Stop an execution and the jobs that it runs."""
    with backend.store.transaction():
        if done := earlier(backend, "StopPipelineExecution", request):
            return done
        document = _execution(backend, request)
        status = progress.status_of(document)
        if status != "Executing":
            raise validation_error(
                f"Pipeline execution '{request['PipelineExecutionArn']}' has status '{status}'. "
                "Only pipelines with 'Executing' status can be stopped."
            )
        response = _change(backend, request, "StopPipelineExecution", progress.want_stop)
    backend.pipelines.wake()
    return response


@operation("sagemaker", "UpdatePipelineExecution")
def update_pipeline_execution(backend: Backend, request: Request) -> Response:
    """Change how an execution is called, and how many of its steps run side by side."""
    changed = pick(request, "PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration")

    def change(document: Document) -> None:
        document["describe"].update(changed, LastModifiedTime=time.time())

    PIPELINE_EXECUTION.update(backend, _name(backend, request), change)
    return {"PipelineExecutionArn": request["PipelineExecutionArn"]}


@operation("sagemaker", "RetryPipelineExecution")
def retry_pipeline_execution(backend: Backend, request: Request) -> Response:
    """Run the steps of an execution again that did not succeed."""
    with backend.store.transaction():
        if done := earlier(backend, "RetryPipelineExecution", request):
            return done
        status = progress.status_of(_execution(backend, request))
        if status not in (progress.FAILED, progress.STOPPED):
            raise validation_error(
                f"Pipeline execution '{request['PipelineExecutionArn']}' has status '{status}'. "
                "Only pipelines with 'Failed' or 'Stopped' status can be retried."
            )
        response = _change(backend, request, "RetryPipelineExecution", progress.again)
    backend.pipelines.submit(_name(backend, request))
    return response


def _change(backend: Backend, request: Request, operation_name: str, change: Any) -> Response:
    """Change an execution and remember the request, in the step that is open."""
    now = time.time()

    def changed(document: Document) -> None:
        change(document, now)
        if parallelism := request.get("ParallelismConfiguration"):
            document["describe"]["ParallelismConfiguration"] = parallelism

    PIPELINE_EXECUTION.update(backend, _name(backend, request), changed)
    return remember(backend, operation_name, request, {"PipelineExecutionArn": request["PipelineExecutionArn"]})


def _name(backend: Backend, request: Request) -> str:
    return PIPELINE_EXECUTION.name_of(backend, request["PipelineExecutionArn"])


def _execution(backend: Backend, request: Request) -> Document:
    return PIPELINE_EXECUTION.document(backend, _name(backend, request))


def _page(request: Request, member: str, rows: list[Response]) -> Response:
    invalid = validation_error("Invalid pagination token: it is not one that this operation returned.")
    start = position(request.get("NextToken"), invalid)
    size = request.get("MaxResults") or PAGE_SIZE
    response: Response = {member: rows[start : start + size]}
    if start + size < len(rows):
        response["NextToken"] = str(start + size)
    return response
