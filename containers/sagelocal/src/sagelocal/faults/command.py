"""`sagelocal faults`: arm, list and remove the faults of a running server."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sagelocal.faults.fault import ACTIONS


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    faults = commands.add_parser("faults", help="make calls and jobs fail on demand, on a server run with --faults")
    actions = faults.add_subparsers(dest="faults", required=True)
    add = actions.add_parser("add", help="arm a fault; print it")
    add.add_argument("fault", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    add.add_argument("members", nargs="*", metavar="NAME=VALUE", help="such as operation=CreateTrainingJob times=3")
    listing = actions.add_parser("list", help="print the armed faults, one JSON object a line")
    clear = actions.add_parser("clear", help="remove one fault, or all")
    clear.add_argument("id", nargs="?", default="")
    for action in (add, listing, clear):
        action.add_argument("--state", type=Path, required=True, help="the server's folder")


def run(options: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Run the command against the server that `variables` point at; return its exit code."""
    from botocore.exceptions import BotoCoreError, HTTPClientError

    from sagelocal.faults.client import FaultsClient, FaultsError

    keys = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    client = FaultsClient(*(variables[name] for name in keys))
    try:
        if options.faults == "add":
            print(json.dumps(client.add(options.fault, **members(options.members))))
        elif options.faults == "list":
            for fault in client.list():
                print(json.dumps(fault))
        elif options.id:
            client.remove(options.id)
        else:
            client.clear()
    except (FaultsError, BotoCoreError, HTTPClientError) as error:
        print(f"sagelocal: {error}", file=sys.stderr)
        return 1
    return 0


def members(pairs: list[str]) -> dict[str, Any]:
    """Return what `NAME=VALUE` texts say; a value that is a JSON number or null is one, any other is a text."""
    return {name: _value(value) for name, _, value in (pair.partition("=") for pair in pairs)}


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) or value is None else text
