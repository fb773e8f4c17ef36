"""A disk without room gives errors and no half of anything; with room again, the server goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import LocalServer

Server = Any  # conftest's LocalServer

_SIZE = "24m"
_NO_MOUNTS = "a file system of a few megabytes needs user and mount namespaces"


def _in_a_small_disk(state: Path) -> list[str]:
    """Return the head of a command that runs what follows with a small file system at `state`."""
    script = f'mount -t tmpfs -o size={_SIZE} tmpfs "$0" && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(state)]


@pytest.fixture
def server(images: Path, tmp_path: Path) -> Iterator[Any]:
    """Give a server whose state folder is a small file system."""
    state = tmp_path / "state"
    state.mkdir()
    if subprocess.run([*_in_a_small_disk(state), "true"], capture_output=True, check=False).returncode:
        pytest.skip(_NO_MOUNTS)

    class Boxed(LocalServer):
        """Run in a mount namespace: its files are seen from here through /proc."""

        def start(self) -> None:
            command = [*_in_a_small_disk(self.state), sys.executable, "-m", "sagelocal", "serve"]
            command += ["--state", str(self.state), "--images", str(self.images)]
            with (tmp_path / "server.log").open("a") as log:
                self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line.startswith("sagelocal is ready at "), (tmp_path / "server.log").read_text()
            self.url = line.split()[-1]
            self.state = Path(f"/proc/{self.process.pid}/root{self.state}")

    boxed = Boxed(state, images)
    boxed.start()
    yield boxed
    boxed.end()


def test_a_full_disk_gives_errors_and_no_half_object_and_the_server_goes_on_when_there_is_room(server: Any) -> None:
    with server.clients() as client:
        s3, sagemaker, sqs = client("s3"), client("sagemaker"), client("sqs")
        s3.create_bucket(Bucket="lake")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        s3.put_object(Bucket="lake", Key="old", Body=b"old" * 1000)
        ballast = server.state / "ballast"
        _fill(ballast)

        refused = _refusal(lambda _: s3.put_object(Bucket="lake", Key="old", Body=b"n" * 4_000_000))
        assert (refused["Code"], refused["Message"][:31]) == ("InternalError", "sagelocal has no room to write:")
        assert s3.get_object(Bucket="lake", Key="old")["Body"].read() == b"old" * 1000
        groups: list[str] = []
        refused = _refusal(lambda number: groups.append(_group(sagemaker, f"g-{number}")))
        assert refused["Message"] == "sagelocal has no room to write: database or disk is full"
        sent: list[str] = []
        refused = _refusal(lambda number: sent.append(_send(sqs, queue, f"{number} {'x' * 60_000}")))
        assert "No space left on device" in refused["Message"]

        ballast.unlink()
        s3.put_object(Bucket="lake", Key="new", Body=b"new")
        groups.append(_group(sagemaker, "after"))
        sent.append(_send(sqs, queue, "after"))
        assert s3.get_object(Bucket="lake", Key="new")["Body"].read() == b"new"
        listed = sagemaker.get_paginator("list_model_package_groups").paginate().build_full_result()
        assert set(groups) <= {one["ModelPackageGroupName"] for one in listed["ModelPackageGroupSummaryList"]}
        named = {"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]}
        assert int(sqs.get_queue_attributes(**named)["Attributes"]["ApproximateNumberOfMessages"]) >= len(sent)


def _fill(ballast: Path) -> None:
    """Take all the room that is left."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"x" * size) == size:
                    continue


def _refusal(call: Callable[[int], Any]) -> dict[str, str]:
    """Make calls until one is refused; return its error."""
    with pytest.raises(ClientError) as caught:
        [call(number) for number in range(2000)]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    return dict(caught.value.response["Error"])  # type: ignore[arg-type]  # its members are texts


def _group(sagemaker: Any, name: str) -> str:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def _send(sqs: Any, queue: str, text: str) -> str:
    sqs.send_message(QueueUrl=queue, MessageBody=text)
    return text
