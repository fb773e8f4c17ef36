"""`python -m tests.chaos [--seed N] [--faults N] [--provider-faults N]`: break everything, then count what was lost."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.battlefield import Battlefield
from tests.chaos.campaign import Campaign, Report
from tests.chaos.plan import plan
from tests.chaos.report import lines
from tests.chaos.stack import ChaosStack


def main() -> int:
    """Run both campaigns, print the report; exit code 1 if anything of ours went wrong."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--provider-faults", type=int, default=20)
    parser.add_argument("--keep", action="store_true", help="leave the stack's folder, with all logs, behind")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="boatyard-chaos-"))
    began = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}\n", end="", flush=True)  # in one piece: many threads report

    report(f"seed {options.seed}, {options.faults} faults, in {folder}")
    ours = _campaign(folder / "boatyard", "boatyard", options.seed, options.faults, report)
    theirs = None
    if options.provider_faults:
        theirs = _campaign(folder / "provider", "provider", options.seed, options.provider_faults, report)
    for line in lines(ours, theirs):
        print(line, flush=True)
    if not options.keep:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    return 1 if ours.findings else 0


def _campaign(folder: Path, whose: str, seed: int, faults: int, report: Report) -> Campaign:
    stack = ChaosStack(folder)
    try:
        stack.start()
        campaign = Campaign(Battlefield.of(stack, whose), plan(seed), faults, report)
        campaign.fight()
    finally:
        stack.stop()
    return campaign


if __name__ == "__main__":
    sys.exit(main())
