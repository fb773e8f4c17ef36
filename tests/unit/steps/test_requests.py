"""What the digits model asks of AWS, request by request; `REWRITE_GOLDEN=1` writes the files anew after a change."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from boatyard.aws.requests.shapes import shape_errors
from boatyard.spec import ModelSpec
from boatyard.spec.deployment import EXAMPLE
from boatyard.steps import BATCH_STEPS, STEPS, RunContext, Step, fill, gate
from boatyard.steps.run import CLIENT_TOKEN, CONTENT_HASH, ENDPOINT_CONFIG_NAME, JOB_NAME, JOB_TABLE, MODEL_NAME

GOLDEN = Path(__file__).parent / "golden"
PULLED = re.compile(r"\{\{ ti\.xcom_pull\(task_ids='(\w+)'\)\['([^']+)'\] \}\}")
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/digits/1"
NAMES = {
    JOB_NAME: "digits-step-0123456789abcdef-0-0",
    JOB_TABLE: "digits_step_0123456789abcdef_0_0",
    CLIENT_TOKEN: "0123456789abcdef0123456789abcdef",
    MODEL_NAME: "digits-0123456789abcdef",
    ENDPOINT_CONFIG_NAME: "digits-0123456789abcdef",
    CONTENT_HASH: "0123456789abcdef",
    "<register.model_package_arn>": ARN,
}
ALL_STEPS = (*STEPS, *BATCH_STEPS)
each_step = pytest.mark.parametrize("step", ALL_STEPS, ids=[step.name for step in ALL_STEPS])


@each_step
def test_the_requests_of_digits_are_the_golden_ones(digits: ModelSpec, step: Step) -> None:
    found = [
        {"service": request.service, "operation": request.operation, "params": request.params}
        for request in step.build(digits, RunContext.for_airflow(EXAMPLE))
    ]
    file = GOLDEN / f"{step.name}.json"
    if os.environ.get("REWRITE_GOLDEN"):
        file.write_text(json.dumps(found, indent=2) + "\n")
    assert json.loads(file.read_text()) == found


@each_step
def test_aws_would_take_every_request_of_digits(digits: ModelSpec, step: Step) -> None:
    for request in step.build(digits, RunContext.for_check(EXAMPLE)):
        if request.service != "boatyard":
            assert shape_errors(request.service, request.operation, fill(request.params, NAMES)) == []


@pytest.mark.parametrize("steps", [STEPS, BATCH_STEPS], ids=["release", "batch"])
def test_a_step_refers_only_to_results_of_earlier_steps(digits: ModelSpec, steps: tuple[Step, ...]) -> None:
    earlier: dict[str, tuple[str, ...]] = {}
    for step in steps:
        asked = json.dumps([request.params for request in step.build(digits, RunContext.for_airflow(EXAMPLE))])
        for name, key in PULLED.findall(asked):
            assert key in earlier[name]
        earlier[step.name] = gate.result_keys(digits) if step.name == "gate" else step.result


def test_golden_files_are_of_steps_that_there_are() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {step.name for step in ALL_STEPS}


@each_step
def test_requests_are_plain_json_and_the_same_every_time(digits: ModelSpec, step: Step) -> None:
    def built() -> list[tuple[str, str, Any]]:
        return [(one.service, one.operation, one.params) for one in step.build(digits, RunContext.for_airflow(EXAMPLE))]

    assert built() == built()
    assert json.loads(json.dumps(built())) == [list(one) for one in built()]


def test_code_lies_under_its_hash(digits: ModelSpec) -> None:
    run = RunContext.for_check(EXAMPLE)
    archives = {step.name: step.code(digits, run).archive for step in STEPS if step.code}
    model = "s3://example-bucket/digits/code/hash-of-jobs/sourcedir.tar.gz"
    assert archives == {
        "ingest": "s3://example-bucket/features/digits/code/hash-of-ingest/sourcedir.tar.gz",
        "process": model,
        "train": model,
        "evaluate": model,
        "register": model,
    }


def test_words_are_filled_wherever_they_stand() -> None:
    asked = {"Name": "{job_name}", "Outputs": [{"Uri": "s3://b/{job_name}/{other}/"}], "Count": 1}
    assert fill(asked, {JOB_NAME: "j-1"}) == {"Name": "j-1", "Outputs": [{"Uri": "s3://b/j-1/{other}/"}], "Count": 1}
