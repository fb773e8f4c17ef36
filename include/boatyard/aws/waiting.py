"""Waiting with pauses that grow with age: quick for short work, light on AWS's request limits for long work."""

from __future__ import annotations

import time
from collections.abc import Iterator

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 1.0
GROWTH = 1.25


def pauses(longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Yield the seconds to wait before each next look, growing from 0.2 to `longest`."""
    pause = FIRST_PAUSE
    while True:
        yield min(pause, longest)
        pause = min(pause * GROWTH, longest)


def looks(seconds: float | None = None, longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Yield the age in seconds at each look: at once, then after each pause, until `seconds` have passed."""
    started = time.monotonic()
    for pause in pauses(longest):
        age = time.monotonic() - started
        yield age
        if seconds is not None and age >= seconds:
            return
        left = pause if seconds is None else min(pause, max(seconds - age, 0.01))
        time.sleep(left)
