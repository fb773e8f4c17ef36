"""A running sagelocal, in the environment that `sagelocal env` prints: these tests are ordinary clients of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SAGELOCAL = REPOSITORY / ".venv" / "bin" / "sagelocal"
TABULAR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take an option for a machine that can install nothing."""
    parser.addoption("--built-images", type=Path, help="a folder of image environments that another server has built")


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Path]:
    """Give the folder of a server that runs."""
    folder = tmp_path_factory.mktemp("sagelocal")
    built = pytestconfig.getoption("--built-images")
    if built is not None:
        (folder / "state").mkdir()
        shutil.copytree(built, folder / "state" / "images", symlinks=True, copy_function=os.link)
    command = [str(SAGELOCAL), "serve", "--state", str(folder / "state"), "--role", "boatyard"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--images", str(REPOSITORY / "containers")],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=clean,
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("sagelocal is ready"), (folder / "log").read_text()
        yield folder / "state"
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="session", autouse=True)
def environment(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Point every client of this process at the server, as `eval "$(sagelocal env)"` does in a shell."""
    printed = subprocess.run([SAGELOCAL, "env", "--state", str(state)], capture_output=True, text=True, check=True)
    pairs = (line.removeprefix("export ").partition("=") for line in printed.stdout.splitlines())
    variables = {name: shlex.split(value)[0] for name, _, value in pairs}
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(home / "none"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none"))
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@pytest.fixture
def bucket() -> str:
    """Give a new bucket."""
    name = f"b-{uuid.uuid4().hex[:20]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name
