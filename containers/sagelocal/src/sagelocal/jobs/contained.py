"""The containers of a run, as whoever watches over it handles them, by the command line of Docker or podman.

Loaded by `supervise.py` from beside itself: standard library only, and nothing of sagelocal. Its spec says:

engine.client    the command line of the engine
engine.name      the container that is the run's command; None if the command is a process that starts containers
engine.refusal   what to say of a container that could not be started
engine.own       the command that makes this user the owner of what a container wrote; None if that is not needed
run              every container of the run has the label `sagelocal.run=<this>`
"""

import json
import subprocess
import time
from typing import Any

LABEL = "sagelocal.run"
ANSWER = 60.0  # seconds that the engine has for one answer
NEVER = "0001-01-01"  # what engines say of a container that was never started
TRIES = 6  # to remove what is left, with growing pauses: an engine may still be making it


class Containers:
    """What of a run the engine holds."""

    def __init__(self, spec: dict[str, Any]) -> None:
        engine = spec["engine"]
        self._client: list[str] = engine["client"]
        self._name: str | None = engine["name"]
        self._refusal: str = engine["refusal"]
        self._own: list[str] | None = engine["own"]
        self._mark = f"{LABEL}={spec['run']}"
        self._environment: dict[str, str] = spec["environment"]

    @property
    def is_command(self) -> bool:
        """Say whether a container is the run's command, so that signals are meant for it."""
        return self._name is not None

    def signal(self, number: int) -> bool:
        """Send a signal to the container; return False if it does not run yet, or no more."""
        return self._call("kill", "--signal", str(number), str(self._name)).returncode == 0

    def end(self, returncode: int) -> tuple[int, str]:
        """Remove everything once the command has ended; return how it ended, and what is to be said of that.

        The client's own exit code is not asked: it has codes of its own, and may have been killed.
        """
        state = self._state() if self._name else None
        self.remove()
        if self._name is None or returncode < 0:
            return returncode, ""
        if state is None or state["StartedAt"].startswith(NEVER):
            return returncode, self._refusal
        if state["Running"]:
            return returncode or 1, "the engine's client ended before the container did"
        code = int(state["ExitCode"])
        return (128 - code if 128 < code < 160 else code), ""  # as of a process that a signal ended

    def remove(self) -> None:
        """End and remove whatever there is, and take over what it wrote."""
        for attempt in range(TRIES):
            left = self._call("ps", "--all", "--quiet", "--filter", f"label={self._mark}")
            if left.returncode == 0 and not left.stdout.split():
                break
            self._call("kill", *left.stdout.split())  # refused if one has ended, which is as well
            self._call("rm", "--force", "--volumes", *left.stdout.split())
            time.sleep(0.05 * attempt**2)
        if self._own:
            self._run(self._own)

    def _state(self) -> dict[str, Any] | None:
        shown = self._call("container", "inspect", "--format", "{{json .State}}", str(self._name))
        state: dict[str, Any] | None = json.loads(shown.stdout) if shown.returncode == 0 else None
        return state

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run([*self._client, *arguments])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=ANSWER,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(command, 1, "", str(error))
