"""Executions of pipelines: started once, stopped, run again, and gone on with when servers die.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopPipelineExecution.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RetryPipelineExecution.html
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.eventing import Queue, events, queue, rule
from tests.contract.pipelines.conftest import Json, Pipelines, condition, get, process, train
from tests.waiting import until

__all__ = ["events", "queue"]

pytestmark = pytest.mark.unverified

Server = Any  # conftest's LocalServer
TOKEN = "t" * 32


def _code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_a_token_starts_one_execution_however_often_it_is_sent(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("train", bucket))
    token = f"{name}-{TOKEN}"
    first = pipelines.start(name, ClientRequestToken=token)
    assert pipelines.start(name, ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="was used with other parameters") as caught:
        pipelines.start(name, ClientRequestToken=token, PipelineExecutionDisplayName="another")
    assert _code(caught) == "ConflictException"
    second = pipelines.start(name)
    pipelines.succeed(first)
    pipelines.succeed(second)
    listed = pipelines.sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert [(each["PipelineExecutionArn"], each["PipelineExecutionStatus"]) for each in listed] == [
        (second, "Succeeded"),
        (first, "Succeeded"),
    ]
    found = pipelines.sagemaker.describe_pipeline(PipelineName=name)
    assert found["LastRunTime"] == pipelines.describe(second)["CreationTime"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], r"need a value: \[Rows\]"),
        ([("Rows", "1"), ("Colour", "red")], r"Unknown pipeline parameter \[Colour\]"),
        ([("Rows", "many")], r"The value 'many' of pipeline parameter \[Rows\] is not of type Integer"),
        ([("Rows", "1"), ("Mode", "fast")], r"'fast' of pipeline parameter \[Mode\] is not one of \[slow, slower\]"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    pipelines: Pipelines, bucket: str, given: list[tuple[str, str]], said: str
) -> None:
    parameters: tuple[Json, ...] = (
        {"Name": "Rows", "Type": "Integer"},
        {"Name": "Mode", "Type": "String", "DefaultValue": "slow", "EnumValues": ["slow", "slower"]},
    )
    name = pipelines.create(train("train", bucket), parameters=parameters)
    with pytest.raises(ClientError, match=said) as caught:
        pipelines.start(name, PipelineParameters=[{"Name": key, "Value": value} for key, value in given])
    assert _code(caught) == "ValidationException"
    assert pipelines.sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"] == []


def test_stopping_an_execution_stops_its_jobs_and_begins_no_others(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("long", bucket, message="x", seconds="600"), train("next", bucket, ("long",)))
    arn = pipelines.start(name)
    until(lambda: "TrainingJob" in pipelines.steps(arn).get("long", {}).get("Metadata", {}), "its job is there")
    until(lambda: pipelines.job(arn, "long")["SecondaryStatus"] == "Training", "its job trains")
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(arn) == {"long": "Stopped"}
    assert pipelines.job(arn, "long")["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="Only pipelines with 'Executing' status can be stopped") as caught:
        pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert _code(caught) == "ValidationException"


def test_a_retried_execution_runs_only_what_did_not_succeed(pipelines: Pipelines, bucket: str) -> None:
    script = "import pathlib, sys; found = pathlib.Path('/opt/ml/processing/in/go'); sys.exit(not found.exists())"
    pipelines.s3.put_object(Bucket=bucket, Key="in/wait", Body=b"")
    second = {**process("second", bucket, script, f"s3://{bucket}/in/"), "DependsOn": ["first"]}
    arn = pipelines.start(pipelines.create(train("first", bucket), second))
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Failed"
    before = pipelines.steps(arn)
    pipelines.s3.put_object(Bucket=bucket, Key="in/go", Body=b"")
    pipelines.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    after = pipelines.succeed(arn)
    assert after["first"] == before["first"]
    assert after["second"]["Metadata"] != before["second"]["Metadata"]
    assert "FailureReason" not in pipelines.describe(arn)
    with pytest.raises(ClientError, match="Only pipelines with 'Failed' or 'Stopped' status can be retried"):
        pipelines.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)


def test_an_execution_keeps_the_definition_it_began_with(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("old", bucket))
    arn = pipelines.start(name)
    definition = json.dumps({"Steps": [train("new", bucket)]})
    pipelines.sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition)
    assert list(pipelines.succeed(arn)) == ["old"]
    kept = pipelines.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert json.loads(kept["PipelineDefinition"])["Steps"][0]["Name"] == "old"
    assert list(pipelines.succeed(pipelines.start(name))) == ["new"]


def test_a_pipeline_with_running_executions_is_not_deleted(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("long", bucket, seconds="600"))
    arn = pipelines.start(name)
    with pytest.raises(ClientError, match="running executions") as caught:
        pipelines.sagemaker.delete_pipeline(PipelineName=name)
    assert _code(caught) == "ConflictException"
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    pipelines.ended(arn)
    pipelines.sagemaker.delete_pipeline(PipelineName=name)
    for call in (lambda: pipelines.describe(arn), lambda: pipelines.sagemaker.describe_pipeline(PipelineName=name)):
        with pytest.raises(ClientError, match="does not exist") as caught:
            call()
        assert _code(caught) == "ResourceNotFound"


def test_an_execution_and_its_steps_tell_each_of_their_states(
    pipelines: Pipelines, bucket: str, events: Any, queue: Queue
) -> None:
    name = pipelines.create(train("train", bucket, failure="no wind"))
    pipeline = pipelines.sagemaker.describe_pipeline(PipelineName=name)["PipelineArn"]
    rule(events, queue.arn, {"source": ["aws.sagemaker"], "detail": {"pipelineArn": [pipeline]}})
    arn = pipelines.start(name)
    bodies = queue.bodies(lambda seen: any('"currentPipelineExecutionStatus": "Failed"' in body for body in seen))
    seen = [json.loads(body) for body in bodies]
    assert all(event["resources"] == [pipeline, arn] for event in seen)
    steps = [event["detail"] for event in seen if event["detail-type"].endswith("Execution Step Status Change")]
    assert [step["currentStepStatus"] for step in steps] == ["Starting", "Executing", "Failed"]
    assert steps[-1]["previousStepStatus"] == "Executing"
    assert steps[-1]["failureReason"] == "ClientError: AlgorithmError: no wind, exit code: 1"
    assert steps[-1]["metadata"]["trainingJob"]["arn"] == pipelines.job(arn, "train")["TrainingJobArn"]
    whole = [event["detail"] for event in seen if event["detail-type"].endswith("Pipeline Execution Status Change")]
    statuses = [(each.get("previousPipelineExecutionStatus"), each["currentPipelineExecutionStatus"]) for each in whole]
    assert statuses == [(None, "Executing"), ("Executing", "Failed")]
    assert whole[-1]["executionEndTime"] >= whole[-1]["executionStartTime"]


def test_an_execution_whose_server_is_killed_again_and_again_creates_each_job_once(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    test = {"Type": "Equals", "LeftValue": get("Steps.a.TrainingJobStatus"), "RightValue": "Completed"}
    container = {
        "Image": train("x", "lake")["Arguments"]["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": get("Steps.c.ModelArtifacts.S3ModelArtifacts"),
    }
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    register = {
        "Name": "register",
        "Type": "RegisterModel",
        "Arguments": {"ModelPackageGroupName": "group", "InferenceSpecification": specification},
    }
    with server.clients() as client:
        client("s3").create_bucket(Bucket="lake")
        client("sagemaker").create_model_package_group(ModelPackageGroupName="group")
        pipelines = Pipelines(client)
        name = pipelines.create(
            train("a", "lake", message="boat", seconds="0.3"),
            train("b", "lake", message="boat", seconds="0.3"),
            condition("check", test, [train("c", "lake", ("b",), message="boat"), register], []),
        )
        arn = pipelines.start(name)
    for pause in (0.0, 0.1, 0.3, 0.5, 0.2, 0.4):
        time.sleep(pause)  # at any instant
        server.end(signal.SIGKILL)
        server.start_again()
    with server.clients() as client:
        pipelines = Pipelines(client)
        steps = pipelines.succeed(arn)
        jobs = client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        packages = client("sagemaker").list_model_packages(ModelPackageGroupName="group")["ModelPackageSummaryList"]
    assert sorted(job["TrainingJobArn"] for job in jobs) == sorted(
        steps[step]["Metadata"]["TrainingJob"]["Arn"] for step in "abc"
    )
    assert [package["ModelPackageArn"] for package in packages] == [
        steps["register"]["Metadata"]["RegisterModel"]["Arn"]
    ]
    for job in jobs:
        logs = (server.state / "logs" / "TrainingJobs" / job["TrainingJobName"]).glob("*.log")
        assert sum(line.endswith("\tboat") for log in logs for line in log.read_text().splitlines()) == 1


def test_a_step_is_tried_again_as_its_policy_says(start_server: Callable[..., Server]) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html"""
    server = start_server("--faults")
    policy = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 1}
    server.faults.add("capacity", kind="training_job", name="pipelines-*-lucky-*", times=1)
    server.faults.add("capacity", kind="training_job", name="pipelines-*-unlucky-*", times=2)
    with server.clients() as client:
        client("s3").create_bucket(Bucket="lake")
        pipelines = Pipelines(client)
        arns = [
            pipelines.start(pipelines.create({**train(name, "lake"), "RetryPolicies": [policy]}))
            for name in ("lucky", "unlucky")
        ]
        steps = pipelines.succeed(arns[0])
        assert steps["lucky"]["AttemptCount"] == 2
        assert pipelines.job(arns[0], "lucky")["TrainingJobStatus"] == "Completed"
        assert pipelines.ended(arns[1])["PipelineExecutionStatus"] == "Failed"
        unlucky = pipelines.steps(arns[1])["unlucky"]
    assert unlucky["AttemptCount"] == 2
    assert unlucky["FailureReason"].startswith("ClientError: CapacityError: Unable to provision")


def test_an_execution_is_renamed(pipelines: Pipelines, bucket: str) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdatePipelineExecution.html"""
    arn = pipelines.start(pipelines.create(train("train", bucket)), PipelineExecutionDescription="before")
    pipelines.sagemaker.update_pipeline_execution(PipelineExecutionArn=arn, PipelineExecutionDisplayName="spring-tide")
    described = pipelines.describe(arn)
    assert described["PipelineExecutionDisplayName"] == "spring-tide"
    assert described["PipelineExecutionDescription"] == "before"
    pipelines.succeed(arn)


def test_an_execution_whose_server_is_killed_while_it_stops_is_stopped_by_the_next_one(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with server.clients() as client:
        client("s3").create_bucket(Bucket="lake")
        pipelines = Pipelines(client)
        arn = pipelines.start(pipelines.create(train("long", "lake", seconds="600")))
        until(lambda: pipelines.steps(arn).get("long", {}).get("Metadata"), "its job is there")
        pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    server.end(signal.SIGKILL)
    server.start_again()
    with server.clients() as client:
        pipelines = Pipelines(client)
        assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Stopped"
        jobs = client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert {job["TrainingJobStatus"] for job in jobs} == {"Stopped"}
