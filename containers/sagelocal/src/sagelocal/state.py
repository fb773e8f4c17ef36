"""The state folder: one server at a time may have it, and only one that understands what lies in it."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

# Raised with each change that an older server would misread.
VERSION = 2


class StateError(Exception):
    """The state folder cannot be opened by this server; the text says why."""


def open_state(folder: Path) -> int:
    """Take the folder for this process, until it ends however it ends; return the lock's file descriptor.

    `StateError` if another server has it, or a newer one wrote it: then nothing in it is changed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, folder)
        _check_version(folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise StateError(f"Another sagelocal has {folder} open.") from error


def _check_version(folder: Path) -> None:
    path = folder / "version.json"
    found = json.loads(path.read_text())["version"] if path.exists() else VERSION
    if found > VERSION:
        raise StateError(
            f"{folder} was written by a sagelocal with state version {found}; this one has version {VERSION}. "
            "Run the newer sagelocal, or use another folder."
        )
    write_atomically(path, json.dumps({"version": VERSION}))


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file in one step."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    new.replace(path)
