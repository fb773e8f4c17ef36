"""The record of a step, from a journal of what it asked: no AWS is needed for that."""

from datetime import UTC, datetime
from typing import Any

import pytest

from boatyard.aws.jobs import Job
from boatyard.aws.naming import Owner
from boatyard.aws.outcome import Outcome
from boatyard.aws.records.journal import Journal, kept, note_call
from boatyard.aws.records.record import Subject, key_of, record

STARTED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ENDED = datetime(2026, 1, 31, 12, 0, 30, 500_000, tzinfo=UTC)


def subject(run: str = "manual__1", map_index: int = -1) -> Subject:
    return Subject("s3://b/digits/records", Owner("test", "digits", run, "train", map_index), STARTED)


def processing(**description: Any) -> Job:
    found: dict[str, Any] = {
        "ProcessingJobName": "j",
        "AppSpecification": {"ImageUri": "registry/tabular:1"},
        "RoleArn": "arn:role",
        "ProcessingInputs": [{"InputName": "data", "S3Input": {"S3Uri": "s3://b/in/"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "output", "S3Output": {"S3Uri": "s3://b/out/"}}]},
        "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}},
        "ProcessingStartTime": STARTED,
        "ProcessingEndTime": ENDED,
        **description,
    }
    return Job("processing", "j", "arn:j", Outcome.SUCCEEDED, "Completed", "", found)


def test_a_record_lies_under_its_run_and_step() -> None:
    assert subject().uri == "s3://b/digits/records/manual__1/train.json"
    assert subject(map_index=3).uri == "s3://b/digits/records/manual__1/train-3.json"


def test_a_runs_id_becomes_a_key_that_no_other_run_has() -> None:
    scheduled = key_of("scheduled__2026-01-31T00:00:00+00:00")
    assert scheduled.startswith("scheduled__2026-01-31T00-00-00-00-00-")
    assert len({key_of(run) for run in ("a b", "a:b", "a-b", "a/b")}) == 4
    assert "/" not in key_of("../../other")


def test_a_job_without_billable_time_is_billed_from_start_to_end() -> None:
    found = record(subject(), Journal(job=processing()), ENDED, result={"job_name": "j"}, jobs=[processing()])
    assert found["billable_seconds"] == found["job"]["billable_seconds"] == 30
    assert found["job"]["instance_count"] == 2
    assert found["inputs"] == {"data": "s3://b/in/"}
    assert found["outputs"] == {"output": "s3://b/out/"}


def test_amazons_own_billable_time_comes_first() -> None:
    job = processing(BillableTimeInSeconds=7)
    found = record(subject(), Journal(job=job), ENDED, result={}, jobs=[job])
    assert found["billable_seconds"] == 7


def training(name: str, trained: int, billable: int, *, spot: bool = True) -> Job:
    found = {
        "TrainingTimeInSeconds": trained,
        "BillableTimeInSeconds": billable,
        "EnableManagedSpotTraining": spot,
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return Job("training", name, f"arn:{name}", Outcome.SUCCEEDED, "Completed", "", found)


def test_all_jobs_of_a_step_are_on_record_and_what_spot_saved() -> None:
    jobs = [training("j-0-0", 400, 100), training("j-0-1", 100, 50)]
    found = record(subject(), Journal(job=jobs[-1]), ENDED, result={}, jobs=jobs)
    assert [(job["name"], job["billable_seconds"]) for job in found["jobs"]] == [("j-0-0", 100), ("j-0-1", 50)]
    assert found["billable_seconds"] == 150
    assert found["spot"] == {"training_seconds": 500, "billable_seconds": 150, "saving_percent": 70.0}


def test_a_step_with_one_job_on_demand_has_nothing_to_tell_of_spot() -> None:
    jobs = [training("j-0-0", 400, 400, spot=False)]
    found = record(subject(), Journal(job=jobs[-1]), ENDED, result={}, jobs=jobs)
    assert (found["jobs"], found["spot"]) == ([], None)


def test_a_step_without_a_job_bills_no_seconds() -> None:
    found = record(subject(), Journal(), ENDED, result={"rows": 3})
    assert (found["billable_seconds"], found["job"], found["seconds"]) == (None, None, 30.5)


def test_what_was_read_is_an_input_and_no_request() -> None:
    journal = Journal()
    journal.add("s3", "GetObject", {"Bucket": "b", "Key": "x/evaluation.json"}, {"Body": object()})
    journal.add("sagemaker", "DescribeFeatureGroup", {"FeatureGroupName": "digits"}, {})
    journal.add("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "j"}, {})
    journal.add("s3", "PutObject", {"Bucket": "b", "Key": "x", "Body": b"1"}, {})
    found = record(subject(), journal, ENDED, result={})
    assert found["requests"] == []
    assert found["inputs"] == {"evaluation.json": "s3://b/x/evaluation.json", "feature_group digits": "digits"}


def test_rows_that_went_to_an_endpoint_are_not_on_record() -> None:
    journal = Journal()
    journal.add("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": "1,2,3"}, {"Body": object()})
    (asked,) = record(subject(), journal, ENDED, result={})["requests"]
    assert asked["params"] == {"EndpointName": "e"}


def test_equal_calls_are_one_request() -> None:
    journal = Journal()
    for number in range(3):
        journal.add("athena", "StartQueryExecution", {"QueryString": "SELECT 1"}, {"QueryExecutionId": str(number)})
    (asked,) = record(subject(), journal, ENDED, result={})["requests"]
    assert (asked["times"], asked["answer"]) == (3, {"QueryExecutionId": "2"})


def test_a_failure_tells_its_reason_and_what_it_found_out() -> None:
    class FoundError(Exception):
        result: dict[str, Any] = {"report": "s3://b/report.html"}  # noqa: RUF012 - as the errors of checks have it

    found = record(subject(), Journal(), ENDED, error=FoundError("3 checks failed"))
    assert (found["state"], found["reason"]) == ("failed", "3 checks failed")
    assert found["outputs"] == {"report": "s3://b/report.html"}


@pytest.mark.parametrize("name", ["API_KEY", "db_password", "AWS_SECRET_ACCESS_KEY", "token"])
def test_a_value_that_is_named_like_a_secret_is_hidden(name: str) -> None:
    journal = Journal()
    params = {"Environment": {name: "hunter2", "MODE": "fast"}, "ClientToken": "kept"}
    journal.add("sagemaker", "CreateModel", params, {})
    (asked,) = record(subject(), journal, ENDED, result={})["requests"]
    assert asked["params"] == {"Environment": {name: "***", "MODE": "fast"}, "ClientToken": "kept"}


def test_where_a_secret_is_kept_is_no_secret() -> None:
    journal = Journal()
    params = {"Environment": {"TOKEN_FROM_SECRET": "secretsmanager:harbour/token"}}
    journal.add("sagemaker", "CreateTrainingJob", params, {})
    (asked,) = record(subject(), journal, ENDED, result={})["requests"]
    assert asked["params"] == params


def test_nothing_is_noted_where_nobody_keeps_a_journal() -> None:
    note_call(object(), "create_model", {}, {})
    with kept() as journal:
        assert journal.entries == []
