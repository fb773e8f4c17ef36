"""Connections from the event loop to containers' web servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from sagelocal.endpoints.connections import MAX_IDLE
from sagelocal.runtime.request import lowered

OnPart = Callable[["Answered", bytes], None]
Done = Callable[["Answered | None"], None]  # None: the container broke the connection before it answered


class Answered:
    """Hold a container's answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []

    @property
    def body(self) -> bytes:
        """Return the body."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)


class ContainerLink(asyncio.Protocol):
    """One keep-alive connection; at most one request at a time is under way on it."""

    def __init__(self, pool: ContainerPool) -> None:
        self._pool = pool
        self._done: Done | None = None
        self._on_part: OnPart | None = None
        self._answer = Answered()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        """Parse what the container sent."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._finish(None)

    def eof_received(self) -> None:
        """End an answer whose length only the end of the connection tells."""
        if self._done is not None and self._answer.status and "content-length" not in self._answer.headers:
            self.on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits that no answer comes."""
        self._transport = None
        self._pool.forget(self)
        self._settle(None)

    # httptools'

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the answer."""
        self._answer.headers[lowered(name)] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Keep the status."""
        self._answer.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body, or pass it on at once."""
        if self._on_part is not None and 200 <= self._answer.status < 300:
            self._on_part(self._answer, data)
        self._answer.parts.append(data)

    def on_message_complete(self) -> None:
        """Give the answer to whoever waits, and the connection back."""
        if self._done is None or self._answer.status < 200:  # nobody asked, or "100 Continue"
            self._answer = Answered()
            return
        answer = self._answer
        if self._parser.should_keep_alive():
            self._answer = Answered()
            self._pool.give_back(self)
            self._settle(answer)
        else:
            self._finish(answer)

    # ours

    @property
    def is_open(self) -> bool:
        """Tell whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes, done: Done, on_part: OnPart | None = None) -> None:
        """Send a request; `done` gets the whole answer, `on_part` before that each part of the body as it comes."""
        assert self._transport is not None  # noqa: S101 - who sends has looked at `is_open`
        self._done, self._on_part = done, on_part
        self._transport.write(request)

    def abandon(self) -> None:
        """Give up the request under way, and the connection with it."""
        self._done = None
        if self._transport is not None:
            self._transport.abort()

    def _finish(self, answer: Answered | None) -> None:
        if self._transport is not None:
            self._transport.close()
        self._settle(answer)

    def _settle(self, answer: Answered | None) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(answer)


class ContainerPool:
    """The connections to one container that no request is under way on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[ContainerLink] = []

    def take(self) -> ContainerLink | None:
        """Return an open connection, None if there is none: then `connect` makes one."""
        while self._idle:
            link = self._idle.pop()
            if link.is_open:
                return link
        return None

    async def connect(self) -> ContainerLink:
        """Return a new connection; OSError where nobody listens."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: ContainerLink(self), "127.0.0.1", self._port)
        return link

    def give_back(self, link: ContainerLink) -> None:
        """Keep a connection for the next request."""
        if len(self._idle) < MAX_IDLE:
            self._idle.append(link)
        else:
            link.abandon()

    def forget(self, link: ContainerLink) -> None:
        """Drop a connection that is lost."""
        if link in self._idle:
            self._idle.remove(link)
