"""What S3 answered, in short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refusal(call: Callable[[], Any]) -> tuple[str, int]:
    """Return code and HTTP status of a call that fails."""
    with pytest.raises(ClientError) as caught:
        call()
    response: dict[str, Any] = dict(caught.value.response)
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def keys(answer: dict[str, Any]) -> list[str]:
    """Return the keys of a list."""
    return [entry["Key"] for entry in answer.get("Contents", [])]
