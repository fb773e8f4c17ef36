"""A running sagelocal and clients for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sagelocal.faults.client import FaultsClient
from sagelocal.jobs.isolation import choose

REPOSITORY = Path(__file__).resolve().parents[2]
CONTAINERS = REPOSITORY / "containers"
TEST_IMAGES = CONTAINERS / "sagelocal" / "tests" / "images"

# SAGELOCAL_CONTRACT_ENGINE=podman: the same tests, with jobs and endpoints in containers of the image's Dockerfile
ENGINE = ("--engine", os.environ["SAGELOCAL_CONTRACT_ENGINE"]) if "SAGELOCAL_CONTRACT_ENGINE" in os.environ else ()

IN_EACH_ISOLATION = {
    "test_job_paths",
    "test_job_operators",
    "test_jobs_logs",
    "test_sagemaker_endpoints",
    "test_sagemaker_jobs",
    "test_sagemaker_transform",
}

Client = Callable[..., Any]


class LocalServer:
    """Run `sagelocal serve` as a process on a free port, over a folder that outlives the process."""

    def __init__(self, state: Path, images: Path, options: tuple[str, ...] = ()) -> None:
        self.state = state
        self.images = images
        self.options = options
        self.process: subprocess.Popen[str] | None = None
        self.port = "0"  # any
        self.url = ""

    def start(self) -> None:
        """Start the process and return when it says that it is ready."""
        command = [sys.executable, "-m", "sagelocal", "serve", "--state", str(self.state), "--images", str(self.images)]
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state.parent / f"{self.state.name}.log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--port", self.port, *self.options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=clean_environment(),
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("sagelocal is ready at "), f"{line!r}; log:\n{self.log()}"
        self.url = line.split()[-1]

    def start_again(self) -> None:
        """Start the process on the port that it had: running jobs go on calling it."""
        self.port = self.url.rpartition(":")[2]
        self.start()

    def log(self) -> str:
        """Return what the processes wrote to stderr."""
        return (self.state.parent / f"{self.state.name}.log").read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal and return its exit code."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.process = None
        return code

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point any AWS client at this server."""
        keys = json.loads((self.state / "credentials.json").read_text())
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": keys["access_key"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCOUNT_ID": "123456789012",
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(self.state / "sagemaker-sdk.yaml"),
        }

    @property
    def faults(self) -> FaultsClient:
        """Return what arms the faults of this server, if it was started with them."""
        environment = self.environment
        return FaultsClient(self.url, environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])

    @contextmanager
    def clients(self) -> Iterator[Client]:
        """Give a factory of boto3 clients, which takes what `boto3.client` takes, and close them afterwards."""
        environment = self.environment
        with ExitStack() as stack:

            def client(service: str, **options: Any) -> Any:
                # an error is an answer here, so nothing is tried twice
                config = Config(retries={"total_max_attempts": 1}).merge(options.pop("config", Config()))
                arguments: dict[str, Any] = {
                    "endpoint_url": self.url,
                    "region_name": "us-east-1",
                    "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
                    "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
                    "config": config,
                    **options,
                }
                made = boto3.client(service, **arguments)  # type: ignore[call-overload]  # its types want a literal
                stack.callback(made.close)
                return made

            yield client


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what would point AWS clients elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the repository's images and the tests' own ones."""
    folder = tmp_path_factory.mktemp("images")
    for source in (CONTAINERS, TEST_IMAGES):
        for image in source.iterdir():
            if (image / "pyproject.toml").exists():
                (folder / image.name).symlink_to(image)
    return folder


@pytest.fixture(scope="session")
def start_server(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalServer]]:
    """Give a function that starts a server with more command line options, on a state folder or a new one."""
    with ExitStack() as stack:

        def start(*options: str, state: Path | None = None) -> LocalServer:
            server = LocalServer(state or tmp_path_factory.mktemp("sagelocal") / "state", images, options)
            server.start()
            stack.callback(lambda: server.end() if server.process else None)
            return server

        yield start


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test of the modules whose jobs and endpoints are processes in each mode that this machine allows."""
    if metafunc.module.__name__.rpartition(".")[2] in IN_EACH_ISOLATION and "isolation" in metafunc.fixturenames:
        modes = {"auto"} if ENGINE else {choose("auto").mode, "relocate"}
        metafunc.parametrize("isolation", sorted(modes), scope="session")


@pytest.fixture(scope="session")
def isolation() -> str:
    """Give the isolation of the shared server's jobs."""
    return "auto"


@pytest.fixture(scope="session")
def aws(start_server: Callable[..., LocalServer], isolation: str) -> LocalServer:
    """Give the server that all tests share."""
    return start_server("--isolation", isolation, *ENGINE)


@pytest.fixture
def client(aws: LocalServer) -> Iterator[Client]:
    """Give a factory of boto3 clients of the shared server."""
    with aws.clients() as make:
        yield make


@pytest.fixture
def sagemaker(client: Client) -> Any:
    """Give a client of SageMaker."""
    return client("sagemaker")


@pytest.fixture
def bucket(client: Client) -> str:
    """Give a new bucket of the shared server."""
    name = f"test-{uuid.uuid4().hex[:20]}"
    client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def data(client: Client, bucket: str) -> str:
    """Give a bucket with the object data/train.csv."""
    client("s3").put_object(Bucket=bucket, Key="data/train.csv", Body=b"1,2\n")
    return bucket
