"""Where the engine's images come from, and what is said when there is none, or no engine."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Contained = Any  # conftest's
Start = Callable[..., Any]

pytestmark = pytest.mark.unverified

DOCKERFILE = """FROM {base}
ARG PIP_INDEX_URL
RUN echo "built {mark} with $PIP_INDEX_URL" > /built.txt
COPY word.txt /word.txt
"""
SHOW = "cat /built.txt /word.txt > /opt/ml/model/model.txt"


@pytest.fixture(scope="module")
def contained(make_contained: Callable[..., Contained]) -> Iterator[Contained]:
    """Give a server on a machine with a package index of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        made = make_contained()
    yield made
    made.server.end()


@pytest.fixture
def folder(contained: Contained, tiny: str) -> Iterator[Path]:
    """Give an image folder with a Dockerfile, among those of the server."""
    made: Path = contained.server.images / f"made-{uuid.uuid4().hex[:8]}"
    made.mkdir()
    (made / "Dockerfile").write_text(DOCKERFILE.format(base=tiny, mark=made.name))
    (made / "word.txt").write_text("one\n")
    yield made
    contained.remove_images(made.name)


def test_a_folder_s_dockerfile_is_built_once_for_each_content(contained: Contained, folder: Path) -> None:
    uri = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/some/{folder.name}:latest"
    algorithm = {"TrainingImage": uri, "TrainingInputMode": "File"}
    first = [contained.train(SHOW, AlgorithmSpecification=algorithm) for _ in range(2)]
    assert [contained.trained(name)["TrainingJobStatus"] for name in first] == ["Completed", "Completed"]
    (folder / "word.txt").write_text("two\n")
    second = contained.train(SHOW, AlgorithmSpecification=algorithm)
    assert contained.trained(second)["TrainingJobStatus"] == "Completed"
    built = f"built {folder.name} with http://127.0.0.1:9/simple\n".encode()
    assert [contained.model(name)["model.txt"] for name in (*first, second)] == [
        built + b"one\n",
        built + b"one\n",
        built + b"two\n",
    ]
    assert len(contained.images(folder.name)) == 2


def test_a_failed_build_is_told_with_its_last_lines(contained: Contained, folder: Path) -> None:
    with (folder / "Dockerfile").open("a") as file:
        file.write("RUN echo this went wrong && exit 7\n")
    algorithm = {"TrainingImage": f"registry.local/{folder.name}:latest", "TrainingInputMode": "File"}
    described = contained.trained(contained.train("", AlgorithmSpecification=algorithm))
    assert described["TrainingJobStatus"] == "Failed"
    assert "could not build the image" in described["FailureReason"]
    assert "exit status 7" in described["FailureReason"]


@pytest.mark.parametrize("tag", ["2.0", "latest"])
def test_an_image_that_is_nowhere_fails_with_aws_s_words(contained: Contained, folder: Path, tag: str) -> None:
    name = "no-such-image" if tag == "latest" else folder.name
    algorithm = {"TrainingImage": f"127.0.0.1:9/{name}:{tag}", "TrainingInputMode": "File"}
    described = contained.trained(contained.train("", AlgorithmSpecification=algorithm))
    assert described["FailureReason"].startswith(
        "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are "
        "incorrect. 127.0.0.1:9/"
    )


def test_an_image_of_this_account_that_is_nowhere_is_refused_at_once(contained: Contained) -> None:
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/some/no-such-image:1"
    with contained.server.clients() as client, pytest.raises(client("sagemaker").exceptions.ClientError) as caught:
        contained.train("", AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"})
    assert "Cannot find repository: some/no-such-image in registry ID: 123456789012" in str(caught.value)


@pytest.mark.parametrize("text", ["--privileged", "two words"])
def test_what_can_be_no_image_is_refused(contained: Contained, text: str) -> None:
    with contained.server.clients() as client:
        sagemaker = client("sagemaker")
        with pytest.raises(sagemaker.exceptions.ClientError, match="is no image URI"):
            contained.train("", AlgorithmSpecification={"TrainingImage": text, "TrainingInputMode": "File"})


def _sagelocal(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sagelocal", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_a_server_does_not_start_without_its_engine(tmp_path: Path) -> None:
    done = _sagelocal("serve", "--state", str(tmp_path / "state"), "--engine", "no-such-engine")
    assert done.returncode == 1
    assert done.stderr == (
        "sagelocal: --engine no-such-engine: there is no such command. Install it, or leave --engine out.\n"
    )


def test_a_server_does_not_start_if_its_engine_does_not_answer(tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    engine.write_text("#!/bin/sh\necho Cannot connect to the daemon >&2\nexit 1\n")
    engine.chmod(0o755)
    done = _sagelocal("serve", "--state", str(tmp_path / "state"), "--engine", str(engine))
    assert done.returncode == 1
    assert "the engine does not answer: Cannot connect to the daemon" in done.stderr


def test_health_asks_the_engine_too(start_server: Start, engine: str, tmp_path: Path) -> None:
    command = tmp_path / "engine"
    command.write_text(f'#!/bin/sh\nexec {engine} "$@"\n')
    command.chmod(0o755)
    server = start_server("--engine", str(command))
    assert _sagelocal("health", "--state", str(server.state)).returncode == 0
    command.write_text("#!/bin/sh\necho Cannot connect to the daemon >&2\nexit 1\n")
    done = _sagelocal("health", "--state", str(server.state))
    assert done.returncode == 1
    assert "Cannot connect to the daemon" in done.stderr
    server.end()
