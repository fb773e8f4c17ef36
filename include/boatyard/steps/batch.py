"""What the steps of a batch have in common: the columns of its rows and where things lie."""

from __future__ import annotations

from dataclasses import dataclass

from boatyard.spec import ModelSpec
from boatyard.spec.batch import Batch
from boatyard.spec.batch_references import batch_ids
from boatyard.spec.columns import Column, training_columns
from boatyard.steps.run import JOB_NAME, Request, RunContext

INPUT, TRANSFORM, PUBLISH = "input", "transform", "publish"
UNKNOWN = ""  # the type of a column that only the spec's query knows


@dataclass(frozen=True)
class Rows:
    """Describe the rows of a batch: their ids, then what the model takes, then what it answers."""

    ids: tuple[Column, ...]
    features: tuple[Column, ...]
    outputs: tuple[Column, ...]


def batch_of(spec: ModelSpec) -> Batch:
    """Return what the spec says of batches; a DAG of them is made only where it does."""
    if spec.batch is None:
        raise ValueError(f"{spec.name} has no batch")
    return spec.batch


def rows_of(spec: ModelSpec) -> Rows:
    """Return the columns of a batch's rows."""
    batch = batch_of(spec)
    columns = training_columns(spec.features, spec.groups)
    types = {column.name: column.feature_type for column in columns}
    features = batch.columns or tuple(column.name for column in columns[2:-1])
    return Rows(
        # an id that is no column of the training set is kept as text
        ids=tuple(Column(name, types.get(name, "String")) for name in batch_ids(batch, columns)),
        features=tuple(Column(name, types.get(name, UNKNOWN)) for name in features),
        outputs=tuple(Column(name, kind) for name, kind in batch.outputs.items()),
    )


def ids_are_hexadecimal(spec: ModelSpec) -> bool:
    """Tell whether text ids go through the transform job as hexadecimal, so that no character of theirs can hurt."""
    given = batch_of(spec).input
    return given is None or given.prefix is None


def folder(spec: ModelSpec, step: str, job: str) -> str:
    """Return the S3 key of a step's own folder; published results lie under their job alone."""
    return "/".join(part for part in (spec.name, "batch", "" if step == PUBLISH else step, job) if part)


def own(spec: ModelSpec, run: RunContext, step: str, path: str) -> str:
    """Return the S3 URI of `path` among the outputs of the step's own job."""
    return f"s3://{run.deployment.bucket}/{folder(spec, step, JOB_NAME)}/{path}"


def earlier(spec: ModelSpec, run: RunContext, step: str, path: str) -> str:
    """Return the S3 URI of `path` among the outputs of an earlier step."""
    return f"s3://{run.deployment.bucket}/{folder(spec, step, run.result(step, 'job_name'))}/{path}"


def statement(spec: ModelSpec, run: RunContext, step: str, purpose: str, sql: str) -> Request:
    """Return StartQueryExecution; a retry that attaches to the same job name gets the same execution."""
    params = {
        "QueryString": sql,
        "ClientRequestToken": f"boatyard-batch-{step}-{purpose:-<10}-{JOB_NAME}",
        "ResultConfiguration": {"OutputLocation": own(spec, run, step, "athena/")},
    }
    return Request("athena", "StartQueryExecution", params)
