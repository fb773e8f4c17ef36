"""What is said on one client's connection: requests, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from sagelocal.errors import AwsError
from sagelocal.faults.calls import Unanswered
from sagelocal.runtime import invocation
from sagelocal.runtime.asking import Asking
from sagelocal.runtime.container import ContainerLink
from sagelocal.runtime.invocation import Invocation
from sagelocal.runtime.request import Received

if TYPE_CHECKING:
    from sagelocal.runtime.door import Door

IDLE = 75.0  # seconds after which a silent connection is closed


class Conversation(asyncio.Protocol):
    """Answer the requests of one connection in their order."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = door.loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._next = Received()
        self._waiting: deque[Received] = deque()
        self._busy = False
        self._link: ContainerLink | None = None
        self.used = self._loop.time()

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name
        self._door.conversations.add(self)

    def data_received(self, data: bytes) -> None:
        """Parse what the client sent."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(AwsError("BadRequest", "The request is no HTTP."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client; what a container is computing for it is thrown away."""
        self._transport = None
        self._door.conversations.discard(self)

    # httptools'

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._next = Received()

    def on_url(self, url: bytes) -> None:
        """Keep the address; a long one comes in pieces."""
        self._next.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._next.add_header(name, value)

    def on_headers_complete(self) -> None:
        """Keep the method, and let a client go on that asks whether it may."""
        self._next.method = self._parser.get_method().decode()
        self._next.keep_alive = self._parser.should_keep_alive()
        if self._next.headers.get("expect", "").lower() == "100-continue" and not self._busy:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body."""
        self._next.parts.append(data)
        self._next.size += len(data)
        if self._next.is_too_long:
            self._refuse(AwsError("RequestEntityTooLargeException", "The request is too long.", 413))

    def on_message_complete(self) -> None:
        """Answer the request, or keep it until those before it are answered."""
        self.used = self._next.whole = self._loop.time()
        if self._busy:
            self._waiting.append(self._next)
            if self._transport is not None:
                self._transport.pause_reading()
            return
        self._begin(self._next)

    # one request

    def _begin(self, received: Received) -> None:
        self._busy = True
        call = invocation.accepted(self._door.backend, self._door.gateway, received)
        if call is None:
            self._loop.create_task(self._ask_gateway(received))
            return
        pool = self._door.pool(call.connections)
        link = pool.take()
        if link is None:
            self._loop.create_task(self._connect(call, received))
        else:
            self._send(call, received, link, reused=True)

    async def _connect(self, call: Invocation, received: Received) -> None:
        try:
            link = await self._door.pool(call.connections).connect()
        except OSError:
            call.connections.leave()
            await self._ask_gateway(received)  # its process has just died: the gateway waits for the next one
            return
        self._send(call, received, link, reused=False)

    def _send(self, call: Invocation, received: Received, link: ContainerLink, *, reused: bool) -> None:
        Asking(self, self._door, call, received, link, reused=reused).begin()

    def ask_again(self, received: Received) -> None:
        """Let the gateway answer a request whose idle connection the container closed just before it came."""
        self._loop.create_task(self._ask_gateway(received))

    async def _ask_gateway(self, received: Received) -> None:
        try:
            answer = await self._door.ask_gateway(received)
        except Unanswered:
            self._close()
            return
        headers = dict(answer.headers)
        body = answer.body
        received.keep_alive = received.keep_alive and headers.get("Connection") != "close"
        self.write(invocation.head(answer.status_line, headers))
        if isinstance(body, bytes):
            self.end(received, body)
            return
        with body.file:
            for piece in body:
                self.write(piece)
        self.end(received, b"")

    def end(self, received: Received, data: bytes) -> None:
        """Send the last bytes of an answer, and take the next request."""
        self.used = self._loop.time()
        self.write(data)
        self._busy = False
        if not received.keep_alive:
            self._close()
        elif self._waiting and self._transport is not None:
            self._transport.resume_reading()
            self._begin(self._waiting.popleft())

    def write(self, data: bytes) -> None:
        """Send bytes, if the client is still there."""
        if self._transport is not None and data:
            self._transport.write(data)

    def _refuse(self, error: AwsError) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self.write(invocation.error_message(self._next, error))
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def close_if_silent(self, now: float) -> None:
        """Close a connection on which nothing has happened for long."""
        if not self._busy and now - self.used > IDLE:
            self._close()
