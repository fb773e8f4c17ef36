"""An event as EventBridge hands it to rules and targets."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Event = dict[str, Any]


def iso(seconds: float) -> str:
    """Return a time as events have it: whole seconds of UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_event(
    backend: Backend, source: str, detail_type: str, detail: dict[str, Any], resources: list[str], seconds: float
) -> Event:
    """Return an event of this account, with an id of its own."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": backend.account,
        "time": iso(seconds),
        "region": backend.region,
        "resources": resources,
        "detail": detail,
    }
