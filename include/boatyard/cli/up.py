"""boatyard up: start the local stack."""

import argparse

from boatyard.cli.environment import USER, console_link
from boatyard.cli.home import Home
from boatyard.cli.stack import Stack

HELP = "start sagelocal and Airflow, and wait until they are healthy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Start what does not run yet."""
    stack = Stack(Home.here())
    stack.up(print)
    print_addresses(stack)
    return 0


def print_addresses(stack: Stack) -> None:
    """Print where the stack is, how to log in and how to stop it."""
    print(f"Airflow    {stack.airflow_address}   user {USER}, password {stack.password}")
    print(f"Console    {console_link(stack.home)}   jobs, logs, data; the link works once, the browser remembers")
    print('AWS        eval "$(uv run boatyard env)" points any AWS client at sagelocal')
    print("Stop       make down")
