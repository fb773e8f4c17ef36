"""The only list of the operations that sagelocal answers itself; moto's backends answer the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Request = dict[str, Any]
Response = dict[str, Any]
Handler = Callable[["Backend", Request], Response]

OPERATIONS: dict[tuple[str, str], Handler] = {}


class FallThrough(Exception):  # noqa: N818 - no error: the call is somebody else's
    """Hand the call to moto's backend; raised by a handler that answers only some of an operation's calls."""


def operation(service: str, name: str) -> Callable[[Handler], Handler]:
    """Answer `name` of `service` (both as botocore spells them) with the decorated function.

    The function gets the request as botocore's input shape parses it and returns the output shape's members;
    timestamps are timezone-aware datetimes or epoch seconds. It raises `AwsError` for anything else.
    """

    def register(handler: Handler) -> Handler:
        if (service, name) in OPERATIONS:
            raise ValueError(f"{service}.{name} has two handlers")
        OPERATIONS[service, name] = handler
        return handler

    return register
