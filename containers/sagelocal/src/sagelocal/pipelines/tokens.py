"""The tokens by which a repeated request is known: it gets the first one's answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.operations import Request, Response

TOKEN = "pipeline_token"  # noqa: S105 - kind of the documents that remember which request used a ClientRequestToken
REMEMBERED = 8 * 3600.0  # seconds


def earlier(backend: Backend, operation: str, request: Request) -> Response | None:
    """Return the answer that the same request has had already."""
    used = backend.store.get(TOKEN, f"{operation}/{request['ClientRequestToken']}")
    if used is None:
        return None
    if used["request"] != request:
        raise AwsError(
            "ConflictException",
            f"ClientRequestToken {request['ClientRequestToken']} was used with other parameters of {operation}.",
        )
    response: dict[str, Any] = used["response"]
    return response


def remember(backend: Backend, operation: str, request: Request, response: Response) -> Response:
    """Keep the answer to a request, in the step that carries the request out."""
    used = {"request": request, "response": response, "time": time.time(), "operation": operation}
    backend.store.create(TOKEN, f"{operation}/{request['ClientRequestToken']}", used)
    return response


def forget_old_tokens(backend: Backend, now: float) -> None:
    """Remove the tokens that nobody repeats any more."""
    for used in backend.store.list(TOKEN):
        if now - used["time"] > REMEMBERED:
            backend.store.delete(TOKEN, f"{used['operation']}/{used['request']['ClientRequestToken']}")
