"""A `sagelocal serve` that is killed again and again, and always comes back on its port."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

# one answer for one call: nothing is tried again behind our back
_CONFIG = Config(retries={"total_max_attempts": 1}, read_timeout=60, connect_timeout=10, max_pool_connections=10)


class NotReady(Exception):  # noqa: N818 - what is said of the server, not of the caller
    """The server ended before it was ready."""


class Prey:
    """The server's process over one state folder."""

    def __init__(self, folder: Path, images: Path) -> None:
        self.state = folder / "state"
        self.log = folder / "sagelocal.log"
        self._images = images
        self._port = _free_port()
        self._process: subprocess.Popen[str] | None = None
        self.starts: list[float] = []  # seconds until ready

    def launch(self) -> None:
        """Start the process and return at once."""
        command = [sys.executable, "-m", "sagelocal", "serve", "--state", str(self.state)]
        command += ["--images", str(self._images), "--port", str(self._port), "--stop-grace", "2"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)

    def start(self) -> None:
        """Start the process and return when it is ready."""
        began = time.monotonic()
        self.launch()
        assert self._process is not None
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith("sagelocal is ready"):
            raise NotReady(f"sagelocal did not start:\n{self.log.read_text()[-4000:]}")
        self.starts.append(time.monotonic() - began)

    def end(self, number: signal.Signals) -> None:
        """End the process by a signal."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(90)
        if process.stdout is not None:
            process.stdout.close()

    def clients(self, service: str) -> Any:
        """Return a boto3 client."""
        keys = json.loads((self.state / "credentials.json").read_text())
        return boto3.client(  # type: ignore[call-overload]  # boto3's types want the service's name as a literal
            service,
            endpoint_url=f"http://127.0.0.1:{self._port}",
            region_name="us-east-1",
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
            config=_CONFIG,
        )


def _free_port() -> int:
    """Return a port below those that the system gives to clients: nobody takes it while the server is away."""
    while True:
        port = random.SystemRandom().randrange(15000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
