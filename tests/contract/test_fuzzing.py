"""Whatever is sent, sagelocal answers, and says what is wrong with it: no bare fault, no hang, no file elsewhere."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.shapes import EVIL, Words, documents, operation_of, request_of

import sagelocal.server  # imports every module that registers operations
from sagelocal.operations import OPERATIONS

Server = Any  # conftest's LocalServer
Start = Callable[..., Server]

assert sagelocal.server.ACCOUNT == "123456789012"
EXAMPLES = int(os.environ.get("SAGELOCAL_FUZZ", "6"))  # of each operation
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
WAIT = 60  # seconds for an answer
FUZZ = settings(
    max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES < 50, database=None
)

WORDS = Words(
    {
        "Image": [IMAGE],
        "ImageUri": [IMAGE],
        "RoleArn": [ROLE],
        "roleArn": [ROLE],
        "S3Uri": ["s3://lake/data/", "s3://lake/", "s3://nowhere/x"],
        "S3OutputPath": ["s3://lake/out"],
        "OutputLocation": ["s3://lake/results/"],
        "ModelDataUrl": ["s3://lake/model.tar.gz"],
        "LocalPath": ["/opt/ml/processing/in", "/opt/ml/input/data/x", "/tmp/a"],  # noqa: S108 - a job's own path
        "Arn": [f"{ARN}:training-job/one", f"{ARN}:endpoint/one", "arn:aws:sns:us-east-1:123456789012:t"],
        "NextToken": ["x", "MTA=", "10"],
        "InstanceType": ["ml.m5.large"],
        "QueryString": [
            "SELECT 1",
            "SELECT * FROM x",
            "DROP TABLE x",
            "SELECT '",
            "UNLOAD (SELECT 1) TO 's3://lake/u'",
        ],
        "EventPattern": ['{"source": ["aws.sagemaker"]}', '{"a": [{"numeric": ["<", 1]}]}', "{", '{"a": 1}'],
        "EventTime": ["2026-01-01T00:00:00Z", "1"],
        "Regex": ["acc=([0-9]+)", "(", "(a+)+$"],
        "Value": ["1", "0.5", "x"],
        "Expression": ["m1 + 1", "SELECT"],
    },
    ("one", "two", "lake", "default", "a-b", "all"),
)


class Wire:
    """Send signed requests, whatever they say."""

    def __init__(self, server: Server) -> None:
        self._server = server
        environment = server.environment
        self._host = urlsplit(server.url).netloc
        self._keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])

    def send(self, service: str, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        request = AWSRequest(method, f"{self._server.url}{path}", dict(headers), body)
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(self._keys, service, "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(self._host, timeout=WAIT)
        try:
            connection.request(method, path, body, dict(request.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def server(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server with a little of everything, alone in its folder."""
    server = start_server("--stop-grace", "1", state=tmp_path_factory.mktemp("alone") / "state")
    around = server.state.parent
    with server.clients() as client:
        s3 = client("s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="data/one", Body=b"1")
    yield server
    assert {path.name for path in around.iterdir()} == {"state", "state.log"}


@pytest.fixture(scope="module")
def wire(server: Server) -> Wire:
    return Wire(server)


def _is_sound(status: int, body: bytes, sent: Any) -> None:
    assert status < 500 or status == 501, (status, body[:2000], sent)
    assert b"InternalFailure" not in body, (body[:2000], sent)


@pytest.mark.parametrize(("service", "name"), sorted(OPERATIONS))
def test_an_own_operation_answers_every_request(wire: Wire, service: str, name: str) -> None:
    operation = operation_of(service, name)
    signing = operation.service_model.signing_name

    @FUZZ
    @given(documents(operation.input_shape, WORDS))
    def ask(document: Any) -> None:
        method, path, headers, body = request_of(operation, document)
        status, answer = wire.send(signing, method, path, headers, body)
        _is_sound(status, answer, document)

    ask()


METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"])
PARTS = st.sampled_from(["lake", "data/one", "new", *EVIL]).map(lambda text: quote(text, safe="/%", errors="replace"))
SUBRESOURCES = (
    *("acl", "cors", "delete", "lifecycle", "location", "object-lock", "partNumber", "policy", "retention", "tagging"),
    *("uploadId", "uploads", "versioning", "versionId", "versions", "list-type", "max-keys", "marker", "prefix"),
    *("continuation-token", "delimiter", "encoding-type", "start-after", "key-marker", "X-Amz-Expires", "attributes"),
)
HEADERS = (
    *("content-md5", "content-type", "if-match", "if-none-match", "if-modified-since", "range", "x-amz-acl"),
    *("x-amz-copy-source", "x-amz-copy-source-range", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"),
    *("x-amz-decoded-content-length", "x-amz-meta-a", "x-amz-tagging", "x-amz-storage-class", "x-amz-trailer"),
    *("x-amz-server-side-encryption", "x-amz-object-lock-mode", "x-amz-checksum-mode", "x-amz-mp-object-size"),
)
VALUES = st.sampled_from(
    ["", "1", "0", "-1", "2", "*", "lake/data/one", "bytes=0-0", "bytes=9-1", "\u00b2", "a=b&c", "x" * 300]
)
DOCUMENTS = st.sampled_from(
    [
        b"",
        b"x",
        b"<",
        b"<a/>",
        b"<Delete><Object><Key>data/none</Key></Object></Delete>",
        b"<Delete><Object><Key></Key></Object><Object/></Delete>",
        b"<CompleteMultipartUpload><Part><PartNumber>\xc2\xb2</PartNumber></Part></CompleteMultipartUpload>",
        b"<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>",
        b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Tagging>&x;</Tagging>',
        b"<a>" * 3000,
        b"\xff\xfe\0",
    ]
)


def test_s3_answers_every_request(wire: Wire) -> None:
    @settings(FUZZ, max_examples=EXAMPLES * 20)
    @given(
        METHODS,
        st.lists(PARTS, max_size=2),
        st.dictionaries(st.sampled_from(SUBRESOURCES), VALUES, max_size=3),
        st.dictionaries(st.sampled_from(HEADERS), VALUES, max_size=3),
        DOCUMENTS,
    )
    def ask(method: str, parts: list[str], query: dict[str, str], headers: dict[str, str], body: bytes) -> None:
        asked = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())
        path = f"/{'/'.join(parts)}" + (f"?{asked}" if asked else "")
        status, answer = wire.send("s3", method, path, headers, body)
        _is_sound(status, answer, (method, path, headers, body[:100]))
        assert b"root:" not in answer

    ask()


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"text"',
        b'{"MaxResults": NaN}',
        b'{"MaxResults": 1e999}',
        b'{"MaxResults": ' + b"9" * 5000 + b"}",
        b'{"CreationTimeAfter": 1e300}',
        b'{"NameContains": "\\ud800"}',
        b'{"NameContains": "\xff"}',
        b"[" * 100_000,
        b'{"a": ' * 5000,
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_a_document_that_json_or_the_shape_does_not_know_is_a_serialization_error(wire: Wire, body: bytes) -> None:
    headers = {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Content-Type": "application/x-amz-json-1.1"}
    status, answer = wire.send("sagemaker", "POST", "/", headers, body)
    assert (status, b"SerializationException" in answer) == (400, True), answer
