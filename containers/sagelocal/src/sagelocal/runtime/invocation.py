"""InvokeEndpoint as it nearly always comes: rightly signed, for an endpoint in service, plain in every member.

Whatever else comes is no error here: the gateway looks at it again, and words the answer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sagelocal import auth, wire
from sagelocal.endpoints.connections import Connections
from sagelocal.endpoints.observation import Served
from sagelocal.error_formats import error_response
from sagelocal.errors import AwsError
from sagelocal.gateway import check_origin, check_region
from sagelocal.runtime.container import Answered
from sagelocal.runtime.request import Received
from sagelocal.sagemaker.invocations import REQUEST_HEADERS, RESPONSE_MEMBERS, model_error, part

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.gateway import Gateway

_URL = re.compile(rb"/endpoints/([a-zA-Z0-9-]{1,63})/invocations(-response-stream)?")
_NOT_PLAIN = ("x-amzn-sagemaker-", "transfer-encoding")
_VARIANT = "x-amzn-sagemaker-target-variant"
_PASSED_ON = {header.lower(): header for header in REQUEST_HEADERS.values()}
_LONGEST_BODY = (
    6 << 20
)  # bytes, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
_LONGEST_VALUE = 64  # characters; the shapes' own limits are higher
_ANSWER_NAMES = {
    "content-type": b"Content-Type",
    "x-amzn-sagemaker-custom-attributes": b"X-Amzn-SageMaker-Custom-Attributes",
}
_STREAM = "InvokeEndpointWithResponseStream"
_STREAM_NAMES = {
    "content-type": "X-Amzn-SageMaker-Content-Type",
    "x-amzn-sagemaker-custom-attributes": "X-Amzn-SageMaker-Custom-Attributes",
}
assert set(_ANSWER_NAMES) <= set(RESPONSE_MEMBERS)  # noqa: S101 - both say what of an answer the client sees


@dataclass(slots=True)
class Invocation:
    """A call that is allowed and has a container to go to. Whoever has it calls `connections.leave` once."""

    served: Served
    connections: Connections
    message: bytes  # for the container
    streams: bool = False


def accepted(backend: Backend, gateway: Gateway, received: Received) -> Invocation | None:
    """Return the call, None if the gateway has to look at it."""
    url = _URL.fullmatch(received.url)
    if url is None or received.method != "POST" or received.size > _LONGEST_BODY or backend.faults.any:
        return None
    body, headers = received.body, received.headers
    passed_on = _passed_on(headers)
    if passed_on is None or not _is_allowed(backend, gateway, received, body):
        return None
    endpoint = url[1].decode()
    entered = backend.endpoints.try_enter(endpoint, headers.get(_VARIANT))
    if entered is None:
        return None
    served, connections = entered
    return Invocation(served, connections, _message(connections.port, passed_on, body), streams=bool(url[2]))


def _passed_on(headers: dict[str, str]) -> str | None:
    """Return the header lines that the container gets; None if a header is none of the plain ones."""
    lines = ""
    for name, value in headers.items():
        if name in _PASSED_ON:
            if len(value) > _LONGEST_VALUE or not value.isascii():
                return None
            lines += f"{_PASSED_ON[name]}: {value}\r\n"
        elif name.startswith(_NOT_PLAIN) and name != _VARIANT:
            return None
    return lines


def _is_allowed(backend: Backend, gateway: Gateway, received: Received, body: bytes) -> bool:
    request = received.as_request()
    try:
        check_origin(request, gateway.hosts)
        signature = auth.read_signature(request)
        if signature is None or signature.service != "sagemaker":
            return False
        check_region(signature, backend.region)
        digest = hashlib.sha256(body).hexdigest()
        payload = request.headers.get("x-amz-content-sha256", digest)
        if payload not in (digest, auth.UNSIGNED_PAYLOAD):
            return False
        auth.verify(request, signature, payload, gateway.secret)
    except AwsError:
        return False
    return True


def _message(port: int, passed_on: str, body: bytes) -> bytes:
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: identity\r\n"
        f"Content-Length: {len(body)}\r\n{passed_on}\r\n"
    )
    return head.encode("ascii") + body


def response(backend: Backend, invocation: Invocation, received: Received, answered: Answered) -> bytes:
    """Return what the client gets for a container's answer."""
    if not 200 <= answered.status < 300:
        error = model_error(backend, invocation.served.endpoint, answered.status, answered.body)
        return error_message(received, error)
    headers = [
        b"%s: %s\r\n" % (name, answered.headers[key].encode("latin-1"))
        for key, name in _ANSWER_NAMES.items()
        if key in answered.headers
    ]
    body = answered.body
    return b"".join(
        (
            b"HTTP/1.1 200 OK\r\n",
            *headers,
            b"x-Amzn-Invoked-Production-Variant: %s\r\nx-amzn-RequestId: %s\r\nContent-Length: %d\r\n\r\n"
            % (invocation.served.variant.encode(), wire.request_id().encode(), len(body)),
            body,
        )
    )


def stream_head(invocation: Invocation, answered: Answered) -> bytes:
    """Return the beginning of a streamed answer; its parts follow in chunks."""
    headers = {
        "Content-Type": "application/vnd.amazon.eventstream",
        "x-Amzn-Invoked-Production-Variant": invocation.served.variant,
        "x-amzn-RequestId": wire.request_id(),
        "Transfer-Encoding": "chunked",
    }
    for key, header in _STREAM_NAMES.items():
        if key in answered.headers:
            headers[header] = answered.headers[key]
    return head("200 OK", headers)


def stream_part(data: bytes) -> bytes:
    """Return a part of a streamed answer."""
    return _chunk(wire.events("sagemaker-runtime", _STREAM, [part(data)]))


def stream_end(failure: str = "") -> bytes:
    """Return the end of a streamed answer, with the reason if it broke."""
    if not failure:
        return b"0\r\n\r\n"
    error = {"ModelStreamError": {"Message": failure, "ErrorCode": "StreamBroken"}}
    return _chunk(wire.events("sagemaker-runtime", _STREAM, [error])) + b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def error_message(received: Received, error: AwsError) -> bytes:
    """Return an error as bytes."""
    answer = error_response(received.as_request(), "sagemaker-runtime", error)
    assert isinstance(answer.body, bytes)  # noqa: S101 - no error is a file
    return head(answer.status_line, {**answer.headers, "Content-Length": str(len(answer.body))}) + answer.body


def head(status_line: str, headers: dict[str, str]) -> bytes:
    """Return an answer's status line and headers as bytes."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status_line}\r\n{lines}\r\n".encode("latin-1")
