"""A network that loses the answer to a call which AWS carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError


def lose_answer(
    monkeypatch: pytest.MonkeyPatch, client: Any, operation: str, meanwhile: Callable[[dict[str, Any]], object]
) -> None:
    """Lose the answer to the next call of that operation, after `meanwhile` saw its request."""
    carry_out = getattr(client, operation)

    def lost(**request: Any) -> None:
        monkeypatch.setattr(client, operation, carry_out)
        carry_out(**request)
        meanwhile(request)
        raise ConnectionClosedError(endpoint_url=client.meta.endpoint_url)

    monkeypatch.setattr(client, operation, lost)
