"""The digits model's own statements, against the feature store and Athena of a real sagelocal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from tests.contract.conftest import REPOSITORY
from tests.unit.airflow.conftest import ROLE, Task

from boatyard.airflow.claimant import claimant
from boatyard.airflow.operators import AthenaTrainingSetOperator, FeatureStoreVisibleOperator
from boatyard.aws import athena, features
from boatyard.aws.errors import ConflictError, StepError
from boatyard.spec import Deployment, ModelSpec, load_model
from boatyard.steps import Request, RunContext, locations, training_set, wait_visible
from boatyard.steps.ingest import feature_group
from boatyard.steps.run import CONTENT_HASH

Client = Callable[[str], Any]
RECORDS = 5


@pytest.fixture
def spec() -> ModelSpec:
    return load_model(REPOSITORY / "dags" / "digits")


@pytest.fixture
def run(bucket: str) -> RunContext:
    deployment = Deployment(bucket=bucket, role_arn=ROLE, image_registry="r", region="us-east-1", id=bucket)
    return RunContext(
        deployment=deployment,
        as_of="2025-02-01T00:00:00+00:00",
        run_id="run",
        parameter=lambda name, default: str(default),
        result=lambda step, key: f"{step}-{key}",
    )


@pytest.fixture
def group(client: Client, spec: ModelSpec, run: RunContext) -> str:
    """Give the digits' feature group with some records in it; the tests of this module share it."""
    name = spec.spine_group.name
    sagemaker, runtime = client("sagemaker"), client("sagemaker-featurestore-runtime")
    bucket = f"features-{name}"
    client("s3").create_bucket(Bucket=bucket)
    lasting = replace(run, deployment=replace(run.deployment, bucket=bucket))
    features.ensure_group(sagemaker, feature_group(spec.spine_group, lasting))
    for number in range(RECORDS):
        values = {feature: "0" for feature in spec.spine_group.features} | {
            "record_id": f"digit-{number}",
            "event_time": f"2025-01-01T00:0{number}:00Z",
            "digit": str(number),
        }
        record = [{"FeatureName": feature, "ValueAsString": value} for feature, value in values.items()]
        runtime.put_record(FeatureGroupName=name, Record=record)
    return name


@pytest.fixture
def seen(client: Client, spec: ModelSpec, run: RunContext, group: str) -> dict[str, Any]:
    """Give the result of waiting until those records are visible."""
    return visible(client, spec, run, RECORDS).execute(Task().context())


def visible(client: Client, spec: ModelSpec, run: RunContext, records: int) -> FeatureStoreVisibleOperator:
    requests = wait_visible.requests(spec, run)
    ingested = {
        "records": records,
        "first_event_time": "2025-01-01T00:00:00Z",
        "last_event_time": "2025-01-01T00:10:00Z",
    }
    (where,) = (request.params for request in requests if request.operation == "GetObject")
    client("s3").put_object(**where, Body=json.dumps(ingested).encode())
    quick = [
        replace(request, params=request.params | {"TimeoutInSeconds": 2})
        if request.operation == "WaitUntil"
        else request
        for request in requests
    ]
    return FeatureStoreVisibleOperator(task_id="wait_visible", requests=quick, aws_conn_id=None)


def operator(
    spec: ModelSpec,
    run: RunContext,
    change: Callable[[Request], Request] = lambda request: request,
    cache: dict[str, Any] | None = None,
) -> AthenaTrainingSetOperator:
    return AthenaTrainingSetOperator(
        task_id="training_set",
        requests=[change(request) for request in training_set.requests(spec, run)],
        result={
            "database": run.deployment.glue_database,
            "table": f"{spec.table_name}_{CONTENT_HASH}",
            "location": locations.own(spec, run, "training_set", "data/"),
        },
        aws_conn_id=None,
        cache=cache,
    )


def tables(client: Client, run: RunContext) -> list[str]:
    found = client("athena").list_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=run.deployment.glue_database
    )
    return sorted(table["Name"] for table in found["TableMetadataList"])


def count(client: Client, run: RunContext, table: str) -> int:
    request = {
        "QueryString": f'SELECT count(*) AS n FROM "{run.deployment.glue_database}"."{table}"',
        "ResultConfiguration": {"OutputLocation": f"s3://{run.deployment.bucket}/counts/"},
    }
    (row,) = athena.rows(client("athena"), athena.run(client("athena"), request).id)
    return int(row["n"] or 0)


def test_what_was_ingested_is_waited_for(seen: dict[str, Any]) -> None:
    assert seen == {"rows": RECORDS}


