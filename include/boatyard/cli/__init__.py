"""The `boatyard` command."""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from boatyard.cli import (
    check,
    compose_env,
    demo,
    doctor,
    down,
    env,
    images,
    make_bucket,
    new_model,
    prices,
    profile,
    run,
    status,
    up,
)
from boatyard.cli.home import StackError

# A command is a module: its HELP, `add_arguments(parser)` and `run(arguments) -> exit code`.
COMMANDS: dict[str, ModuleType] = {
    "check": check,
    "new-model": new_model,
    "profile": profile,
    "run": run,
    "demo": demo,
    "up": up,
    "down": down,
    "status": status,
    "env": env,
    "images": images,
    "prices": prices,
    "doctor": doctor,
    "make-bucket": make_bucket,
    "compose-env": compose_env,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return its exit code."""
    parser = argparse.ArgumentParser(prog="boatyard", description="Airflow DAGs that keep SageMaker models fresh.")
    commands = parser.add_subparsers(metavar="command", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    parsed = parser.parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except StackError as error:
        print(f"boatyard: {error}", file=sys.stderr)
        return 1
    return code
