"""One invocation on its way to a container and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.endpoints.fleet import TIME_LIMIT, TIMED_OUT
from sagelocal.runtime import invocation
from sagelocal.runtime.container import Answered, ContainerLink
from sagelocal.runtime.invocation import Invocation
from sagelocal.runtime.request import Received

if TYPE_CHECKING:
    from sagelocal.runtime.conversation import Conversation
    from sagelocal.runtime.door import Door

BROKEN = "The container broke the connection"


class Asking:
    """Ask a container, and give its answer to the client: whole, or part by part as it comes."""

    def __init__(
        self,
        conversation: Conversation,
        door: Door,
        call: Invocation,
        received: Received,
        link: ContainerLink,
        *,
        reused: bool,
    ) -> None:
        self._conversation = conversation
        self._door = door
        self._call = call
        self._received = received
        self._link = link
        self._reused = reused
        self._began = door.loop.time()
        self._timer = door.loop.call_later(TIME_LIMIT, self._too_late)
        self._streaming = False

    def begin(self) -> None:
        """Send the request."""
        self._link.send(self._call.message, self._done, self._pass_on if self._call.streams else None)

    def _pass_on(self, answered: Answered, data: bytes) -> None:
        if not self._streaming:
            self._streaming = True
            self._conversation.write(invocation.stream_head(self._call, answered))
        self._conversation.write(invocation.stream_part(data))

    def _done(self, answered: Answered | None) -> None:
        self._timer.cancel()
        self._call.connections.leave()
        if answered is None:
            self._broken()
            return
        received = self._received
        seconds = self._door.loop.time() - self._began, self._began - received.whole
        sent, answer = (received.headers, received.body), (answered.headers, answered.body)
        self._door.backend.endpoints.observer.note(self._call.served, answered.status, seconds, sent, answer)
        self._conversation.end(received, self._answer(answered))

    def _answer(self, answered: Answered) -> bytes:
        if self._call.streams and 200 <= answered.status < 300:
            begin = b"" if self._streaming else invocation.stream_head(self._call, answered)
            return begin + invocation.stream_end()
        return invocation.response(self._door.backend, self._call, self._received, answered)

    def _broken(self) -> None:
        if self._reused and not self._streaming:
            self._conversation.ask_again(self._received)
        else:
            self._fail(BROKEN)

    def _too_late(self) -> None:
        self._link.abandon()
        self._call.connections.leave()
        self._fail(TIMED_OUT)

    def _fail(self, message: str) -> None:
        endpoints, call = self._door.backend.endpoints, self._call
        endpoints.observer.note(call.served, 0, (self._door.loop.time() - self._began, 0.0), ({}, b""), ({}, b""))
        if self._streaming:
            self._conversation.end(self._received, invocation.stream_end(message))
        else:
            error = endpoints.no_answer(call.served.endpoint, message)
            self._conversation.end(self._received, invocation.error_message(self._received, error))
