"""How a job gets an /opt/ml of its own: by mount namespaces where the system allows them, else by relocated paths."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sagelocal.jobs import landlock
from sagelocal.jobs.process import SUPERVISE

OPT_ML = "/opt/ml"
# What a job can never have of its own: an image would not start without it.
SYSTEM = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys"),
    *("/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin"),
)
SHARED = ("/dev", "/proc", "/tmp", "/var/tmp")  # noqa: S108 - what programs everywhere take for writable


class IsolationError(RuntimeError):
    """The demanded isolation is not to be had on this machine."""


class PathError(ValueError):
    """A path that a job names cannot be one of its own."""


@dataclass(frozen=True)
class Isolation:
    """How a job's paths get to where they are."""

    mode: str  # "namespace" or "relocate"; "engine": a container engine has mounts of its own
    user_namespace: bool = False  # root needs none
    confined: bool = False  # by Landlock

    @property
    def is_closed(self) -> bool:
        """Tell whether a job cannot write to the store's files, whatever it does with paths."""
        return self.mode != "relocate" or self.confined

    def sandbox(self, folder: Path, paths: list[str] | None = None) -> Sandbox:
        """Plan a job's own file tree in `folder`: /opt/ml and every path of `paths` outside of it."""
        real = {OPT_ML: folder / "ml"}
        outside = sorted({path for path in map(own_path, paths or []) if not _within(path, OPT_ML)})
        for path in outside:
            if any(_within(own, path) for own in (str(folder), sys.prefix, sys.base_prefix)):
                raise PathError(f"The local path {path!r} holds what jobs run from on this machine.")
        for number, path in enumerate(outside):
            if not any(_within(path, other) for other in real):
                real[path] = folder / f"path-{number}"
        return Sandbox(self, folder, real)


@dataclass(frozen=True)
class View:
    """A folder of this machine that a job sees at a path of its own."""

    path: str
    source: Path
    read_only: bool


@dataclass(frozen=True)
class Closed:
    """A folder that a job can read and not write to, but for some folders within.

    Where processes can be confined, the same is true of the whole machine, but for those folders, some `outside` of it
    and what every program takes for its own.
    """

    folder: Path
    but: tuple[Path, ...]
    outside: tuple[Path, ...] = ()

    def steps(self) -> list[tuple[str, str, str]]:
        """Return its mounts, which come before all others: those within stay as they are when it is closed."""
        binds = [("bind", str(path), str(path)) for path in (*self.but, self.folder)]
        return [*binds, ("read-only", "", str(self.folder))]

    def writable(self) -> list[str]:
        """Return all that can be written to; a shared folder that this one lies in would open it, and is left out."""
        shared = [path for path in SHARED if not self.folder.resolve().is_relative_to(path)]
        return [*map(str, (*self.but, *self.outside)), *shared]


