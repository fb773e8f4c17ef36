"""Connections on which endpoints are invoked, byte by byte: what a client library hides.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.contract.conftest import LocalServer

Client = Callable[..., Any]
Signed = Callable[..., bytes]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


@pytest.fixture(scope="module")
def endpoint(aws: LocalServer) -> Iterator[str]:
    """Give the name of an endpoint that says what it got."""
    name = f"e-{uuid.uuid4()}"
    with aws.clients() as client:
        sagemaker = client("sagemaker")
        sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE)
        variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200}
        )
        yield name
        sagemaker.delete_endpoint(EndpointName=name)


@pytest.fixture
def signed(aws: LocalServer, endpoint: str) -> Signed:
    """Give a function that returns an InvokeEndpoint request as bytes."""

    def make(body: bytes, name: str = endpoint, **headers: str) -> bytes:
        path = f"/endpoints/{name}/invocations"
        return _signed(aws, "POST", path, body, {"Content-Type": "text/plain", **headers})

    return make


def _signed(aws: LocalServer, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    keys = aws.environment
    request = AWSRequest(method, f"{aws.url}{path}", headers=headers, data=body)
    SigV4Auth(Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]), "sagemaker", "us-east-1").add_auth(
        request
    )
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(aws.url).netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def connection(aws: LocalServer) -> Iterator[socket.socket]:
    """Give a connection to the server."""
    with closing(_connect(aws)) as made:
        yield made


def _connect(aws: LocalServer) -> socket.socket:
    address = urlsplit(aws.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=60)


def _answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return response.status, headers, response.read()


def test_a_connection_answers_one_request_after_the_other(connection: socket.socket, signed: Signed) -> None:
    for number in range(20):
        connection.sendall(signed(b"row %d" % number))
        status, headers, body = _answer(connection)
        assert (status, headers["x-amzn-invoked-production-variant"]) == (200, "all")
        assert f"row {number}" in body.decode()


def test_a_request_that_comes_byte_by_byte_is_answered(connection: socket.socket, signed: Signed) -> None:
    for byte in signed(b"slow"):
        connection.sendall(bytes([byte]))
    status, _, body = _answer(connection)
    assert status == 200
    assert b"slow" in body


def test_requests_sent_before_the_answer_are_answered_in_their_order(connection: socket.socket, signed: Signed) -> None:
    connection.sendall(signed(b"first") + signed(b"second") + signed(b"third"))
    with connection.makefile("rb") as stream:
        answers = [_read(stream) for _ in range(3)]
    assert [word in answer for word, answer in zip((b"first", b"second", b"third"), answers, strict=True)] == [True] * 3


def _read(stream: Any) -> bytes:
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    body: bytes = stream.read(length)
    return body


def test_a_changed_body_is_refused_and_reaches_no_container(connection: socket.socket, signed: Signed) -> None:
    connection.sendall(signed(b"paid").replace(b"paid", b"free"))
    status, headers, _ = _answer(connection)
    assert (status, headers["x-amzn-errortype"]) == (400, "InvalidSignatureException")


def test_a_request_for_another_host_is_refused(connection: socket.socket, signed: Signed) -> None:
    request = signed(b"x")
    host = request.split(b"Host: ")[1].split(b"\r\n")[0]
    connection.sendall(request.replace(host, b"evil.example"))
    status, _, body = _answer(connection)
    assert status == 403
    assert b"--accept-host" in body


def test_an_endpoint_that_is_not_there_is_named(connection: socket.socket, signed: Signed) -> None:
    connection.sendall(signed(b"x", name="nobody"))
    status, headers, body = _answer(connection)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationError")
    assert "Endpoint nobody of account 123456789012 not found" in json.loads(body)["Message"]


def test_another_operation_on_the_same_connection_is_answered_too(
    connection: socket.socket, signed: Signed, aws: LocalServer
) -> None:
    connection.sendall(signed(b"x"))
    assert _answer(connection)[0] == 200
    headers = {"X-Amz-Target": "SageMaker.ListEndpoints", "Content-Type": "application/x-amz-json-1.1"}
    connection.sendall(_signed(aws, "POST", "/", b"{}", headers))
    status, _, body = _answer(connection)
    assert status == 200
    assert "Endpoints" in json.loads(body)


def test_a_client_that_says_close_gets_its_answer_and_the_end(connection: socket.socket, signed: Signed) -> None:
    connection.sendall(signed(b"last").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    with connection.makefile("rb") as stream:
        received = stream.read()
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"last" in received


def test_what_is_no_http_is_refused_and_the_server_goes_on(
    connection: socket.socket, signed: Signed, aws: LocalServer
) -> None:
    connection.sendall(b"POST /endpoints/x/invocations HTTP/1.1\r\nno header\r\n\r\n")
    assert _answer(connection)[0] == 400
    with closing(_connect(aws)) as another:
        another.sendall(signed(b"still here"))
        assert _answer(another)[0] == 200


def test_a_client_that_goes_away_disturbs_nobody(signed: Signed, aws: LocalServer) -> None:
    for _ in range(10):
        with closing(_connect(aws)) as gone:
            gone.sendall(signed(b"never read"))
    with closing(_connect(aws)) as connection:
        connection.sendall(signed(b"here"))
        assert b"here" in _answer(connection)[2]


def test_a_body_above_the_limit_is_refused(connection: socket.socket, signed: Signed) -> None:
    connection.sendall(signed(bytes(6291457)))
    status, headers, _ = _answer(connection)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationError")


def test_many_clients_at_once_each_get_their_own_answer(signed: Signed, aws: LocalServer) -> None:
    def ask(number: int) -> bool:
        with closing(_connect(aws)) as connection:
            texts = [f"client {number} row {row}" for row in range(10)]
            for text in texts:
                connection.sendall(signed(text.encode()))
                if text not in _answer(connection)[2].decode():
                    return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(32)))
