"""The HTTP side, as an ASGI application: GET /ping and POST /invocations.

The model runs in one thread of its own: requests are answered one after the other, as user code may expect, and /ping
is answered meanwhile. https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tabular.serving.handlers import Answer

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_Work = tuple["asyncio.Future[Answer]", bytes, str, str]


class Handlers(Protocol):
    """What answers requests with a loaded model."""

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one request; never raises."""


class App:
    """Serve one loaded model."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._work: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        # a daemon: a request that never ends must not keep a stopped container from ending
        threading.Thread(target=self._answer_all, name="model", daemon=True).start()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        respond = _ROUTES.get((scope["method"], scope["path"]))
        answer = await respond(self, scope, receive) if respond else _not_routed(scope["method"], scope["path"])
        headers = [(b"content-type", answer.content_type.encode()), (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def ping(self, _scope: Message, _receive: Receive) -> Answer:
        """Say that the model is loaded, for nothing listens before it is."""
        return Answer(200, "text/plain", b"")

    async def invoke(self, scope: Message, receive: Receive) -> Answer:
        """Hand the request to the model's thread."""
        content_type, accept = "", ""
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value.decode("latin-1")
            elif name == b"accept":
                accept = value.decode("latin-1")
        body = await _body(receive)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._work.put((future, body, content_type, accept))
        return await future

    def _answer_all(self) -> None:
        while True:
            future, body, content_type, accept = self._work.get()
            answer = self._handlers.answer(body, content_type, accept)
            loop = future.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, answer)


def _settle(future: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not future.cancelled():  # the client may have gone
        future.set_result(answer)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


_ROUTES = {("GET", "/ping"): App.ping, ("POST", "/invocations"): App.invoke}


def _not_routed(method: str, path: str) -> Answer:
    allowed = [known_method for known_method, known_path in _ROUTES if known_path == path]
    if allowed:
        return Answer(405, "text/plain", f"{path} takes {allowed[0]}, not {method}".encode())
    return Answer(404, "text/plain", f"there is no {path}: this container serves /ping and /invocations".encode())
