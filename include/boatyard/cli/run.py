"""boatyard run: carry a model's steps out in this terminal, without Airflow."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from boatyard.cli.home import Home, StackError
from boatyard.cli.project import dags_folder, model_folder
from boatyard.cli.runs.target import find_target
from boatyard.spec import SpecError, load_model, nearest
from boatyard.steps import STEPS, Step

_LONGEST_LINE = 120  # of what Boatyard says itself; a query's text is longer

HELP = "carry a model's steps out here, without Airflow, and show what its jobs write"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the model's name, a step of it and settings for this one time."""
    parser.add_argument("model", help="name of a folder with a model.yaml, such as digits")
    parser.add_argument(
        "--step", help="carry out this step alone, on the latest results of those before (default: all)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="a value in place of model.yaml's for this one time, such as train.hyperparameters.eta=0.1",
    )
    parser.add_argument("--as-of", type=_moment, help="train on what was known at this time (ISO 8601; default: now)")
    parser.add_argument("--force", action="store_true", help="do every step, whatever earlier runs have done alike")
    parser.add_argument("--dags", type=Path, metavar="DIR", help="folder of the models (default: the project's dags)")


def run(arguments: argparse.Namespace) -> int:
    """Carry the steps out."""
    from boatyard.cli.runs.run import Run

    steps = _steps(arguments.step)
    try:
        spec = load_model(model_folder(arguments.dags or dags_folder(), arguments.model), arguments.settings)
    except SpecError as error:
        for problem in error.errors:
            print(problem, file=sys.stderr)
        return 1
    _show_log()
    target = find_target(Home.here(), _report)
    now = datetime.now(UTC)
    run_id = f"run__{now.isoformat(timespec='seconds')}_{os.urandom(3).hex()}"
    _report(f"{spec.name} on {target.words}" + "".join(f", {setting}" for setting in arguments.settings))
    under_way = Run(spec, target, run_id, (arguments.as_of or now).isoformat(), _report, arguments.force)
    try:
        with ended_as_by_ctrl_c():
            under_way.carry_out(steps)
    except KeyboardInterrupt:
        print("boatyard: stopped", file=sys.stderr)
        return 130
    finally:
        for line in under_way.summary():
            _report(line)
    if steps is STEPS:
        _report(f"\nEndpoint {spec.deploy.endpoint} is in service with what this run trained.")
    return 0


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Let a terminal that goes away, or a plain `kill`, stop what runs as Ctrl-C does."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _steps(name: str | None) -> tuple[Step, ...]:
    if name is None:
        return STEPS
    named = {step.name: step for step in STEPS}
    if name not in named:
        close = nearest(name, named)
        raise StackError(
            f"no step {name!r}: " + (f"did you mean '{close}'?" if close else f"there is {', '.join(named)}")
        )
    return (named[name],)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-01-31T00:00:00+00:00, got {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _report(line: str) -> None:
    print(line, flush=True)


def _show_log() -> None:
    """Show what Boatyard itself has to say between the lines of the jobs."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(f"  %(message).{_LONGEST_LINE}s"))
    logger = logging.getLogger("boatyard")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
