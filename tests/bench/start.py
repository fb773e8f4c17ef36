"""How soon sagelocal is ready, and what it holds in memory while nobody asks anything of it."""

import statistics
import time

from tests.bench.local_aws import ECHO, sagelocal, scratch
from tests.bench.measure import Row

ROUNDS = 5
READY_BAR = 2.0  # seconds
IDLE = 10.0  # seconds, after which what happens once after a start has happened
MEMORY_BAR = 150.0  # MB


def ready() -> Row:
    """Measure from the command to its line that it is ready; the reference is no time at all."""
    took = []
    for _ in range(ROUNDS):
        with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
            took.append(aws.ready_after)
    return Row("ready", statistics.median(took), 0.0, "s", "lower", bar_difference=READY_BAR)


def idle_memory() -> Row:
    """Measure a server that has been asked for a bucket; the reference is no memory at all."""
    with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
        time.sleep(IDLE)
        return Row("idle_memory", aws.resident(), 0.0, "MB", "lower", bar_difference=MEMORY_BAR)
