"""`python -m tests.bench [NAME]`: measure what the design promises, beside a peer or limit of the same moment.

Writes build/bench.json with the rows of this run. A missed bar is a result; what could not be measured is an error.
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.bench.measure import Row, table, write_rows

OUTPUT = Path(__file__).parents[2] / "build" / "bench.json"

# Each row's name with the module and the function that measures it: a single one imports nothing of the others.
RUNNERS = {
    "parse": ("parse", "parse"),
    "orchestration": ("orchestration", "orchestration"),
    "deferred_memory": ("deferred", "memory"),
    "deferred_calls": ("deferred", "calls"),
    "launch": ("launch", "launch"),
    "ready": ("start", "ready"),
    "idle_memory": ("start", "idle_memory"),
    "jobs_at_once": ("tuning", "at_once"),
    "tuning_memory": ("tuning", "memory"),
    "describe": ("describe", "describe"),
    "run_step": ("run_step", "run_step"),
    "s3_put_1kb": ("s3", "put_1kb"),
    "s3_get_1kb": ("s3", "get_1kb"),
    "s3_put_100mb": ("s3", "put_100mb"),
    "s3_get_100mb": ("s3", "get_100mb"),
    "feature_store": ("feature_store", "feature_store"),
    "athena": ("athena", "athena"),
    "point_in_time": ("point_in_time", "point_in_time"),
    "point_in_time_memory": ("point_in_time", "point_in_time_memory"),
    "validation": ("validation", "validation"),
    "endpoint": ("endpoint", "endpoint"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="measure against peers")
    parser.add_argument("name", nargs="?", choices=RUNNERS, metavar="NAME", help=f"one of: {', '.join(RUNNERS)}")
    only = parser.parse_args().name
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped and removed
    rows, failed = [], []
    for name in [only] if only else RUNNERS:
        row = _measured(name)
        if row is None:
            failed.append(name)
        else:
            rows.append(row)
    write_rows(OUTPUT, rows)
    print(table(rows))
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _measured(name: str) -> Row | None:
    started = time.monotonic()
    module, function = RUNNERS[name]
    try:
        measure: Callable[[], Row] = getattr(import_module(f"tests.bench.{module}"), function)
        row = measure()
    except Exception:  # noqa: BLE001 - the other rows are still worth having; the exit code tells
        traceback.print_exc()
        return None
    print(f"{name}: measured in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
