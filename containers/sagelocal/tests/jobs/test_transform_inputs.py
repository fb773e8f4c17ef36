"""Batch transform of record formats, manifests, payloads without a limit, and on several instances.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from typing import Any

import anycrc
import pytest

from sagelocal.jobs.transform.splitting import SPLITS, SplitError

Account = Any  # conftest's
Eventually = Callable[[Callable[[], Any], str], Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ENDED = {"Completed", "Failed", "Stopped"}
MAGIC = 0xCED7230A


def _transform(
    account: Account, eventually: Eventually, source: dict[str, Any], instances: int = 1, **members: Any
) -> dict[str, Any]:
    account.call(
        "CreateModel",
        ModelName="echo",
        PrimaryContainer={"Image": IMAGE},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/boatyard",
    )
    account.call(
        "CreateTransformJob",
        TransformJobName="batch",
        ModelName="echo",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/in/"}},
            "SplitType": "None",
            **source,
        },
        TransformOutput={"S3OutputPath": "s3://lake/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": instances},
        **members,
    )

    def describe() -> dict[str, Any]:
        described: dict[str, Any] = account.call("DescribeTransformJob", TransformJobName="batch")
        return described

    eventually(lambda: describe()["TransformJobStatus"] in ENDED, "it ended")
    return describe()


def _recordio(*records: bytes, part: int = 0) -> bytes:
    heads = [struct.pack("<II", MAGIC, part << 29 | len(record)) for record in records]
    return b"".join(head + record + bytes(-len(record) % 4) for head, record in zip(heads, records, strict=True))


def _tfrecord(*records: bytes) -> bytes:
    return b"".join(
        struct.pack("<Q", len(record)) + _masked(struct.pack("<Q", len(record))) + record + _masked(record)
        for record in records
    )


def _masked(data: bytes) -> bytes:
    crc = anycrc.Model("CRC32C").calc(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


FORMATS = {"RecordIO": _recordio, "TFRecord": _tfrecord}


@pytest.mark.parametrize("split", FORMATS)
def test_a_single_record_is_sent_without_its_frame(
    account_relocated: Account, eventually: Eventually, split: str
) -> None:
    account = account_relocated
    account.write("in/data", FORMATS[split](b"size one", b"env SAGEMAKER_BATCH", b"three"))
    described = _transform(account, eventually, {"SplitType": split}, BatchStrategy="SingleRecord")
    assert described["TransformJobStatus"] == "Completed", described
    assert account.read("out/data.out") == b"8 wholetruethree"


@pytest.mark.parametrize("split", FORMATS)
def test_many_records_are_sent_with_their_frames(
    account_relocated: Account, eventually: Eventually, split: str
) -> None:
    account = account_relocated
    data = FORMATS[split](*(b"x" * 300_000 for _ in range(8)))
    account.write("in/data", data)
    described = _transform(account, eventually, {"SplitType": split}, MaxPayloadInMB=1, BatchStrategy="MultiRecord")
    assert described["TransformJobStatus"] == "Completed", described
    assert account.read("out/data.out") == data


def test_a_record_in_parts_is_one_record() -> None:
    """RecordIO keeps the magic number out of the data by cutting a record there."""
    stream = _recordio(b"before", part=1) + _recordio(b"after!!", part=3) + _recordio(b"next")
    records = [record.content for record in SPLITS["RecordIO"].records(io.BytesIO(stream))]
    assert records == [b"before" + struct.pack("<I", MAGIC) + b"after!!", b"next"]


@pytest.mark.parametrize(
    ("split", "data", "message"),
    [
        ("RecordIO", b"1,2,3\n", "it is no RecordIO file"),
        ("RecordIO", _recordio(b"cut off")[:-3], "it ends within a record"),
        ("RecordIO", _recordio(b"begun", part=1), "it ends within a record"),
        ("RecordIO", _recordio(b"ended", part=3), "do not follow each other"),
        ("TFRecord", b"1,2,3\n" * 4, "the checksum of a record's length is wrong"),
        ("TFRecord", b"\0" * 5, "it ends within a record"),
    ],
)
def test_a_file_of_another_format_is_refused(split: str, data: bytes, message: str) -> None:
    with pytest.raises(SplitError, match=message):
        list(SPLITS[split].records(io.BytesIO(data)))


def test_a_bad_file_fails_the_job_by_its_name(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    account.write("in/good", _recordio(b"1"))
    account.write("in/wrong", b"1,2,3\n")
    described = _transform(account, eventually, {"SplitType": "RecordIO"}, BatchStrategy="SingleRecord")
    assert described["TransformJobStatus"] == "Failed"
    assert "ClientError: s3://lake/in/wrong: it is no RecordIO file" in described["FailureReason"]
    assert account.keys("out/") == ["out/good.out"]


def test_without_a_limit_a_file_of_any_size_is_sent_in_chunks(
    account_relocated: Account, eventually: Eventually
) -> None:
    account = account_relocated
    account.write("in/large", b"size " + b"x" * (7 << 20))
    described = _transform(account, eventually, {}, MaxPayloadInMB=0)
    assert described["TransformJobStatus"] == "Completed", described
    assert account.read("out/large.out") == f"{(7 << 20) + 5} chunked".encode()


def test_a_manifest_names_the_inputs(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    for name in ("a.csv", "deep/b.csv", "c.csv"):
        account.write(f"data/{name}", name.encode())
    account.write("lists/some.manifest", json.dumps([{"prefix": "s3://lake/data/"}, "deep/b.csv", "a.csv"]).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://lake/lists/some.manifest"}}
    described = _transform(account, eventually, {"DataSource": source})
    assert described["TransformJobStatus"] == "Completed", described
    assert account.keys("out/") == ["out/a.csv.out", "out/deep/b.csv.out"]
    assert account.read("out/deep/b.csv.out") == b"deep/b.csv"


def test_several_instances_share_the_inputs(account: Account, eventually: Eventually) -> None:
    for number in range(5):
        account.write(f"in/{number}", b"pid")
    described = _transform(account, eventually, {}, instances=2)
    assert described["TransformJobStatus"] == "Completed", described
    assert account.keys("out/") == [f"out/{number}.out" for number in range(5)]
    processes = [account.read(f"out/{number}.out") for number in range(5)]
    assert len(set(processes)) == 2
    assert processes[0] == processes[2] == processes[4]


def test_an_instance_with_bad_data_does_not_stop_the_others(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    for number in range(4):
        account.write(f"in/{number}", b"status 400" if number == 0 else b"fine")
    described = _transform(account, eventually, {}, instances=2)
    assert described["TransformJobStatus"] == "Failed"
    assert "s3://lake/in/0: Bad HTTP status" in described["FailureReason"]
    assert account.keys("out/") == ["out/1.out", "out/2.out", "out/3.out"]
