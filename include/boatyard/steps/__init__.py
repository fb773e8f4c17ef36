"""What each step of a model's run asks of AWS: pure functions from spec and run to requests.

`STEPS` and `BATCH_STEPS` are the only lists of steps. A step's requests are made in their order; `{...}` words
(`boatyard.steps.run`) are filled by whoever sends them (`fill`), Jinja (`RunContext.for_airflow`) is rendered by
Airflow before that.

ingest -> job_name, job_arn
    CreateFeatureGroup: ensure a group exactly like this. CreateProcessingJob.
feature_wait -> rows
    s3 GetObject: ingested.json, which fills words (`words.ingested_words`). DescribeFeatureGroup: table.
    StartQueryExecution: column `visible`, asked again until boatyard WaitUntil holds; not at all without records.
training_set -> database, table, location, rows, content_hash, query_execution_id (of UNLOAD)
    DescribeFeatureGroup of each group: tables. Then StartQueryExecution six times, each after the one before has
    succeeded: create the database, UNLOAD, external table over this job's files, content hash (columns `content_hash`
    and `row_count`, for which boatyard RequireRows must hold), external table named by that hash, drop the first table.
validation -> success, failed, warnings, result_uri, data_docs_uri (None where nothing is checked)
    boatyard Validate: the table's checks, evaluated by Athena; results below OutputLocation.
processing -> job_name, job_arn
    CreateProcessingJob.
evaluation -> job_name, job_arn, champion ("" for none), report
    DescribeEndpoint, then DescribeEndpointConfig, DescribeModel, DescribeModelPackage: the champion is what serves.
    CreateProcessingJob: inputs and variables of a champion that there is not are left out.
training -> job_name, job_arn
    CreateTrainingJob. boatyard ContinueTraining, if there: a job whose time is up is followed by one that goes on,
    until all of them trained for MaxRuntimeInSeconds.
gate -> decision, champion, and each metric by its path (`gate.result_keys`)
    s3 GetObject: evaluation.json. boatyard CompareMetrics: rules that must hold.
register -> model_package_arn
    CreateModelPackageGroup: ensure. CreateModelPackage.
approve -> model_package_arn
    UpdateModelPackage.
deploy -> endpoint_name, endpoint_config_name, model_name
    DescribeModelPackage: refuse unless ModelApprovalStatus is Approved. CreateModel, CreateEndpointConfig: ensure. Then
    CreateEndpoint if there is none, otherwise UpdateEndpoint.
smoke_test -> rows, answers
    s3 GetObject: test.csv. s3 GetObject: predictions.csv. InvokeEndpoint. boatyard CompareAnswers.

Of a batch:

batch_input -> job_name, location, rows
    DescribeFeatureGroup of each group that the statements name: tables. Then the statements as of a training set:
    database, UNLOAD (not for a prefix), table, count (column `row_count`, for which RequireRows must hold), drop it.
transform -> job_name, job_arn, model_name, model_package_arn, output
    DescribeEndpoint, then DescribeEndpointConfig: the model in service. CreateTransformJob.
publish -> job_name, location, manifest, latest, rows
    The statements: table, counts (for which RequireAnswers must hold), UNLOAD, drop the table. PublishManifest: an
    object with `Content`, the rows and the files. PointTo: an object with `Content`, unless it names newer results.

A step with `code` needs its folder's code in S3 first (`SourceCode`: upload what is absent). One with `contents` is not
done again where an earlier run did it with the same inputs (`cache_rule`).
"""

from boatyard.spec import ModelSpec
from boatyard.steps import (
    approve,
    batch_input,
    batch_publish,
    batch_transform,
    deploy,
    evaluate,
    gate,
    ingest,
    process,
    register,
    smoke_test,
    train,
    training_set,
    validate,
    wait_visible,
)
from boatyard.steps.caching import by_the_training_set, by_their_files, cache_rule
from boatyard.steps.parameters import Parameter, batch_parameters, run_parameters
from boatyard.steps.run import Request, RunContext, fill
from boatyard.steps.source_code import SourceCode, feature_code, group_code, model_code
from boatyard.steps.step import Step

JOB_RESULT = ("job_name", "job_arn")
TRAINING_SET_RESULT = ("database", "table", "location", "rows", "content_hash", "query_execution_id")
TRANSFORM_RESULT = ("model_name", "model_package_arn", "output")
ENDPOINT_RESULT = ("endpoint_name", "endpoint_config_name", "model_name")

STEPS: tuple[Step, ...] = (
    Step("ingest", "ingest", ingest.requests, JOB_RESULT, group_code),
    Step("wait_visible", "feature_wait", wait_visible.requests, ("rows",)),
    Step("training_set", "training_set", training_set.requests, TRAINING_SET_RESULT, contents=by_their_files),
    Step("validate", "validation", validate.requests, validate.RESULT),
    Step("process", "processing", process.requests, JOB_RESULT, model_code, by_the_training_set),
    Step("train", "training", train.requests, JOB_RESULT, model_code, by_their_files),
    Step("evaluate", "evaluation", evaluate.requests, (*JOB_RESULT, "champion", "report"), model_code, by_their_files),
    Step("gate", "gate", gate.requests, gate.RESULT),
    Step("register", "register", register.requests, ("model_package_arn",), model_code),
    Step("approve", "approve", approve.requests, ("model_package_arn",)),
    Step("deploy", "deploy", deploy.requests, ENDPOINT_RESULT),
    Step("smoke_test", "smoke_test", smoke_test.requests, ("rows", "answers")),
)

# What a run does itself unless the ingestion of its features is what started it.
_INGESTION = ("ingest", "wait_visible")


def model_steps(spec: ModelSpec) -> tuple[Step, ...]:
    """Return the steps of a scheduled run: those of `STEPS`, without ingestion where an asset stands for it."""
    return STEPS if spec.ingests else tuple(step for step in STEPS if step.name not in _INGESTION)


# The steps of the DAG <model>_batch, for models whose spec says `batch`.
BATCH_STEPS: tuple[Step, ...] = (
    Step("input", "batch_input", batch_input.requests, ("job_name", "location", "rows")),
    Step("transform", "transform", batch_transform.requests, (*JOB_RESULT, *TRANSFORM_RESULT), None, by_their_files),
    Step("publish", "publish", batch_publish.requests, ("job_name", "location", "manifest", "latest", "rows")),
)

__all__ = [
    "BATCH_STEPS",
    "STEPS",
    "Parameter",
    "Request",
    "RunContext",
    "SourceCode",
    "Step",
    "batch_parameters",
    "cache_rule",
    "feature_code",
    "fill",
    "model_steps",
    "run_parameters",
]
