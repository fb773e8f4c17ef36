"""Pages of a list; a token is the position of the next page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sagelocal.athena.errors import invalid_request
from sagelocal.operations import Request, Response
from sagelocal.paging import position

Item = TypeVar("Item")


def page(items: Sequence[Item], request: Request, default: int) -> tuple[list[Item], Response]:
    """Return the page that a request asks for and its `NextToken`, as a member, if there are more items."""
    start = position(request.get("NextToken"), invalid_request("Invalid token was provided"))
    end = start + (request.get("MaxResults") or default)
    return list(items[start:end]), {"NextToken": str(end)} if end < len(items) else {}
