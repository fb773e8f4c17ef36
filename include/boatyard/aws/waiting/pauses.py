"""Waiting with pauses that grow with age: quick for short work, light on AWS's request limits for long work."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

QUICKEST_PAUSE = 0.1
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
JITTER = 0.2  # so that what began together is not looked at together for ever
_QUICK = 4.0  # work of a few seconds is looked at every quarter of its age, up to once a second
_SLOW = 20.0  # older work every twentieth: an hour's job is not seen to end a minute late


def pause(age: float, longest: float = LONGEST_PAUSE) -> float:
    """Return the seconds until the next look at something that is `age` seconds old.

    One second from its first seconds until it is 20 s old, then more and more, 30 s from ten minutes on; below one
    second only while it is younger than 4 s.
    """
    return min(max(SHORTEST_PAUSE, min(1.0, age / _QUICK), age / _SLOW), max(SHORTEST_PAUSE, longest))


def quick_pause(running: float) -> float:
    """Return the seconds until the next look at work that began to run `running` seconds ago and may end any moment."""
    return min(max(QUICKEST_PAUSE, running / 10), SHORTEST_PAUSE)


def jittered(seconds: float) -> float:
    """Return `seconds`, up to a fifth more or less."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)


def looks(seconds: float | None = None, pause_at: Callable[[float], float] = pause) -> Iterator[float]:
    """Yield the seconds waited at each look: at once, then after each pause, until `seconds` have passed.

    `pause_at` tells the pause after so many seconds of waiting.
    """
    started = time.monotonic()
    while True:
        waited = time.monotonic() - started
        yield waited
        if seconds is not None and waited >= seconds:
            return
        wanted = jittered(pause_at(waited))
        time.sleep(wanted if seconds is None else min(wanted, max(seconds - waited, 0.01)))
