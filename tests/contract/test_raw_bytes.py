"""Bytes that are no proper request, on both sides of the port: what cheroot reads, and the door of endpoints."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Server = Any  # conftest's LocalServer

FUZZ = settings(max_examples=40, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
DOOR = b"POST /endpoints/e/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
S3 = b"PUT /lake/key HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HEADS = (DOOR, S3, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"POST /endpoints/", b"")
LINES = (
    b"Content-Length: 5\r\n",
    b"Content-Length: -5\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: \u00b2\r\n".encode("latin-1"),
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    b"Authorization: AWS4-HMAC-SHA256 \xff\r\n",
    b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=, Signature=\r\n",
    b"x-amz-date: tomorrow\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Host: \xff[::1\r\n",
    b": nameless\r\n",
    b"x\0y: z\r\n",
    b"X: " + b"y" * 5_000 + b"\r\n",
    b"\r\n",
)
BODIES = (b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"-1\r\n", b"ffffffffffffffff\r\n", b"zz\r\n", b"\0" * 100)
MESSAGES = st.builds(
    lambda head, lines, body: head + b"".join(lines) + b"\r\n" + body,
    st.sampled_from(HEADS),
    st.lists(st.sampled_from(LINES), max_size=4),
    st.sampled_from(BODIES) | st.binary(max_size=60),
)


@pytest.fixture
def send(aws: Server) -> Callable[[bytes], bytes]:
    """Give a function that sends bytes, says that there are no more, and returns all that comes back."""
    address = urlsplit(aws.url)

    def send(data: bytes) -> bytes:
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as connection:
            with suppress(OSError):  # it may refuse before it has read everything
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            with suppress(ConnectionError):
                while piece := connection.recv(1 << 16):
                    answer += piece
        return answer

    return send


@pytest.fixture
def alive(aws: Server) -> Callable[[], bool]:
    """Give a function that tells whether the server still answers on both sides."""

    def alive() -> bool:
        address = urlsplit(aws.url)
        for head in (DOOR, S3):
            with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as connection:
                connection.sendall(head + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
                if not connection.recv(1 << 16).startswith(b"HTTP/1.1 4"):
                    return False
        return True

    return alive


def test_bytes_that_are_no_request_are_refused_and_end_nothing(
    send: Callable[[bytes], bytes], alive: Callable[[], bool]
) -> None:
    @FUZZ
    @example(DOOR)
    @example(DOOR + b"Content-Length: 5\r\n\r\nhel")
    @example(DOOR + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    @example(b"POST /endpoints/\xff\xfe/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    @example(b"POST http://127.0.0.1/endpoints/e/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    @example(b"POST /endpoints/e/../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    @example((DOOR + b"Content-Length: 0\r\n\r\n") * 50)
    @given(MESSAGES)
    def ask(data: bytes) -> None:
        answer = send(data)
        assert b"HTTP/1.1 500" not in answer, (data[:500], answer[:500])
        assert not answer or answer.startswith(b"HTTP/1."), (data[:500], answer[:500])

    ask()
    assert alive()
