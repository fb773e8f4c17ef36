"""boatyard down: stop the local stack."""

import argparse

from boatyard.cli.home import Home
from boatyard.cli.stack import Stack

HELP = "stop sagelocal and Airflow; their state stays"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Stop everything of this project's stack."""
    Stack(Home.here()).down(print)
    return 0
