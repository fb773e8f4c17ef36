"""The pages for people show what is there: jobs, pipelines, logs."""

from __future__ import annotations

import json
import uuid
from urllib.parse import quote

import pytest
from tests.contract.conftest import Client, LocalServer
from tests.contract.console.browser import ROOT, Browser
from tests.waiting import until

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/test/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/test"


@pytest.fixture
def job(client: Client, bucket: str) -> str:
    """Give a training job that said something and ended."""
    name = f"echo-{uuid.uuid4().hex[:12]}"
    sagemaker = client("sagemaker")
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"failure": "the <b>mast</b> broke"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )

    def status() -> str:
        return str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])

    until(lambda: status() != "InProgress", "it has ended")
    return name


@pytest.fixture
def tuning_job(client: Client, bucket: str) -> str:
    """Give a tuning job of one training job, that has ended."""
    name, sagemaker = f"tune-{uuid.uuid4().hex[:12]}", client("sagemaker")
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "knots"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "sail", "Values": ["jib"]}]},
        },
        TrainingJobDefinition={
            "StaticHyperParameters": {"message": "knots=7.25"},
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "knots", "Regex": "knots=([0-9.]+)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    )

    def status() -> str:
        described = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return str(described["HyperParameterTuningJobStatus"])

    until(lambda: status() != "InProgress", "it has ended")
    return name


def test_a_jobs_page_shows_its_description_and_why_it_failed(browser: Browser, job: str) -> None:
    answer = browser.get(f"{ROOT}/sagemaker/jobs/{job}")
    assert answer.status == 200
    assert "Failed" in answer.text
    assert "AlgorithmError" in answer.text
    assert IMAGE in answer.text
    assert "the &lt;b&gt;mast&lt;/b&gt; broke" in answer.text
    assert "<b>mast</b>" not in answer.text
    assert job in browser.get(f"{ROOT}/sagemaker/jobs").text
    assert job in browser.get(f"{ROOT}/").text


def test_a_tuning_jobs_page_leads_to_its_training_jobs(browser: Browser, tuning_job: str) -> None:
    answer = browser.get(f"{ROOT}/sagemaker/hyper-tuning-jobs/{tuning_job}")
    assert answer.status == 200
    assert f"{ROOT}/sagemaker/jobs/{tuning_job}-001-" in answer.text
    assert "7.25" in answer.text
    assert "sail=jib" in answer.text
    assert tuning_job in browser.get(f"{ROOT}/sagemaker/hyper-tuning-jobs").text


def test_a_pipelines_page_leads_to_its_executions_and_they_lead_to_their_steps(
    browser: Browser, client: Client, bucket: str
) -> None:
    sagemaker, name = client("sagemaker"), f"pipe-{uuid.uuid4().hex[:12]}"
    model = {
        "Name": "hold",
        "Type": "Model",
        "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}},
    }
    step = {
        "Name": "give-up",
        "Type": "Fail",
        "Arguments": {"ErrorMessage": "no <b>wind</b>"},
        "DependsOn": ["hold"],
    }
    definition = json.dumps({"Steps": [model, step]})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=ROLE)
    arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    def status() -> str:
        return str(sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])

    until(lambda: status() == "Failed", "it has failed")
    assert f"{ROOT}/sagemaker/pipelines/{name}" in browser.get(f"{ROOT}/sagemaker/pipelines").text
    page = f"{ROOT}/sagemaker/pipeline-executions/{quote(arn, safe='')}"
    assert page in browser.get(f"{ROOT}/sagemaker/pipelines/{name}").text
    answer = browser.get(page)
    assert answer.status == 200
    assert "give-up" in answer.text
    assert "no &lt;b&gt;wind" in answer.text
    made = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    (model_arn,) = (step["Metadata"]["Model"]["Arn"] for step in made if step["StepName"] == "hold")
    model = model_arn.partition("/")[2]
    assert f'href="{ROOT}/sagemaker/models/{model}">{model}</a>' in answer.text


def test_a_log_is_read_on_from_where_it_was_read_to(browser: Browser, aws: LocalServer, job: str) -> None:
    folder = aws.state / "logs" / "TrainingJobs" / job
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "algo-2-1.log"
    file.write_text("1000\tfirst\n2000\tsecond\n3000\tstill being wri")
    query = f"{ROOT}/log/lines?group=/aws/sagemaker/TrainingJobs&prefix={job}/"
    first = json.loads(browser.get(query).text)
    assert [line[2] for line in first["lines"] if line[1] == f"{job}/algo-2-1"] == ["first", "second"]
    file.write_text("1000\tfirst\n2000\tsecond\n3000\tstill being written\n")
    then = json.loads(browser.get(f"{query}&after={quote(first['after'])}").text)
    assert [line[2] for line in then["lines"]] == ["still being written"]


@pytest.mark.parametrize("group", ["/aws/sagemaker/../../s3", "/etc", "", "/aws/sagemaker/Nothing"])
def test_a_log_page_reads_no_other_file(browser: Browser, group: str) -> None:
    answer = browser.get(f"{ROOT}/log/lines?group={quote(group)}&prefix=..")
    assert json.loads(answer.text)["lines"] == []


@pytest.mark.parametrize("service", ["sagemaker", "cloudwatch", "athena"])
def test_the_addresses_of_amazons_console_lead_to_the_same_things_here(browser: Browser, service: str) -> None:
    # what stands behind "#" is seen by the page's script only
    assert "data-forward" in browser.get(f"{ROOT}/{service}/home?region=us-east-1").text
    assert browser.get(f"{ROOT}/static/console.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/sagemaker/jobs/nothing", "/sagemaker/boats/x", "/s3/object/no-such-bucket?prefix=k", "/athena/x", "/x"]
)
def test_what_is_not_there_has_a_page_that_says_so(browser: Browser, path: str) -> None:
    answer = browser.get(f"{ROOT}{path}")
    assert answer.status == (200 if path == "/athena/x" else 404)
    assert "<h1>" in answer.text
