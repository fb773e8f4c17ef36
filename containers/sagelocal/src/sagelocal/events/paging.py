"""Pages of EventBridge's lists."""

from __future__ import annotations

from typing import Any

from sagelocal.errors import validation_error
from sagelocal.operations import Request, Response
from sagelocal.paging import position

_LIMIT = 100


def page(member: str, items: list[Any], request: Request) -> Response:
    """Return the page of a list that a request asks for."""
    start = position(request.get("NextToken"), validation_error("The NextToken is not valid."))
    limit = request.get("Limit") or _LIMIT
    more = {"NextToken": str(start + limit)} if start + limit < len(items) else {}
    return {member: items[start : start + limit], **more}
