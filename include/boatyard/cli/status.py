"""boatyard status: say what of the local stack runs."""

import argparse

from boatyard.cli.home import Home
from boatyard.cli.stack import Stack
from boatyard.cli.up import print_addresses

HELP = "say what of the local stack runs; exit code 1 if anything does not"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each process."""
    stack = Stack(Home.here())
    states = {process: process.running() and not process.headless() for process in stack.processes}
    for process, running in states.items():
        print(f"{process.name:24} {'runs' if running else 'stopped':8} {process.log}")
    if all(states.values()):
        print_addresses(stack)
    return 0 if all(states.values()) else 1
