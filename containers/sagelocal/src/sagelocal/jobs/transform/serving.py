"""The container of a transform job: its `serve` process, and the requests that it answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sagelocal.endpoints.connections import Answer, Connections, Unanswered

STARTUP_TIMEOUT = 480.0  # seconds
PING_TIMEOUT = 2.0  # seconds
STARTS = 2  # another process may have taken the port that was free
GRACE = 30.0  # seconds from SIGTERM to SIGKILL
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25  # seconds between two pings


class ContainerError(Exception):
    """The container did not start, or does not live any more."""


class Container:
    """A `serve` process that has answered /ping; `{port}` in what starts it is where it is to listen."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        for start in range(STARTS):
            self._start()
            if self._becomes_healthy():
                return
            code = self._process.poll()
            if code is None:
                self.stop()
                raise ContainerError(f"The container did not answer /ping with 200 within {STARTUP_TIMEOUT:g} seconds.")
            if start + 1 == STARTS:
                raise ContainerError(f"The container ended before it answered /ping, {_described(code)}")

    def execution_parameters(self) -> dict[str, Any]:
        """Return what the container answers to GET /execution-parameters; nothing if it does not have it."""
        try:
            status, _, body = self._connections.request("GET", "/execution-parameters", None, {}, PING_TIMEOUT)
            wishes = json.loads(body) if status == 200 else {}
        except (Unanswered, TimeoutError, ValueError):
            return {}
        return wishes if isinstance(wishes, dict) else {}

    def invoke(self, body: bytes | list[bytes], headers: dict[str, str], timeout: float) -> Answer:
        """Return what the container answers; Unanswered or TimeoutError if it does not."""
        return self._connections.request("POST", "/invocations", body, headers, timeout)

    def require_alive(self) -> None:
        """Raise ContainerError if the process has ended."""
        if (code := self._process.poll()) is not None:
            raise ContainerError(f"The container ended while it was asked, {_described(code)}")

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [part.replace("{port}", str(port)) for part in self._command]
        place = {name: value.replace("{port}", str(port)) for name, value in self._environment.items()}
        try:
            # it is found on the image's PATH
            self._process = subprocess.Popen(command, env={**os.environ, **place}, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise ContainerError(f"cannot run '{command[0]}': {error.strerror}") from error
        self._connections = Connections(port)

    def _becomes_healthy(self) -> bool:
        deadline, pause = time.monotonic() + STARTUP_TIMEOUT, FIRST_PAUSE
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                if self._connections.request("GET", "/ping", None, {}, PING_TIMEOUT)[0] == 200:
                    return True
            except (Unanswered, TimeoutError):
                pass  # not yet
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return False


def _described(returncode: int) -> str:
    return f"exit code: {128 - returncode if returncode < 0 else returncode}"
