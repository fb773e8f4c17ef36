"""boatyard env: print what points an AWS client at the running sagelocal."""

import argparse
import shlex

from boatyard.cli.environment import OUTRANKING
from boatyard.cli.home import Home
from boatyard.cli.stack import Stack

HELP = 'print shell lines for eval "$(boatyard env)"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each variable."""
    for name in OUTRANKING:
        print(f"unset {name}")
    for name, value in Stack(Home.here()).client_environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
