"""A step's requests, looked up by their operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class Asked:
    """Hold what a step asks for, each request as {"operation": ..., "params": ...} among other members."""

    def __init__(self, requests: Iterable[Mapping[str, Any]]) -> None:
        self._requests = tuple(requests)

    def all(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of each request for `operation`, in order."""
        return [request["params"] for request in self._requests if request["operation"] == operation]

    def only(self, operation: str) -> dict[str, Any]:
        """Return the parameters of the one request for `operation`."""
        (params,) = self.all(operation)
        return params