@dataclass(frozen=True)
class Sandbox:
    """Where a job's paths really are."""

    isolation: Isolation
    folder: Path
    real: dict[str, Path]  # path as the job names it -> folder on disk

    def locate(self, path: str) -> Path:
        """Return where `path`, as the job names it, lies on disk; PathError if it is none of the job's own."""
        clean = _clean(path)
        for named, folder in self.real.items():
            if _within(clean, named):
                return folder / PurePosixPath(clean).relative_to(named)
        raise PathError(f"{path} is no path of this job's own")

    @property
    def has_mounts(self) -> bool:
        """Say whether its paths are where they say, and folders of this machine can be shown at them."""
        return self.isolation.mode != "relocate"

    def rewrite(self, text: str) -> str:
        """Point the paths that a text names to where they are; with mounts they are where they say."""
        if self.has_mounts:
            return text
        for named, folder in sorted(self.real.items(), key=lambda item: -len(item[0])):
            # a path of its own: not the tail of another one (s3://bucket/opt/ml), nor the head of a name (/opt/mlflow)
            pattern = rf"(?:(?<=file://)|(?<![\w./-])){re.escape(named)}(?=/|$|[^\w.-])"
            template = str(folder).replace("\\", r"\\")
            text = re.sub(pattern, template, text)
        return text

    def environment(self) -> dict[str, str]:
        """Return what tells SageMaker's toolkits where /opt/ml is, if it is not there."""
        return {} if self.has_mounts else {"SAGEMAKER_BASE_DIR": str(self.real[OPT_ML])}

    @property
    def fixed(self) -> Path:
        """A folder beside the job's own for what it sees and cannot write to."""
        return self.folder.with_name(f"{self.folder.name}.fixed")

    def plan(self, views: Sequence[View] = (), closed: Closed | None = None) -> dict[str, Any] | None:
        """Return what `supervise.isolate` does before the job begins; None if that is nothing."""
        plan: dict[str, Any] = {}
        if self.isolation.mode == "namespace":
            plan = {"user_namespace": self.isolation.user_namespace, "steps": self._steps(views, closed)}
        if self.isolation.confined and closed is not None:
            plan["writable"] = [*closed.writable(), *(str(view.source) for view in views if not view.read_only)]
        return plan or None

    def _steps(self, views: Sequence[View], closed: Closed | None) -> list[tuple[str, str, str]]:
        """Return the steps with which `mounts.isolate` puts every path in its place."""
        by_ancestor: dict[str, list[str]] = {}
        for named in self.real:
            by_ancestor.setdefault(_existing(named), []).append(named)
        steps = closed.steps() if closed else []
        # the deepest first: an upper folder that is mirrored later takes what is mounted below with it
        for number, ancestor in enumerate(sorted(by_ancestor, key=lambda path: -len(PurePosixPath(path).parts))):
            steps += self._place(ancestor, by_ancestor[ancestor], self.fixed / f"cover-{number}")
        for view in views:
            steps += [("bind", str(view.source), view.path)]
            steps += [("read-only", "", view.path)] if view.read_only else []
        return steps

    def _place(self, ancestor: str, named: list[str], cover: Path) -> list[tuple[str, str, str]]:
        """Mount the paths whose nearest existing folder is `ancestor`: on a copy of it, which then covers it."""
        if ancestor in named:
            return [("bind", str(self.real[ancestor]), ancestor)]
        cover.mkdir(parents=True, exist_ok=True)
        steps = [("empty", "", str(cover)), ("mirror", ancestor, str(cover))]
        for path in named:
            place = str(cover / PurePosixPath(path).relative_to(ancestor))
            steps += [("folder", "", place), ("bind", str(self.real[path]), place)]
        return [*steps, ("root", "", str(cover)) if ancestor == "/" else ("bind", str(cover), ancestor)]


@functools.cache
def choose(wanted: str) -> Isolation:
    """Return the isolation to use for `auto`, `namespace` or `relocate`; IsolationError if it is not to be had."""
    relocated = Isolation("relocate", confined=landlock.is_there())
    if wanted == "relocate":
        return relocated
    reasons = []
    for user_namespace in [False] * (os.geteuid() == 0) + [True]:
        candidate = Isolation("namespace", user_namespace, relocated.confined)
        reason = _refusal(candidate)
        if reason is None:
            return candidate
        reasons.append(reason)
    if wanted == "auto":
        return relocated
    raise IsolationError(
        f"--isolation namespace: this system does not allow mount namespaces ({'; '.join(dict.fromkeys(reasons))}). "
        "Use --isolation relocate, or allow unprivileged user namespaces."
    )


def _refusal(isolation: Isolation) -> str | None:
    """Try it with a process that reads a file of its own /opt/ml; return why it does not work, or None."""
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    with tempfile.TemporaryDirectory(prefix="sagelocal-") as folder:
        sandbox = isolation.sandbox(Path(folder))
        (sandbox.real[OPT_ML]).mkdir()
        (sandbox.real[OPT_ML] / "probe").write_text("seen")
        plan = json.dumps(sandbox.plan())
        command = [sys.executable, "-I", "-S", str(SUPERVISE), "--probe", plan, f"{OPT_ML}/probe"]
        done = subprocess.run(command, env={}, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout == "seen":
        return None
    return (done.stderr.strip().splitlines() or ["no answer"])[-1]


def own_path(path: str) -> str:
    """Return a path that a job asks for, as it is; PathError if it is none, or none that a job can have of its own."""
    clean = _clean(path)
    above = clean in ("/usr", *map(str, PurePosixPath(OPT_ML).parents))
    if above or any(_within(clean, own) for own in SYSTEM):
        raise PathError(f"The local path {path!r} is one of the system's own.")
    return clean


def _clean(path: str) -> str:
    if not path.strip("/") or not path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise PathError(f"The local path {path!r} is not an absolute path of a folder, without '..'.")
    return str(PurePosixPath("/") / path.strip("/"))


def _within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _existing(path: str) -> str:
    """Return the nearest folder above (or at) `path` that exists."""
    there = Path(path)
    while not there.is_dir():
        there = there.parent
    return str(there)
