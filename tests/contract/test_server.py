"""The command, the folder of state, and what outlives a killed server."""

from __future__ import annotations

import http.client
import json
import signal
import stat
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

Start = Callable[..., "LocalServer"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([sys.executable, "-m", "sagelocal", *arguments], capture_output=True, text=True, check=False)


def test_the_environment_points_clients_at_the_server(aws: LocalServer) -> None:
    printed = run("env", "--state", str(aws.state))
    expected = [f"export {name}={value}" for name, value in aws.environment.items()]
    assert printed.stdout.splitlines() == expected


def test_the_environment_of_a_folder_without_a_server_is_an_error(tmp_path: Path) -> None:
    printed = run("env", "--state", str(tmp_path))
    assert (printed.returncode, printed.stdout) == (1, "")
    assert "endpoint.json" in printed.stderr


def test_a_second_server_cannot_open_the_same_folder(aws: LocalServer) -> None:
    second = run("serve", "--state", str(aws.state), "--images", str(aws.images))
    assert second.returncode == 1
    assert f"Another sagelocal has {aws.state} open." in second.stderr


def test_a_folder_that_a_newer_server_wrote_is_refused_and_left_alone(aws: LocalServer, tmp_path: Path) -> None:
    written = json.dumps({"version": 1_000_000})
    (tmp_path / "version.json").write_text(written)
    refused = run("serve", "--state", str(tmp_path), "--images", str(aws.images))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "state version 1000000; this one has version 2" in refused.stderr
    assert (tmp_path / "version.json").read_text() == written
    assert {path.name for path in tmp_path.iterdir()} == {"version.json", "lock"}


def test_a_port_that_is_taken_is_one_clear_line(aws: LocalServer, tmp_path: Path) -> None:
    second = run("serve", "--state", str(tmp_path), "--images", str(aws.images), "--port", aws.url.rpartition(":")[2])
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1


def test_an_image_is_built_before_a_job_wants_it(aws: LocalServer, tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path), "--images", str(aws.images))
    built = run("images", "build", "echo", *arguments)
    assert (Path(built.stdout.strip()) / "bin" / "train").exists(), built.stderr
    unknown = run("images", "build", "ecko", *arguments)
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (1, 1)


def test_the_endpoint_file_says_where_the_server_is(aws: LocalServer) -> None:
    endpoint = json.loads((aws.state / "endpoint.json").read_text())
    assert aws.process is not None
    assert endpoint == {
        "endpoint_url": aws.url,
        "pid": aws.process.pid,
        "region": "us-east-1",
        "account": "123456789012",
        "engine": "none",
    }


def test_only_the_owner_reads_the_credentials(aws: LocalServer) -> None:
    assert stat.S_IMODE((aws.state / "credentials.json").stat().st_mode) == 0o600


def test_a_stopped_server_ends_cleanly_and_says_so(start_server: Start) -> None:
    server = start_server()
    assert server.end() == 0
    assert not (server.state / "endpoint.json").exists()
    assert "Traceback" not in server.log()


ASKING = 100  # clients; a server has 32 threads


def answers_of(aws: LocalServer) -> Iterator[int]:
    """Ask again and again on one connection; yield the answers' statuses."""
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=60)
    try:
        while True:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            yield answer.status
    finally:
        connection.close()


def test_clients_that_never_pause_leave_none_waiting(aws: LocalServer) -> None:
    with ThreadPoolExecutor(ASKING) as threads:
        answers = list(threads.map(lambda _: list(islice(answers_of(aws), 20)), range(ASKING)))
    assert answers == [[403] * 20] * ASKING  # nobody signed


def test_a_client_that_never_pauses_does_not_keep_a_server_from_stopping(start_server: Start) -> None:
    server = start_server()
    answers = answers_of(server)
    assert next(answers) == 403
    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(deque, answers, 0)
        assert server.end() == 0
        assert isinstance(asking.exception(60), OSError | http.client.HTTPException)


def test_objects_uploads_and_credentials_outlive_a_killed_server(start_server: Start) -> None:
    server = start_server()
    with server.clients() as client:
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="key", Body=b"body", Metadata={"who": "me"}, Tagging="a=b")
        upload = s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"]
        part = s3.upload_part(Bucket="bucket", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
        before = server.environment
    server.end(signal.SIGKILL)
    server.start()
    with server.clients() as client:
        s3 = client("s3")
        answer = s3.get_object(Bucket="bucket", Key="key")
        assert (answer["Body"].read(), answer["Metadata"], answer["TagCount"]) == (b"body", {"who": "me"}, 1)
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        s3.complete_multipart_upload(Bucket="bucket", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
        assert s3.get_object(Bucket="bucket", Key="parts")["Body"].read() == b"part"
    assert server.environment == {**before, "AWS_ENDPOINT_URL": server.url}
    server.end()
