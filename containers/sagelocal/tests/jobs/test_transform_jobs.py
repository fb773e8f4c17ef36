"""Batch transform with the image `echo`, whose answers are what it was sent."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.errors import AwsError

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ENDED = {"Completed", "Failed", "Stopped"}

Account = Any  # conftest's
Eventually = Callable[[Callable[[], Any], str], Any]


def make_model(account: Account, **environment: str) -> None:
    account.call(
        "CreateModel",
        ModelName="echo",
        PrimaryContainer={"Image": IMAGE, "Environment": environment},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/boatyard",
    )


def _source(kind: str, uri: str = "s3://lake/in/") -> dict[str, Any]:
    return {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}


def start(account: Account, name: str = "batch", /, **members: Any) -> None:
    """Start a transform job of lake/in/, line by line; `source` and `target` are members of input and output."""
    source = {"DataSource": _source("S3Prefix"), "ContentType": "text/csv", "SplitType": "Line"}
    source |= members.pop("source", {})
    target = {"Accept": "text/csv", "AssembleWith": "Line", **members.pop("target", {})}
    account.call(
        "CreateTransformJob",
        **{
            "TransformJobName": name,
            "ModelName": "echo",
            "TransformInput": source,
            "TransformOutput": {"S3OutputPath": "s3://lake/out", **target},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **members,
        },
    )


def describe(account: Account, name: str = "batch") -> dict[str, Any]:
    described: dict[str, Any] = account.call("DescribeTransformJob", TransformJobName=name)
    return described


@pytest.fixture
def ended(eventually: Eventually) -> Callable[..., dict[str, Any]]:
    """Give a function that waits for the end of a job and describes it."""

    def wait(account: Account, name: str = "batch") -> dict[str, Any]:
        eventually(lambda: describe(account, name)["TransformJobStatus"] in ENDED, f"{name} ended")
        return describe(account, name)

    return wait


Ended = Callable[..., dict[str, Any]]


def test_every_object_under_the_prefix_becomes_one_with_the_answers(account: Account, ended: Ended) -> None:
    make_model(account)
    account.write("in/a.csv", b"1,2\n3,4\n")
    account.write("in/deep/b.csv", b"5,6")
    account.write("in/empty.csv", b"")
    start(account)
    described = ended(account)
    assert described["TransformJobStatus"] == "Completed", described
    assert described["TransformStartTime"] <= described["TransformEndTime"]
    assert account.keys("out/") == ["out/a.csv.out", "out/deep/b.csv.out", "out/empty.csv.out"]
    assert account.read("out/a.csv.out") == b"1,2\n3,4\n"
    assert account.read("out/deep/b.csv.out") == b"5,6\n"
    assert account.read("out/empty.csv.out") == b""


def test_a_file_that_is_not_split_is_one_request(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    account.write("in/env", b"env SAGEMAKER_BATCH")
    start(account, source={"SplitType": "None"}, target={"AssembleWith": "None"})
    assert ended(account)["TransformJobStatus"] == "Completed"
    assert account.read("out/env.out") == b"true"


def test_the_container_is_told_what_was_asked(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account, COLOUR="blue", SHAPE="round")
    names = ("MAX_PAYLOAD_IN_MB", "BATCH_STRATEGY", "MAX_CONCURRENT_TRANSFORMS")
    lines = [*(f"env SAGEMAKER_{name}" for name in names), "env COLOUR", "env SHAPE"]
    account.write("in/asked", "\n".join(lines).encode())
    start(
        account,
        MaxPayloadInMB=2,
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=3,
        Environment={"COLOUR": "red"},
    )
    assert ended(account)["TransformJobStatus"] == "Completed"
    assert account.read("out/asked.out") == b"2\nSINGLE_RECORD\n3\nred\nround\n"


def test_many_requests_at_once_keep_the_order_of_the_records(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    rows = b"".join(b"row %d\n" % number for number in range(300))
    account.write("in/rows", rows)
    start(account, BatchStrategy="SingleRecord", MaxConcurrentTransforms=8)
    assert ended(account)["TransformJobStatus"] == "Completed"
    assert account.read("out/rows.out") == rows


def test_gzip_input_is_unpacked(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    account.write("in/a.csv.gz", gzip.compress(b"1,2\n3,4\n"))
    start(account, source={"CompressionType": "Gzip"})
    assert ended(account)["TransformJobStatus"] == "Completed"
    assert account.read("out/a.csv.gz.out") == b"1,2\n3,4\n"


def test_ids_are_kept_from_the_model_and_stay_beside_its_answers(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    account.write("in/a.csv", b'"id, one",1,2\nid-2,3,4\n')
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-2,-1]"}
    start(account, DataProcessing=processing)
    assert ended(account)["TransformJobStatus"] == "Completed"
    assert account.read("out/a.csv.out") == b'"id, one",1,2\nid-2,3,4\n'


def test_json_lines_get_the_answer_as_a_member(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    account.write("in/a.jsonl", b'{"id": 1, "features": [1, 2]}\n{"id": 2, "features": [3, 4]}\n')
    processing = {
        "InputFilter": "$.features",
        "JoinSource": "Input",
        "OutputFilter": "$['id','SageMakerOutput']",
    }
    types = {"source": {"ContentType": "application/jsonlines"}, "target": {"Accept": "application/jsonlines"}}
    start(account, DataProcessing=processing, **types)
    assert ended(account)["TransformJobStatus"] == "Completed"
    lines = [json.loads(line) for line in account.read("out/a.jsonl.out").splitlines()]
    assert lines == [{"id": 1, "SageMakerOutput": [1, 2]}, {"id": 2, "SageMakerOutput": [3, 4]}]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"status 400", "ClientError: s3://lake/in/bad: Bad HTTP status received from algorithm: 400: as you asked"),
        (b"status 500", "AlgorithmError: s3://lake/in/bad: Bad HTTP status received from algorithm: 500: as you asked"),
        (b"die", "AlgorithmError: s3://lake/in/bad: The container ended while it was asked, exit code: 9"),
        (b"x" * (1 << 20) + b"y", "ClientError: s3://lake/in/bad: a record is larger than the MaxPayloadInMB limit"),
    ],
    ids=["refused", "failed", "died", "too-large"],
)
def test_a_bad_record_fails_the_job_and_leaves_no_output_of_its_file(
    account_relocated: Account, ended: Ended, record: bytes, reason: str
) -> None:
    account = account_relocated
    make_model(account)
    account.write("in/a", b"good\n")
    account.write("in/bad", b"first\n" + record + b"\nlast\n")
    start(account, MaxPayloadInMB=1, BatchStrategy="SingleRecord", ModelClientConfig={"InvocationsMaxRetries": 1})
    described = ended(account)
    assert described["TransformJobStatus"] == "Failed"
    assert reason in described["FailureReason"]
    assert account.keys("out/") == ["out/a.out"]  # the file before it was whole
    account.await_line("TransformJobs", "lake/in/bad: ")


def test_answers_that_do_not_match_the_records_are_not_joined(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    account.write("in/a.csv", b"env NOTHING\n")  # whose answer is empty
    start(account, DataProcessing={"JoinSource": "Input"})
    described = ended(account)
    assert "AlgorithmError: s3://lake/in/a.csv: the container answered 0 records to 1" in described["FailureReason"]
    assert account.keys("out/") == []


def test_a_container_that_does_not_start_fails_the_job(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account, ECHO_EXIT="3")
    account.write("in/a", b"1")
    start(account)
    assert (
        "AlgorithmError: The container ended before it answered /ping, exit code: 3"
        in (ended(account)["FailureReason"])
    )


def test_a_prefix_without_objects_fails_the_job(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account)
    start(account)
    assert 'ClientError: No S3 objects found under S3 URL "s3://lake/in/"' in ended(account)["FailureReason"]


def test_a_stopped_job_stores_nothing(account_relocated: Account, ended: Ended) -> None:
    account = account_relocated
    make_model(account, ECHO_START_SECONDS="600")
    account.write("in/a", b"1")
    start(account)
    account.call("StopTransformJob", TransformJobName="batch")
    assert ended(account)["TransformJobStatus"] == "Stopped"
    assert account.keys("out/") == []
    with pytest.raises(AwsError, match="in status Stopped"):
        account.call("StopTransformJob", TransformJobName="batch")


def test_a_job_goes_on_while_the_server_is_started_again(
    account_relocated: Account, ended: Ended, eventually: Eventually
) -> None:
    account = account_relocated
    make_model(account, ECHO_START_SECONDS="1")
    account.write("in/a", b"1\n2\n")
    start(account)
    eventually(lambda: "TransformStartTime" in describe(account), "the job started")
    account.restart()
    assert ended(account)["TransformJobStatus"] == "Completed"
    assert account.read("out/a.out") == b"1\n2\n"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "must not exceed 100"),
        ({"ModelName": "other"}, 'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/other"'),
        (
            {"source": {"SplitType": "RecordIO"}, "DataProcessing": {"JoinSource": "Input"}},
            "needs a SplitType of None or Line, not RecordIO",
        ),
        ({"source": {"DataSource": _source("AugmentedManifestFile")}}, "S3DataType = AugmentedManifestFile"),
        ({"DataProcessing": {"InputFilter": "$[?(@.a)]"}}, "DataProcessing.InputFilter: batch transform does not take"),
        ({"DataProcessing": {"JoinSource": "Input"}, "target": {"Accept": "application/json"}}, "Accept like the Con"),
        ({"DataProcessing": {"JoinSource": "Input"}, "source": {"SplitType": "None"}}, "needs SplitType Line"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "source": {"ContentType": "image/png"}},
            "ContentType of text/csv",
        ),
        ({"DataProcessing": {"JoinSource": "Input"}, "target": {"AssembleWith": "None"}}, "needs AssembleWith Line"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://lake/c"}}, "does not support DataCaptureConfig"),
    ],
)
def test_what_cannot_be_done_is_refused(account_relocated: Account, members: dict[str, Any], message: str) -> None:
    make_model(account_relocated)
    with pytest.raises(AwsError) as refused:
        start(account_relocated, **members)
    assert message in refused.value.message
    assert account_relocated.call("ListTransformJobs")["TransformJobSummaries"] == []
