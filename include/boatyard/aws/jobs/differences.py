"""Where a request differs from what SageMaker describes."""

from __future__ import annotations

from typing import Any


def differences(request: Any, description: Any, path: str = "") -> list[str]:
    """Return the members of `request` that `description` does not show with the same value.

    Tags are not part of a description; members that AWS added by itself are no difference.
    """
    match request, description:
        case dict(), dict():
            members = ((key, value) for key, value in request.items() if key != "Tags")
            return [
                where
                for key, value in members
                for where in differences(value, description.get(key), f"{path}.{key}" if path else key)
            ]
        case list(), list() if len(request) == len(description):
            pairs = enumerate(zip(request, description, strict=True))
            return [where for index, (a, b) in pairs for where in differences(a, b, f"{path}[{index}]")]
        case _:
            return [] if request == description else [path]
