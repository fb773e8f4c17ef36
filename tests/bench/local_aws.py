"""A sagelocal of its own for each measurement."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measure import NotMeasuredError

from boatyard.aws.clients import client
from boatyard.cli.environment import base_environment, program
from boatyard.cli.home import Home

REPOSITORY = Path(__file__).parents[2]
ECHO = REPOSITORY / "containers" / "sagelocal" / "tests" / "images" / "echo"
BUCKET = "bench"
READY = "sagelocal is ready at "


@dataclass(frozen=True)
class Sagelocal:
    """Reach a running sagelocal."""

    state: Path
    pid: int
    account: str
    environment: Mapping[str, str]
    ready_after: float  # seconds

    def client(self, service: str) -> Any:
        return client(service, self.environment)

    def resident(self) -> float:
        """Return what the server holds in memory, in MB."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except FileNotFoundError as error:
            raise NotMeasuredError("memory is read from /proc, which this system does not have") from error
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def image(self, name: str) -> str:
        return f"{self.account}.dkr.ecr.{self.environment['AWS_REGION']}.amazonaws.com/boatyard/{name}:latest"

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self.account}:role/bench"

    def image_environment(self, name: str) -> Path:
        """Return the environment that sagelocal built for an image; raises NotMeasuredError if there is none."""
        found = sorted((self.state / "images").glob(f"{name}-*/bin"))
        if len(found) != 1:
            raise NotMeasuredError(f"expected one environment of the image {name}, found {found}")
        return found[0].parent


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="boatyard-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def own_environment() -> dict[str, str]:
    """Return an environment that points at nobody's AWS; packages come from the repository's own cache."""
    return base_environment(Home(REPOSITORY))


@contextmanager
def sagelocal(folder: Path, images: Path, *options: str) -> Iterator[Sagelocal]:
    """Start sagelocal with its state below `folder` and a bucket; stop it afterwards."""
    state = folder / "sagelocal"
    environment = own_environment()
    command = [program("sagelocal"), "serve", "--state", str(state), "--port", "0", "--images", str(images), *options]
    began = time.perf_counter()
    with (folder / "sagelocal.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
    try:
        line = server.stdout.readline() if server.stdout else ""
        ready_after = time.perf_counter() - began
        if not line.startswith(READY):
            raise NotMeasuredError(f"sagelocal did not start: {(folder / 'sagelocal.log').read_text()[-2000:]}")
        account = json.loads((state / "endpoint.json").read_text())["account"]
        running = Sagelocal(state, server.pid, account, _client_environment(state, environment), ready_after)
        running.client("s3").create_bucket(Bucket=BUCKET)
        yield running
    finally:
        server.terminate()
        server.wait(60)
        if server.stdout:
            server.stdout.close()


def _client_environment(state: Path, environment: dict[str, str]) -> dict[str, str]:
    printed = subprocess.run(
        [program("sagelocal"), "env", "--state", str(state)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    ).stdout
    exports = (line.removeprefix("export ") for line in printed.splitlines() if line.startswith("export "))
    return dict(line.split("=", 1) for line in exports)


def until(question: Callable[[], bool], seconds: float, pause: float, what: str) -> None:
    """Ask until the answer is yes; raises NotMeasuredError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def peer(command: Sequence[str], environment: Mapping[str, str], port: int, log: Path) -> Iterator[None]:
    """Run another server until the end of the block, which begins when it listens on `port`."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment)
        )
    try:
        until(lambda: _listens(server, port, log), 60, 0.1, f"{command[0]} listens")
        yield
    finally:
        server.terminate()
        server.wait(30)


def _listens(server: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    if server.poll() is not None:
        raise NotMeasuredError(f"a server ended as it started: {log.read_text(errors='replace')[-2000:]}")
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
