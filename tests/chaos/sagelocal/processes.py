"""Which processes run for a state folder, and which of them the server does not know."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

_MARK = b"SAGELOCAL_RUN="
_PATIENCE = 10.0  # seconds for a process that is just ending


def unknown(state: Path) -> list[str]:
    """Return the processes of a state folder that no run folder in it names, after those that are ending had time."""
    deadline = time.monotonic() + _PATIENCE
    while strangers := _strangers(state):
        if time.monotonic() > deadline:
            return strangers
        time.sleep(0.1)
    return []


def left(state: Path) -> list[str]:
    """Return every process of a state folder, after those that are ending had time."""
    deadline = time.monotonic() + _PATIENCE
    while found := [f"{pid}: {line}" for pid, line, _ in _processes(state)]:
        if time.monotonic() > deadline:
            return found
        time.sleep(0.1)
    return []


def _strangers(state: Path) -> list[str]:
    processes = _processes(state)
    # unlike Path.glob, os.walk passes over folders that are removed meanwhile
    folders = [Path(folder) for part in ("jobs", "endpoints") for folder, _, _ in os.walk(state / part)]
    known = {run for folder in folders if folder.name.startswith("run") and (run := _run_of(folder / "spec.json"))}
    return [f"{pid}: {line}" for pid, line, run in processes if run and run not in known]


def _processes(state: Path) -> list[tuple[int, str, str]]:
    """Return process id, command line and run of each process that names the folder; the server itself left out."""
    name, found = str(state).encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        run = next((one.removeprefix(_MARK).decode() for one in variables if one.startswith(_MARK)), "")
        if b"supervise.py" in line and name in line:
            run = _run_of(Path(line.split(b"supervise.py\0")[1].split(b"\0")[0].decode()) / "spec.json") or "gone"
        elif not (run and any(name in one for one in variables)):
            continue
        found.append((int(process.name), line.replace(b"\0", b" ").decode(errors="replace").strip(), run))
    return found


def _run_of(spec: Path) -> str:
    try:
        run: str = json.loads(spec.read_text())["run"]
    except OSError:
        return ""
    return run
