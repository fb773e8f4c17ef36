"""The pages for people: who sees them, and that they show what is there."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.contract.conftest import LocalServer

Client = Callable[..., Any]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/test/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/test"
ROOT = "/_console"


@dataclass
class Answer:
    """What a browser gets."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Browser:
    """Send what a browser sends: no signature, its cookie if it has one."""

    server: LocalServer
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        address = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read().decode(errors="replace"))
        finally:
            connection.close()

    def log_in(self, link: str) -> Answer:
        answer = self.get(link.removeprefix(self.server.url))
        if "set-cookie" in answer.headers:
            self.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        return answer


def login_link(server: LocalServer) -> str:
    command = [sys.executable, "-m", "sagelocal", "console", "--state", str(server.state)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def stranger(aws: LocalServer) -> Browser:
    return Browser(aws)


@pytest.fixture
def browser(aws: LocalServer) -> Browser:
    browser = Browser(aws)
    assert browser.log_in(login_link(aws)).status == 303
    return browser


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
    while sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress":
        time.sleep(0.1)
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
    request = {"HyperParameterTuningJobName": name}
    while sagemaker.describe_hyper_parameter_tuning_job(**request)["HyperParameterTuningJobStatus"] == "InProgress":
        time.sleep(0.1)
    return name


@pytest.mark.parametrize("path", ["/", "/sagemaker/jobs", "/s3/buckets", "/log/lines", "/nothing/at/all"])
def test_without_a_login_there_is_nothing_to_see(stranger: Browser, path: str) -> None:
    answer = stranger.get(f"{ROOT}{path}")
    assert answer.status == 401
    assert "sagelocal console --state" in answer.text


def test_a_link_logs_one_browser_in_and_no_second(aws: LocalServer) -> None:
    link = login_link(aws)
    first, second = Browser(aws), Browser(aws)
    assert first.log_in(link).headers["location"] == f"{ROOT}/"
    assert first.get(f"{ROOT}/").status == 200
    assert second.log_in(link).status == 403
    assert second.get(f"{ROOT}/").status == 401


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        (f"{ROOT}/sagemaker/home?region=r#/jobs/j", f"{ROOT}/sagemaker/home?region=r#/jobs/j"),
        ("https://elsewhere.example/", f"{ROOT}/"),
        ("//elsewhere.example/_console/", f"{ROOT}/"),
        (f"{ROOT}/\\elsewhere.example", f"{ROOT}/"),
        (f"{ROOT}/x\r\nSet-Cookie: a=b", f"{ROOT}/"),
    ],
)
def test_a_login_leads_to_the_page_that_was_asked_for_and_to_no_other_site(
    aws: LocalServer, wanted: str, target: str
) -> None:
    answer = Browser(aws).log_in(f"{login_link(aws)}&next={quote(wanted)}")
    assert (answer.status, answer.headers["location"]) == (303, target)


def test_another_host_or_origin_is_refused(browser: Browser) -> None:
    assert browser.get(f"{ROOT}/", Host="evil.example").status == 403
    assert browser.get(f"{ROOT}/", Origin="https://evil.example").status == 403
    assert browser.get(f"{ROOT}/", Origin="null").status == 403


def test_pages_only_show(browser: Browser) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert browser.get(f"{ROOT}/", method=method).status == 405


def test_the_cookie_opens_the_console_and_not_the_api(browser: Browser, bucket: str) -> None:
    assert browser.get(f"/{bucket}").status == 403
    assert browser.get("/").status == 403


def test_a_page_runs_no_script_but_the_consoles_own_and_stands_in_no_frame(browser: Browser) -> None:
    policy = browser.get(f"{ROOT}/").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


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
    while sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] != "Failed":
        time.sleep(0.05)
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


def test_folders_and_objects_are_found_by_clicking(browser: Browser, client: Client, bucket: str) -> None:
    s3 = client("s3")
    for key in ("a/1.txt", "a/b/2.txt", "a/b/3.txt", "a0.txt", "top.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert bucket in browser.get(f"{ROOT}/s3/buckets").text
    top = browser.get(f"{ROOT}/s3/buckets/{bucket}").text
    shown = re.findall(r"<tr><td><a [^>]*>([^<]*)</a>", top)
    assert shown == ["a/", "a0.txt", "top.txt"]
    inner = browser.get(f"{ROOT}/s3/buckets/{bucket}?prefix=a/").text
    assert re.findall(r"<tr><td><a [^>]*>([^<]*)</a>", inner) == ["b/", "1.txt"]


@pytest.mark.parametrize(
    ("key", "body", "shown"),
    [
        ("x/table.csv", b"name,score\nada,1.5\n", "<th>score</th>"),
        ("x/bare.csv", b"1,2\n3,4\n", "<td>3</td>"),
        ("x/metrics.json", b'{"accuracy": 0.9, "data": "s3://b/k"}', f'href="{ROOT}/s3/object/b?prefix=k"'),
        ("x/broken.json", b'{"accuracy": ', "It is no readable .json"),
        ("x/broken.parquet", b"PAR1", "It is no readable .parquet"),
        ("x/notes.txt", b"<script>alert(1)</script>", "&lt;script&gt;alert(1)"),
        ("x/report.html", b"<h1>Report</h1>", "<iframe "),
        ("x/model.bin", b"\0\1\2", "has no preview"),
        ("x/empty.csv", b"", "empty"),
    ],
)
def test_an_object_shows_its_contents(
    browser: Browser, client: Client, bucket: str, key: str, body: bytes, shown: str
) -> None:
    client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    answer = browser.get(f"{ROOT}/s3/object/{bucket}?prefix={key}")
    assert answer.status == 200
    assert shown in answer.text


def test_a_report_is_served_as_it_is_apart_from_the_console(
    browser: Browser, stranger: Browser, client: Client, bucket: str
) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="m/e/job/report.html", Body=b"<h1>Report</h1><img src='p.png'>")
    s3.put_object(Bucket=bucket, Key="m/e/job/p.png", Body=b"\x89PNG")
    s3.put_object(Bucket=bucket, Key="m/e/other/secret.txt", Body=b"1")
    (source,) = re.findall(
        r'<iframe src="([^"]*)"', browser.get(f"{ROOT}/s3/object/{bucket}?prefix=m/e/job/report.html").text
    )
    report = stranger.get(source)  # a page without our cookie, as a frame that is cut off from us is
    assert (report.status, report.text) == (200, "<h1>Report</h1><img src='p.png'>")
    assert report.headers["content-type"] == "text/html; charset=utf-8"
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in report.headers["content-security-policy"]
    assert report.headers["referrer-policy"] == "no-referrer"
    picture = stranger.get(source.replace("report.html", "p.png"))
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert stranger.get(source.replace("job/report.html", "other/secret.txt")).status == 403
    assert stranger.get(source.replace("job/report.html", "job/../other/secret.txt")).status in (403, 404)


@pytest.mark.parametrize(
    "path", ["/sagemaker/jobs/nothing", "/sagemaker/boats/x", "/s3/object/no-such-bucket?prefix=k", "/athena/x", "/x"]
)
def test_what_is_not_there_has_a_page_that_says_so(browser: Browser, path: str) -> None:
    answer = browser.get(f"{ROOT}{path}")
    assert answer.status == (200 if path == "/athena/x" else 404)
    assert "<h1>" in answer.text
