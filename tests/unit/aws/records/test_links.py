"""Where links lead: a matter of data, the same for AWS and for a console of one's own."""

from typing import Any
from urllib.parse import unquote

import pytest

from boatyard.aws.records.links import Console, job_links, record_links

EMPTY: dict[str, Any] = {"inputs": {}, "outputs": {}, "result": {}, "job": None, "requests": []}
RECORD_URI = "s3://b/digits/records/run/step.json"
console = Console("https://console.example", "eu-west-1")


def links(**record: Any) -> dict[str, str]:
    return record_links(console, EMPTY | record, RECORD_URI)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_console_of_the_regions_partition(region: str, host: str) -> None:
    assert Console.from_environment({}, region).base == f"https://{host}"


def test_a_console_of_ones_own_takes_its_place() -> None:
    own = Console.from_environment({"BOATYARD_CONSOLE_URL": "http://127.0.0.1:1/_console/"}, "us-east-1")
    assert own.stored("s3://b/k/") == "http://127.0.0.1:1/_console/s3/buckets/b?region=us-east-1&prefix=k/"


def test_a_log_is_found_by_its_group_and_the_head_of_its_streams() -> None:
    link = job_links(console, "training", "digits-train-1", "/aws/sagemaker/TrainingJobs")["Log"]
    _, _, page = link.partition("#")
    assert page.startswith("logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FTrainingJobs$3F")
    once = unquote(page.replace("$", "%"))
    assert unquote(once).endswith("/aws/sagemaker/TrainingJobs?logStreamNameFilter=digits-train-1/")


def test_every_step_links_to_its_record_and_its_runs_summary() -> None:
    assert links() == {
        "Record": "https://console.example/s3/object/b?region=eu-west-1&prefix=digits/records/run/step.json",
        "Run summary": "https://console.example/s3/object/b?region=eu-west-1&prefix=digits/records/run.json",
    }


def test_data_is_what_the_step_wrote_or_else_what_it_read() -> None:
    assert links(outputs={"t": "s3://b/out/"}, inputs={"i": "s3://b/in/"})["Data"].endswith("prefix=out/")
    assert links(outputs={"table": "digits_1"}, inputs={"i": "s3://b/in/"})["Data"].endswith("prefix=in/")


def test_the_gate_links_to_the_report_beside_the_evaluation_that_it_read() -> None:
    read = {"evaluation.json": "s3://b/e/evaluation.json"}
    assert links(inputs=read)["Report"].endswith("prefix=e/report.html")


def test_registration_links_to_the_report_that_it_wrote_on_the_package() -> None:
    params = {"CustomerMetadataProperties": {"report": "s3://b/e/report.html"}}
    asked = {"service": "sagemaker", "operation": "CreateModelPackage", "params": params, "answer": {}}
    found = links(requests=[asked], result={"model_package_arn": "arn:aws:sagemaker:r:1:model-package/digits/1"})
    assert found["Report"].endswith("prefix=e/report.html")
    assert found["Model package"].endswith(
        "#/model-packages/arn%3Aaws%3Asagemaker%3Ar%3A1%3Amodel-package%2Fdigits%2F1"
    )


def test_an_endpoint_links_to_its_page_and_its_log() -> None:
    found = links(result={"endpoint_name": "digits"})
    assert found["Endpoint"].endswith("#/endpoints/digits")
    assert "Endpoints$252Fdigits" in found["Log"]


def test_keys_with_odd_letters_stay_whole() -> None:
    assert console.stored("s3://b/a b&c=d/ä.json").endswith("prefix=a%20b%26c%3Dd/%C3%A4.json")


def test_a_query_is_the_one_that_the_step_tells_of_or_else_its_last() -> None:
    asked = [
        {"service": "athena", "operation": "StartQueryExecution", "params": {}, "answer": {"QueryExecutionId": one}}
        for one in ("unload", "tidy")
    ]
    assert links(requests=asked)["Query"].endswith("/history/tidy")
    assert links(requests=asked, result={"query_execution_id": "unload"})["Query"].endswith("/history/unload")
