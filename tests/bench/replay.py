"""A call that boto3 made, sent again by a client that only copies bytes: so the server is measured, not boto3.

boto3 needs 90 ms of its own to send 100 MB and 110 ms to take them, as long as a fast server or longer.
"""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.bench.measure import NotMeasuredError

HEAD_END = b"\r\n\r\n"
LONGEST_HEAD = 65_536


def recorded(s3: Any, call: Callable[[], object]) -> "Replay":
    """Make a call of an S3 client, and return it as one that can be sent again while its signature holds."""
    sent: list[Any] = []
    s3.meta.events.register_last("before-send.s3", lambda request, **_: sent.append(request))
    call()
    return Replay(sent[-1])


class Replay:
    """Send one request again and again, each time on a new connection: moto_server keeps none open."""

    def __init__(self, request: Any) -> None:
        address = urlsplit(request.url)
        target = f"{address.path}?{address.query}" if address.query else address.path
        # without Expect: whether to wait for the server's word is the client's choice, and no part of the signature
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "expect"}
        lines = [f"{request.method} {target} HTTP/1.1", f"Host: {address.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        body = request.body or b""
        self._request = "\r\n".join([*lines, "", ""]).encode()
        self._body = memoryview(body if isinstance(body, bytes) else body.getvalue())
        self._address = address.hostname, address.port

    def send(self, into: memoryview) -> int:
        """Send the request; return how many bytes of the answer's body stand in `into`."""
        with socket.create_connection(self._address) as connection:
            connection.sendall(self._request)
            connection.sendall(self._body)
            received = b""
            while HEAD_END not in received:
                received += _received(connection)
            head, _, begun = received.partition(HEAD_END)
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise NotMeasuredError(f"the server answered {head!r}")
            length, size = _length(head), len(begun)
            into[:size] = begun
            while size < length:
                size += _some(connection.recv_into(into[size:length]))
            return size


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(LONGEST_HEAD)
    _some(len(data))
    return data


def _some(size: int) -> int:
    if not size:
        raise NotMeasuredError("the server closed the connection")
    return size


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)
