"""How AWS refuses a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def error_of(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[str, str]:
    """Make a call that is refused, and return the code and the message of its error."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]
