"""What the steps of a pipeline do, and what they hand to each other.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from tests.contract.pipelines.conftest import IMAGE, ROLE, Client, Json, Pipelines, condition, get, process, train

pytestmark = pytest.mark.unverified

WRITE_SCORE = (
    "import json, pathlib; out = pathlib.Path('/opt/ml/processing/out/report'); out.mkdir(parents=True); "
    "(out / 'score.json').write_text(json.dumps({'metrics': {'mse': {'value': 4.5}}}))"
)
FILES = [{"PropertyFileName": "score", "OutputName": "out", "FilePath": "report/score.json"}]
COPY = (
    "import pathlib, shutil; base = pathlib.Path('/opt/ml/processing'); "
    "shutil.copytree(base / 'in', base / 'out', dirs_exist_ok=True)"
)


def _object(pipelines: Pipelines, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = pipelines.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _score(path: str = "metrics.mse.value") -> Json:
    return {"Std:JsonGet": {"PropertyFile": get("Steps.judge.PropertyFiles.score"), "Path": path}}


def test_each_step_gets_what_the_one_before_made(pipelines: Pipelines, client: Client, bucket: str) -> None:
    sagemaker, group = client("sagemaker"), f"g-{bucket}"
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    made = get("Steps.train.ModelArtifacts.S3ModelArtifacts")
    container = {"Image": IMAGE, "ModelDataUrl": made}
    pipelines.s3.put_object(Bucket=bucket, Key="in/rows.csv", Body=b"1\n2\n")
    fit = train("train", bucket, message=get("Parameters.Message"), of=get("Steps.prepare.ProcessingJobArn"))
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": get("Steps.prepare.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"),
    }
    fit["Arguments"]["InputDataConfig"] = [{"ChannelName": "rows", "DataSource": {"S3DataSource": source}}]
    steps: list[Json] = [
        {
            "Name": "register",
            "Type": "RegisterModel",
            "Arguments": {
                "ModelPackageGroupName": group,
                "ModelApprovalStatus": "Approved",
                "InferenceSpecification": {
                    "Containers": [container],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                },
            },
        },
        {"Name": "model", "Type": "Model", "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": container}},
        {
            "Name": "score",
            "Type": "Transform",
            "Arguments": {
                "ModelName": get("Steps.model.ModelName"),
                "TransformInput": {
                    "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}},
                },
                "TransformOutput": {"S3OutputPath": f"s3://{bucket}/scores"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": get("Parameters.Count")},
            },
        },
        fit,
        process("prepare", bucket, COPY, f"s3://{bucket}/in/"),
    ]
    parameters: tuple[Json, ...] = (
        {"Name": "Message", "Type": "String", "DefaultValue": "nobody"},
        {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
    )
    name = pipelines.create(*steps, parameters=parameters)
    arn = pipelines.start(name, PipelineParameters=[{"Name": "Message", "Value": "ahoy"}])
    found = pipelines.succeed(arn)
    assert list(found)[:2] == ["prepare", "train"]
    assert {step["StepStatus"] for step in found.values()} == {"Succeeded"}
    assert all(step["EndTime"] >= step["StartTime"] for step in found.values())
    job = pipelines.job(arn, "train")
    execution = arn.rpartition("/")[2]
    assert job["TrainingJobName"].startswith(f"pipelines-{execution}-train-")
    assert job["HyperParameters"]["message"] == "ahoy"
    assert job["HyperParameters"]["of"] == found["prepare"]["Metadata"]["ProcessingJob"]["Arn"]
    assert job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == f"s3://{bucket}/{execution}/prepare"
    package = sagemaker.describe_model_package(ModelPackageName=found["register"]["Metadata"]["RegisterModel"]["Arn"])
    artifact = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert (package["ModelPackageVersion"], artifact) == (1, job["ModelArtifacts"]["S3ModelArtifacts"])
    assert _object(pipelines, f"s3://{bucket}/scores/rows.csv.out")
    values = pipelines.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert values == [{"Name": "Message", "Value": "ahoy"}, {"Name": "Count", "Value": "1"}]


@pytest.mark.parametrize(("most", "taken", "outcome"), [(6.0, "good", "True"), (3.0, "bad", "False")])
def test_a_condition_on_a_property_file_decides_which_steps_run(
    pipelines: Pipelines, bucket: str, most: float, taken: str, outcome: str
) -> None:
    judge = {**process("judge", bucket, WRITE_SCORE), "PropertyFiles": FILES}
    test = {"Type": "LessThanOrEqualTo", "LeftValue": _score(), "RightValue": get("Parameters.Most")}
    check = condition("check", test, [train("good", bucket)], [train("bad", bucket)])
    parameters: tuple[Json, ...] = ({"Name": "Most", "Type": "Float"},)
    arn = pipelines.start(
        pipelines.create(judge, check, parameters=parameters), PipelineParameters=[{"Name": "Most", "Value": str(most)}]
    )
    assert list(pipelines.succeed(arn)) == ["judge", "check", taken]
    assert pipelines.steps(arn)["check"]["Metadata"] == {"Condition": {"Outcome": outcome}}
    assert pipelines.job(arn, taken)["TrainingJobStatus"] == "Completed"


def test_a_condition_whose_value_is_not_there_fails_and_says_what(pipelines: Pipelines, bucket: str) -> None:
    judge = {**process("judge", bucket, WRITE_SCORE), "PropertyFiles": FILES}
    test = {"Type": "Equals", "LeftValue": _score("metrics.mae.value"), "RightValue": 1}
    arn = pipelines.start(pipelines.create(judge, condition("check", test, [train("good", bucket)], [])))
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Failed"
    assert "metrics.mae.value" in pipelines.steps(arn)["check"]["FailureReason"]
    assert list(pipelines.steps(arn)) == ["judge", "check"]


def test_a_fail_step_ends_the_execution_with_its_message(pipelines: Pipelines, bucket: str) -> None:
    message = {"Std:Join": {"On": " ", "Values": ["too few rows:", get("Parameters.Rows")]}}
    stop = {"Name": "stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    test = {"Type": "Not", "Condition": {"Type": "GreaterThan", "LeftValue": get("Parameters.Rows"), "RightValue": 10}}
    parameters: tuple[Json, ...] = ({"Name": "Rows", "Type": "Integer", "DefaultValue": 3},)
    arn = pipelines.start(
        pipelines.create(condition("check", test, [stop], [train("train", bucket)]), parameters=parameters)
    )
    described = pipelines.ended(arn)
    assert (described["PipelineExecutionStatus"], described["FailureReason"]) == ("Failed", "too few rows: 3")
    assert pipelines.steps(arn)["stop"]["Metadata"] == {"Fail": {"ErrorMessage": "too few rows: 3"}}


def test_a_failed_job_fails_the_execution_once_the_others_have_ended(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(
        train("sinks", bucket, failure="no wind"),
        train("sails", bucket, seconds="2"),
        train("later", bucket, depends_on=("sails",)),
    )
    arn = pipelines.start(name)
    described = pipelines.ended(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."
    found = pipelines.steps(arn)
    assert found["sinks"]["FailureReason"] == "ClientError: AlgorithmError: no wind, exit code: 1"
    assert pipelines.statuses(arn) == {"sinks": "Failed", "sails": "Succeeded"}


def test_a_step_whose_request_is_refused_says_why(pipelines: Pipelines, bucket: str) -> None:
    step = train("train", f"nowhere-{bucket}")
    arn = pipelines.start(pipelines.create(step))
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Failed"
    reason = pipelines.steps(arn)["train"]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The bucket")


def test_no_more_steps_run_side_by_side_than_the_execution_allows(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(*(train(f"t{number}", bucket, seconds="0.5") for number in range(3)))
    arn = pipelines.start(name, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    found = list(pipelines.succeed(arn).values())
    assert all(after["StartTime"] >= before["EndTime"] for before, after in pairwise(found))


def test_a_cached_step_gives_the_result_of_an_earlier_execution(pipelines: Pipelines, bucket: str) -> None:
    step = train("train", bucket, message=get("Parameters.Message")) | {
        "CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}
    }
    parameters: tuple[Json, ...] = ({"Name": "Message", "Type": "String", "DefaultValue": "one"},)
    name = pipelines.create(step, parameters=parameters)
    first = pipelines.start(name)
    pipelines.ended(first)
    again = pipelines.start(name)
    other = pipelines.start(name, PipelineParameters=[{"Name": "Message", "Value": "two"}])
    assert {pipelines.ended(arn)["PipelineExecutionStatus"] for arn in (again, other)} == {"Succeeded"}
    cached = pipelines.steps(again)["train"]
    assert cached["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert cached["Metadata"] == pipelines.steps(first)["train"]["Metadata"]
    assert "CacheHitResult" not in pipelines.steps(other)["train"]


def test_a_tuning_step_tells_of_its_best_training_job(pipelines: Pipelines, bucket: str) -> None:
    definition = train("x", bucket)["Arguments"]
    definition["StaticHyperParameters"] = {"message": "error={x}"}
    del definition["HyperParameters"]
    definition["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "error", "Regex": "error=([0-9.]+)"}]
    tune: Json = {
        "Name": "tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": "Grid",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "error"},
                "ResourceLimits": {"MaxParallelTrainingJobs": 2},
                "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "x", "Values": ["3", "1", "2"]}]},
            },
            "TrainingJobDefinition": definition,
        },
    }
    best, second = (
        get("Steps.tune.BestTrainingJob.TrainingJobName"),
        get("Steps.tune.TrainingJobSummaries[1].TrainingJobName"),
    )
    name = pipelines.create(tune, train("after", bucket, best=best, second=second))
    arn = pipelines.start(name)
    pipelines.succeed(arn)
    given: dict[str, Any] = pipelines.job(arn, "after")["HyperParameters"]
    tuned = [
        pipelines.sagemaker.describe_training_job(TrainingJobName=given[key])["HyperParameters"]["x"]
        for key in ("best", "second")
    ]
    assert tuned == ["1", "2"]
    assert len(pipelines.steps(arn)["tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]) <= 32


def test_endpoint_steps_make_an_endpoint_and_update_it_the_next_time(
    pipelines: Pipelines, client: Client, bucket: str
) -> None:
    endpoint = f"e-{bucket}"[:60]
    fit = train("train", bucket, message=get("Execution.PipelineExecutionId"))
    container = {"Image": IMAGE, "ModelDataUrl": get("Steps.train.ModelArtifacts.S3ModelArtifacts")}
    variant = {
        "VariantName": "all",
        "ModelName": get("Steps.model.ModelName"),
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    name = pipelines.create(
        fit,
        {"Name": "model", "Type": "Model", "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": container}},
        {"Name": "config", "Type": "EndpointConfig", "Arguments": {"ProductionVariants": [variant]}},
        {
            "Name": "deploy",
            "Type": "Endpoint",
            "Arguments": {
                "EndpointName": endpoint,
                "EndpointConfigName": get("Steps.config.EndpointConfigName"),
            },
        },
    )
    seen = []
    for _ in range(2):
        arn = pipelines.start(name)
        pipelines.succeed(arn)
        described = pipelines.sagemaker.describe_endpoint(EndpointName=endpoint)
        config = pipelines.steps(arn)["config"]["Metadata"]["EndpointConfig"]["Arn"]
        assert (described["EndpointStatus"], described["EndpointConfigName"]) == (
            "InService",
            config.rpartition("/")[2],
        )
        answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=b"model")
        seen.append((json.load(answer["Body"])["hyperparameters"]["message"], arn.rpartition("/")[2]))
    pipelines.sagemaker.delete_endpoint(EndpointName=endpoint)
    assert [served for served, _ in seen] == [execution for _, execution in seen]
