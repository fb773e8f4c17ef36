"""The command line of Docker or podman: what is asked of it, and what it gets of this server's environment."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from sagelocal.jobs.engines.engine import EngineError

ANSWER = 60.0  # seconds that an engine has to say that it is there
DEFAULT_NETWORKS = ("bridge", "podman")  # as Docker and podman call it
# Variables that mean something to the command line itself: it gets those of the server, and none of a job's.
_OWN = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|TMPDIR|SSH_AUTH_SOCK|NOTIFY_SOCKET|"
    r"(?:LC|LD|DYLD|GO|XDG|DBUS|LISTEN|SSL_CERT|DOCKER|COMPOSE|BUILDKIT|BUILDAH|_?CONTAINERS?|PODMAN|STORAGE|REGISTRY)"
    r"(?:_.*|[A-Z]*)|(?i:https?|no|all)_(?i:proxy)"
)


def is_own(name: str) -> bool:
    """Say whether a variable is one that the command line itself reads."""
    return _OWN.fullmatch(name) is not None


def environment() -> dict[str, str]:
    """Return the variables of this server that its engine's command line gets."""
    return {name: value for name, value in os.environ.items() if is_own(name)}


def call(client: str, *arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line, as long as it takes, and return what it said: all of it in `stdout` if it failed."""
    try:
        done = subprocess.run(
            [client, *arguments],
            env={**environment(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C at the server's terminal is not for it
            check=False,
        )
    except OSError as error:
        raise EngineError(f"--engine {client}: it cannot be run: {error.strerror}.") from error
    if done.returncode:
        done.stdout = f"{done.stdout}\n{done.stderr}".strip()
    return done


def ask(client: str) -> dict[str, Any]:
    """Return what an engine says of itself; EngineError if it is not there or does not answer."""
    command = [client, "info", "--format", "{{json .}}"]
    try:
        done = subprocess.run(
            command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER, check=False
        )
    except FileNotFoundError:
        raise EngineError(f"--engine {client}: there is no such command. Install it, or leave --engine out.") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"--engine {client}: it does not answer: {error}.") from error
    try:
        told: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    except ValueError:
        told = {}
    if not told or told.get("ServerErrors"):
        said = done.stderr.decode(errors="replace").strip() or " ".join(told.get("ServerErrors") or ["no answer"])
        raise EngineError(f"--engine {client}: the engine does not answer: {said.splitlines()[-1]}")
    return told


@functools.cache
def is_rootless(client: str) -> bool:
    """Say whether root of a container is this user, and not root of this machine."""
    told = ask(client)
    podman = (told.get("host") or {}).get("security") or {}
    return bool(podman.get("rootless")) or "name=rootless" in (told.get("SecurityOptions") or [])


@functools.cache
def gateway(client: str) -> str | None:
    """Return the address of this machine in the containers' default network; None if it is another machine's.

    Rootless engines, and those of a Mac, have the network in a machine or a namespace of their own.
    """
    if sys.platform != "linux" or is_rootless(client):
        return None
    for name in DEFAULT_NETWORKS:
        shown = call(client, "network", "inspect", name)
        if shown.returncode == 0:
            return next(iter(_gateways(json.loads(shown.stdout))), None)
    return None


def _gateways(value: Any) -> list[str]:
    """Return the IPv4 gateways that a description of a network names; Docker and podman lay it out differently."""
    if isinstance(value, list):
        return [found for member in value for found in _gateways(member)]
    if not isinstance(value, dict):
        return []
    here = [text for name, text in value.items() if name.lower() == "gateway" and isinstance(text, str) and "." in text]
    return here + [found for member in value.values() for found in _gateways(member)]
