"""The same functions behind bare uvicorn: what an endpoint could answer at best with this server."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from inference import input_fn, model_fn, output_fn, predict_fn  # type: ignore[import-not-found]  # beside this file

MODEL = model_fn(os.environ["MODEL_DIR"])


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer a request with the prediction of its body."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    answer, content_type = output_fn(predict_fn(input_fn(body.decode(), "text/csv"), MODEL), "text/csv")
    content = answer.encode()
    headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
