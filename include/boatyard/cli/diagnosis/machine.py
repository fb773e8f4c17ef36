"""What is installed on this machine, and whether there is room."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from boatyard.cli.diagnosis.finding import Finding, not_checked, ok, problem, warning
from boatyard.cli.diagnosis.subject import Subject
from boatyard.cli.environment import program
from boatyard.cli.home import StackError

GIGABYTE = 1 << 30
# A job image's environment takes some 0.7 GB, and a run of a small model some MB.
LITTLE_SPACE = 5 * GIGABYTE
NO_SPACE = GIGABYTE
_SECONDS = 30


def python(subject: Subject) -> Iterator[Finding]:
    """Look at the interpreter."""
    here, wanted = platform.python_version(), metadata("boatyard")["Requires-Python"]
    if here in SpecifierSet(wanted):
        yield ok("python", here)
    else:
        yield problem("python", f"{here} is not {wanted}", "make clean, then make setup with such a Python on PATH")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        yield warning(
            "python",
            "PYTHONDONTWRITEBYTECODE is set: without compiled files imports take several times as long",
            "unset PYTHONDONTWRITEBYTECODE",
        )


def packages(subject: Subject) -> Iterator[Finding]:
    """Look at the packages that Boatyard asks for."""
    found = []
    for requirement in map(Requirement, requires("boatyard") or ()):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            there = version(requirement.name)
        except PackageNotFoundError:
            yield problem("packages", f"{requirement.name} is not installed", "make setup")
            continue
        if not requirement.specifier.contains(there, prereleases=True):
            yield problem("packages", f"{requirement.name} {there} is not {requirement.specifier}", "make setup")
            continue
        found.append(f"{requirement.name} {there}")
    yield ok("packages", ", ".join([f"boatyard {version('boatyard')}", *found]))


def uv(subject: Subject) -> Iterator[Finding]:
    """Look for uv, which builds environments."""
    path = _uv(subject.home.state)
    if path is None:
        yield not_checked("uv", "not found; only building an environment needs it (make setup)")
        return
    answer = _run([path, "--version"])
    if isinstance(answer, str):
        yield problem("uv", f"{path} does not run: {answer}", "make setup")
    else:
        yield ok("uv", f"{answer.stdout.strip().removeprefix('uv ')}   {path}")


def disk(subject: Subject) -> Iterator[Finding]:
    """Look at the free space of the project's and the temporary files' disks."""
    for folder in dict.fromkeys((subject.home.project, Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        words = f"{free / GIGABYTE:.1f} GB free in {folder}"
        if free < NO_SPACE:
            yield problem("disk", words, "make room: a job image's environment alone takes some 0.7 GB")
        elif free < LITTLE_SPACE:
            yield warning("disk", words, "make room: environments, training sets and models will need it")
        else:
            yield ok("disk", words)


def isolation(subject: Subject) -> Iterator[Finding]:
    """Ask sagelocal how jobs get an /opt/ml of their own on this machine."""
    try:
        command = [program("sagelocal"), "isolation"]
    except StackError:
        yield not_checked("isolation", f"sagelocal is not installed beside {sys.executable}")
        return
    answer = _run(command)
    if isinstance(answer, str):
        yield problem("isolation", f"sagelocal does not run: {answer}", "make setup")
    else:
        yield ok("isolation", f"of sagelocal's jobs here: {answer.stdout.strip()}")


def _uv(state: Path) -> str | None:
    own = [*sorted(state.glob("uv-*/bin/uv"))[-1:], Path(sys.executable).parent / "uv"]
    return next((str(path) for path in own if path.is_file()), shutil.which("uv"))


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | str:
    """Return what a program answered, or why it did not."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done if done.returncode == 0 else " ".join((done.stderr or done.stdout).split())
