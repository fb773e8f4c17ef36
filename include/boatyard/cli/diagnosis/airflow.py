"""Airflow: its version, its connection to AWS, and whether the local one runs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from boatyard.cli.airflow_rest import RestError
from boatyard.cli.diagnosis.finding import Finding, not_checked, ok, problem, warning
from boatyard.cli.diagnosis.subject import Subject
from boatyard.cli.environment import program
from boatyard.cli.home import StackError
from boatyard.cli.stack import Stack

CONNECTION = "AIRFLOW_CONN_AWS_DEFAULT"
_SECONDS = 60
_MEND = f"""set {CONNECTION}='{{"conn_type": "aws"}}': address, region and credentials then come from the environment"""


def installed(subject: Subject) -> Iterator[Finding]:
    """Look at the version of Airflow and of its Amazon provider."""
    try:
        airflow, provider = version("apache-airflow-core"), version("apache-airflow-providers-amazon")
    except PackageNotFoundError as error:
        yield problem("airflow", f"{error.name} is not installed", "make setup")
    else:
        yield ok("airflow", f"{airflow}, Amazon provider {provider}")


def running(subject: Subject) -> Iterator[Finding]:
    """Look at the local stack: whether all of it runs, or nothing."""
    stack = Stack(subject.home)
    running = {process.name: process.running() for process in stack.processes}
    if not any(running.values()):
        yield not_checked("stack", "the local stack does not run (make up)")
        return
    for name in (name for name, runs in running.items() if not runs):
        yield warning("stack", f"{name} does not run; its log: {subject.home.processes / name}.log", "make up")
    try:
        health = stack.rest().health() if running.get("airflow-api-server") else {}
    except (OSError, RestError) as error:
        yield problem("stack", f"{stack.airflow_address} does not answer: {error}", "make down, then make up")
        return
    for name in (name for name, state in health.items() if state != "healthy"):
        yield problem("stack", f"Airflow calls its {name} {health[name]}", "make down, then make up")
    if all(running.values()) and all(state == "healthy" for state in health.values()):
        yield ok("stack", f"runs; Airflow at {stack.airflow_address}")


def connection(subject: Subject) -> Iterator[Finding]:
    """Look at the connection `aws_default`, through which every task reaches AWS."""
    if Stack(subject.home).component("api-server").running() and CONNECTION not in os.environ:
        yield ok("connection", "aws_default of the local stack: all of it comes from the environment")
        return
    text = os.environ.get(CONNECTION)
    if text is None:
        yield from _asked()
        return
    try:
        found = read_connection(text)
    except ValueError as error:
        yield problem("connection", f"{CONNECTION} cannot be read: {error}", _MEND)
        return
    yield from _judged(found, f"{CONNECTION}", subject.environment)


def read_connection(text: str) -> dict[str, str]:
    """Return a connection's type and extras from what an environment variable holds: JSON or a URI."""
    if not text.lstrip().startswith("{"):
        parts = urlsplit(text)
        if not parts.scheme:
            raise ValueError("it is neither JSON nor a URI")
        extras = dict(parse_qsl(parts.query))
        extras |= json.loads(extras.pop("__extra__", "{}"))
        key = {"aws_access_key_id": unquote(parts.username)} if parts.username else {}
        return {"conn_type": parts.scheme} | key | extras
    value = json.loads(text)
    extra = value.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    key = {"aws_access_key_id": value["login"]} if value.get("login") else {}
    return {"conn_type": str(value.get("conn_type", ""))} | key | {name: str(item) for name, item in extra.items()}


def _asked() -> Iterator[Finding]:
    """Ask the Airflow that the environment sets up; without one nothing is asked, for asking would set one up."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    if not (home / "airflow.cfg").is_file():
        yield not_checked("connection", f"aws_default: {CONNECTION} is not set and no Airflow is set up in {home}")
        return
    try:
        done = subprocess.run(
            [program("airflow"), "connections", "get", "aws_default", "--output", "json"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (StackError, subprocess.TimeoutExpired) as error:
        yield not_checked("connection", f"aws_default: {error}")
        return
    if done.returncode:
        yield warning("connection", "Airflow has no connection aws_default: tasks take the worker's environment", _MEND)
    else:
        yield ok("connection", f"aws_default is set in the Airflow of {home}")


def _judged(found: Mapping[str, str], where: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    if found["conn_type"] != "aws":
        yield problem("connection", f"{where} is of type {found['conn_type']!r}, not 'aws'", _MEND)
        return
    places = {"endpoint_url": "AWS_ENDPOINT_URL", "region_name": "AWS_REGION"}
    differing = [
        name
        for name, variable in places.items()
        if found.get(name, environment.get(variable)) != environment.get(variable)
    ]
    for name in differing:
        words = f"{where} says {name} {found[name]}, the environment {environment.get(places[name]) or 'nothing'}"
        yield warning(
            "connection", f"{words}: tasks and this command reach different places", f"set {name} in one place"
        )
    if "aws_access_key_id" in found:
        yield warning("connection", f"{where} carries a key of its own", "prefer a role or the worker's environment")
    if not differing:
        yield ok("connection", f"aws_default, by {where}")
