"""What each step of a model's run asks of AWS: pure functions from spec and run to requests.

`STEPS` is the only list of steps. A step's requests are made in their order; `{...}` words (`boatyard.steps.run`) are
filled by whoever sends them (`fill`), Jinja (`RunContext.for_airflow`) is rendered by Airflow before that.

ingest -> job_name, job_arn
    CreateFeatureGroup: ensure a group exactly like this. CreateProcessingJob.
feature_wait -> rows
    s3 GetObject: ingested.json, which fills words (`wait_visible.ingested_words`). DescribeFeatureGroup: table.
    StartQueryExecution: column `visible`, asked again until boatyard WaitUntil holds; not at all without records.
training_set -> database, table, location, rows, content_hash, query_execution_id (of UNLOAD)
    DescribeFeatureGroup of each group: tables. Then StartQueryExecution six times, each after the one before has
    succeeded: create the database, UNLOAD, external table over this job's files, content hash (columns `content_hash`
    and `row_count`, for which boatyard RequireRows must hold), external table named by that hash, drop the first table.
processing -> job_name, job_arn
    CreateProcessingJob.
training -> job_name, job_arn
    CreateTrainingJob.
threshold -> metrics
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

A step with `code` needs its folder's code in S3 first (`SourceCode`: upload what is absent).
"""

from boatyard.steps import (
    approve,
    deploy,
    evaluate,
    ingest,
    process,
    register,
    smoke_test,
    threshold,
    train,
    training_set,
    wait_visible,
)
from boatyard.steps.parameters import Parameter, run_parameters
from boatyard.steps.run import Request, RunContext, fill
from boatyard.steps.source_code import SourceCode, group_code, model_code
from boatyard.steps.step import Step

JOB_RESULT = ("job_name", "job_arn")
TRAINING_SET_RESULT = ("database", "table", "location", "rows", "content_hash", "query_execution_id")
ENDPOINT_RESULT = ("endpoint_name", "endpoint_config_name", "model_name")

STEPS: tuple[Step, ...] = (
    Step("ingest", "ingest", ingest.requests, JOB_RESULT, group_code),
    Step("wait_visible", "feature_wait", wait_visible.requests, ("rows",)),
    Step("training_set", "training_set", training_set.requests, TRAINING_SET_RESULT),
    Step("process", "processing", process.requests, JOB_RESULT, model_code),
    Step("train", "training", train.requests, JOB_RESULT, model_code),
    Step("evaluate", "processing", evaluate.requests, JOB_RESULT, model_code),
    Step("threshold", "threshold", threshold.requests, ("metrics",)),
    Step("register", "register", register.requests, ("model_package_arn",), model_code),
    Step("approve", "approve", approve.requests, ("model_package_arn",)),
    Step("deploy", "deploy", deploy.requests, ENDPOINT_RESULT),
    Step("smoke_test", "smoke_test", smoke_test.requests, ("rows", "answers")),
)

__all__ = ["STEPS", "Parameter", "Request", "RunContext", "SourceCode", "Step", "fill", "run_parameters"]
