"""S3 through boto3, against one shared server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[..., Any]


@pytest.fixture
def s3(client: Client) -> Any:
    """Give an S3 client."""
    return client("s3")
