"""`python -m tests.chaos.sagelocal [--kills N] [--seed N]`: kill -9 under load, then count what was lost."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.sagelocal.storm import Storm

_IMAGES = Path(__file__).resolve().parents[3] / "containers" / "sagelocal" / "tests" / "images"


def main() -> int:
    """Kill a server, print what was done and found; exit code 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="chaos.sagelocal", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the server's folder, with its log, behind")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sagelocal-chaos-"))
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    say(f"seed {options.seed}, {options.kills} kills, in {folder}")
    storm = Storm(folder, _IMAGES, options.seed, say)
    storm.rage(options.kills)
    for what, count in sorted(storm.findings.done.items()):
        print(f"{count:8d}  {what}")
    starts = sorted(storm.prey.starts)
    print(f"{starts[len(starts) // 2]:8.2f}  seconds from a start to ready (median; the longest {starts[-1]:.2f})")
    for kind, text in storm.findings.found:
        print(f"{kind}: {text}")
    print(storm.line(), flush=True)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if storm.findings.found else 0


if __name__ == "__main__":
    sys.exit(main())
