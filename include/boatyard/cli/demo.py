"""boatyard demo: run the main job on the local stack and show what came of it."""

import argparse
import json
import time
from typing import Any

from boatyard.aws.clients import client
from boatyard.aws.cost import summary
from boatyard.aws.records.record import key_of
from boatyard.cli.heldout import HeldOut, check_endpoint
from boatyard.cli.home import Home
from boatyard.cli.project import dags_folder, model_folder
from boatyard.cli.stack import Stack
from boatyard.cli.up import print_addresses
from boatyard.cli.watch import RunWatch

HELP = "train and release a model on the local stack, in Airflow, then ask its endpoint"
MODEL = "digits"
SHOWN_ROWS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the model's name."""
    parser.add_argument(
        "model", nargs="?", default=MODEL, help=f"name of a folder with a model.yaml (default: {MODEL})"
    )


def run(arguments: argparse.Namespace) -> int:
    """Start the stack, run the model's DAG, ask the endpoint, write build/demo.json."""
    began = time.monotonic()
    home = Home.here()
    model = model_folder(dags_folder(), arguments.model).name
    home.demo_result.unlink(missing_ok=True)
    stack = Stack(home)
    stack.up(print)
    watch = RunWatch(stack.rest(), model, print)
    steps = watch.run_to_the_end()
    environment = stack.client_environment()
    held_out = check_endpoint(
        client("s3", environment),
        client("sagemaker-runtime", environment),
        bucket=environment["BOATYARD_BUCKET"],
        model=model,
        results={step: watch.result(step) for step in ("process", "evaluate", "deploy")},
    )
    _show(held_out)
    _show_cost(client("s3", environment), f"s3://{environment['BOATYARD_BUCKET']}/{model}/records", watch.run_id)
    seconds = time.monotonic() - began
    home.demo_result.parent.mkdir(parents=True, exist_ok=True)
    home.demo_result.write_text(json.dumps(_summary(model, held_out, steps, seconds), indent=1) + "\n")
    print(f"\nDone in {seconds:.0f} s; the figures are in {home.demo_result.relative_to(home.project)}.")
    print_addresses(stack)
    return 0


def _show(held_out: HeldOut) -> None:
    print(f"\nEndpoint {held_out.endpoint} answers for rows that training never saw:")
    for row in held_out.rows[:SHOWN_ROWS]:
        print(f"  {held_out.sentence(row)}")
    print(held_out.verdict())


def _show_cost(s3: Any, records: str, run_id: str) -> None:
    found = summary.read(s3, f"{records}/{key_of(run_id)}.json")
    for line in summary.total_words(found) if found else []:
        print(line)


def _summary(model: str, held_out: HeldOut, steps: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    return {
        "model": model,
        "endpoint": held_out.endpoint,
        **held_out.figures,
        "rows_checked": len(held_out.rows),
        "seconds": round(seconds, 1),
        "steps": steps,
    }