def test_records_that_do_not_appear_in_time_fail_the_step(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    with pytest.raises(AirflowException, match=f"only {RECORDS} of {RECORDS + 1} ingested records became visible"):
        visible(client, spec, run, RECORDS + 1).execute(task.context())


def test_a_long_wait_for_records_holds_no_worker(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    def again(records: int) -> FeatureStoreVisibleOperator:
        made = visible(client, spec, run, records)
        made.deferrable, made.defer_after = True, 0.0
        return made

    with pytest.raises(TaskDeferred) as raised:
        again(RECORDS + 1).execute(task.context())
    arguments = {**(raised.value.kwargs or {}), "event": None}
    method = raised.value.method_name
    assert again(RECORDS).resume_execution(method, arguments, task.context()) == {"rows": RECORDS}
    with pytest.raises(AirflowException, match="ingested records became visible"):
        again(RECORDS + 1).resume_execution(method, arguments | {"deadline": 0.0}, task.context())


def test_without_records_there_is_nothing_to_wait_for(
    client: Client, spec: ModelSpec, run: RunContext, task: Task
) -> None:
    assert visible(client, spec, run, 0).execute(task.context()) == {"rows": 0}


def test_a_training_set_is_a_table_named_by_its_contents(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    result = operator(spec, run).execute(task.context())
    assert result["rows"] == RECORDS
    assert result["table"] == f"digits_{result['content_hash']}"
    assert tables(client, run) == [result["table"]]
    assert count(client, run, result["table"]) == RECORDS
    bucket, _, prefix = result["location"].removeprefix("s3://").partition("/")
    assert client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"] >= 1
    execution = client("athena").get_query_execution(QueryExecutionId=result["query_execution_id"])["QueryExecution"]
    assert execution["Query"].startswith("UNLOAD")


def test_a_retry_goes_on_with_what_the_try_before_it_did(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    first = operator(spec, run).execute(task.context())
    task.retry()
    assert operator(spec, run).execute(task.context()) == first


def test_equal_rows_in_another_run_are_the_same_table(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any]
) -> None:
    one, other = (operator(spec, run).execute(Task().context()) for _ in range(2))
    assert one["table"] == other["table"]
    assert one["location"] != other["location"]
    assert tables(client, run) == [one["table"]]


def test_a_retry_after_a_failed_query_asks_anew_in_a_place_of_its_own(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    place = f"digits/training_set/{claimant(task.context()).job_name(0)}/data/left-over"
    client("s3").put_object(Bucket=run.deployment.bucket, Key=place, Body=b"half a file")
    with pytest.raises(AirflowException, match=r"Athena query \S+ failed"):
        operator(spec, run).execute(task.context())
    task.retry()
    result = operator(spec, run).execute(task.context())
    assert result["location"].endswith("-0-1/data/")
    assert result["rows"] == RECORDS


def test_a_statement_that_was_changed_between_two_tries_is_asked_anew(
    spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    operator(spec, run).execute(task.context())

    def change(request: Request) -> Request:
        text = request.params.get("QueryString", "")
        return replace(request, params=request.params | {"QueryString": f"{text} "}) if text else request

    task.retry()
    assert operator(spec, run, change).execute(task.context())["location"].endswith("-0-1/data/")


def test_a_persons_clear_asks_anew(spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task) -> None:
    operator(spec, run).execute(task.context())
    task.clear()
    assert operator(spec, run).execute(task.context())["location"].endswith("-1-0/data/")


def test_a_training_set_without_rows_names_its_feature_group_and_leaves_no_table(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    early = replace(run, as_of="2024-01-01T00:00:00+00:00")
    with pytest.raises(AirflowFailException, match="feature group digits has no rows for a training set"):
        operator(spec, early).execute(task.context())
    assert tables(client, run) == []


def test_a_task_killed_before_its_query_starts_none(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any], task: Task
) -> None:
    made = operator(spec, run)
    made.on_kill()
    with pytest.raises(AirflowException, match="killed before the next query"):
        made.execute(task.context())


def test_a_feature_group_that_differs_from_the_spec_is_an_error(
    client: Client, spec: ModelSpec, run: RunContext, group: str
) -> None:
    asked = feature_group(spec.spine_group, run)
    asked["FeatureDefinitions"] = [*asked["FeatureDefinitions"], {"FeatureName": "weight", "FeatureType": "Fractional"}]
    with pytest.raises(ConflictError, match=r"FeatureDefinitions\.weight differ from the spec"):
        features.ensure_group(client("sagemaker"), asked)


def test_a_feature_group_that_is_not_there_is_named(client: Client) -> None:
    with pytest.raises(StepError, match="feature group nothing does not exist"):
        features.offline_table(client("sagemaker"), "nothing")
