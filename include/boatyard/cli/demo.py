"""boatyard demo: run the main job on the local stack and show what came of it."""

import argparse
import json
import time
from typing import Any

from boatyard.aws.clients import client
from boatyard.cli.heldout import HeldOut, check_endpoint
from boatyard.cli.home import Home
from boatyard.cli.stack import Stack
from boatyard.cli.up import print_addresses
from boatyard.cli.watch import RunWatch

HELP = "train and release a model on the local stack, then ask its endpoint"
MODEL = "digits"
SHOWN_ROWS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Start the stack, run the model's DAG, ask the endpoint, write build/demo.json."""
    began = time.monotonic()
    home = Home.here()
    home.demo_result.unlink(missing_ok=True)
    stack = Stack(home)
    stack.up(print)
    watch = RunWatch(stack.rest(), MODEL, print)
    steps = watch.run_to_the_end()
    environment = stack.client_environment()
    held_out = check_endpoint(
        client("s3", environment),
        client("sagemaker-runtime", environment),
        bucket=environment["BOATYARD_BUCKET"],
        model=MODEL,
        process_job=watch.result("process")["job_name"],
        endpoint=watch.result("deploy")["endpoint_name"],
    )
    _show(held_out)
    seconds = time.monotonic() - began
    home.demo_result.parent.mkdir(parents=True, exist_ok=True)
    home.demo_result.write_text(json.dumps(_summary(held_out, steps, seconds), indent=1) + "\n")
    print(f"\nDone in {seconds:.0f} s; the figures are in {home.demo_result.relative_to(home.project)}.")
    print_addresses(stack)
    return 0


def _show(held_out: HeldOut) -> None:
    print(f"\nEndpoint {held_out.endpoint} answers for rows that training never saw:")
    for row in held_out.rows[:SHOWN_ROWS]:
        verdict = "right" if row.right else "wrong"
        print(f"  it is a {row.label:g}, the endpoint says {row.answer:g}   {verdict}")
    print(f"Accuracy {held_out.accuracy:.4f} on {len(held_out.rows)} held-out rows")


def _summary(held_out: HeldOut, steps: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    return {
        "model": MODEL,
        "endpoint": held_out.endpoint,
        "accuracy": held_out.accuracy,
        "rows_checked": len(held_out.rows),
        "seconds": round(seconds, 1),
        "steps": steps,
    }
