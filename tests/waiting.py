"""Waits of tests: none is timed, each gives up."""

import time
from collections.abc import Callable
from typing import Any


def until(question: Callable[[], Any], what: str, *, seconds: float = 120.0, pause: float = 0.02) -> Any:
    """Return the first answer that is true; after `seconds` the test fails, and says what never came."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(pause)
    return answer
