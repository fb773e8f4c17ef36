"""A server that other machines may call: where it listens, by which names it answers, whose keys it takes."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

Start = Callable[..., "LocalServer"]
LOOPBACK_TOO = "127.0.0.2"  # on Linux all of 127.0.0.0/8 is this machine


@pytest.fixture(scope="module")
def server(start_server: Start) -> LocalServer:
    return start_server("--listen", "0.0.0.0", "--accept-host", "Sagelocal", "--role", "execution")  # noqa: S104 - its keys guard it


def answer_to(server: LocalServer, host: str, address: str = "127.0.0.1", **headers: str) -> str:
    connection = http.client.HTTPConnection(address, int(server.url.rpartition(":")[2]))
    try:
        connection.request("GET", "/", headers={"Host": host, **headers})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_it_is_found_at_the_loopback_address_all_the_same(server: LocalServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert json.loads((server.state / "endpoint.json").read_text())["endpoint_url"] == server.url


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address")
def test_it_listens_elsewhere_only_if_it_is_told_to(server: LocalServer, aws: LocalServer) -> None:
    assert "signed requests only" in answer_to(server, "127.0.0.1", LOOPBACK_TOO)
    with pytest.raises(ConnectionRefusedError):
        answer_to(aws, "127.0.0.1", LOOPBACK_TOO)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address")
def test_it_answers_to_the_address_that_it_listens_on(start_server: Start) -> None:
    server = start_server("--listen", LOOPBACK_TOO)
    assert server.url.startswith(f"http://{LOOPBACK_TOO}:")
    with server.clients() as client:
        assert client("s3").list_buckets()["Buckets"] == []


def test_it_answers_to_the_names_that_it_is_told_and_to_no_other(server: LocalServer) -> None:
    for host in ("sagelocal", "sagelocal:4566", "SAGELOCAL", "localhost"):
        assert "signed requests only" in answer_to(server, host)
    for host in ("attacker.example", "sagelocal.attacker.example", ""):
        assert "see --accept-host" in answer_to(server, host)


def test_a_web_page_of_another_origin_is_refused_by_any_name(server: LocalServer) -> None:
    assert "see --accept-host" in answer_to(server, "sagelocal", Origin="https://attacker.example")


def test_a_role_is_there_from_the_start_and_sagemaker_may_assume_it(server: LocalServer) -> None:
    with server.clients() as client:
        role = client("iam").get_role(RoleName="execution")["Role"]
    assert role["Arn"] == "arn:aws:iam::123456789012:role/execution"
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Allow", {"Service": "sagemaker.amazonaws.com"})


def test_the_keys_of_the_environment_replace_those_of_the_folder(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    made = server.environment
    server.end()
    monkeypatch.setenv("SAGELOCAL_ACCESS_KEY_ID", "AKIAGIVEN")
    monkeypatch.setenv("SAGELOCAL_SECRET_ACCESS_KEY", "given")
    server = start_server(state=server.state)
    assert (server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"]) == (
        "AKIAGIVEN",
        "given",
    )
    assert (server.state / "credentials.json").stat().st_mode & 0o777 == 0o600
    with server.clients() as client:
        assert client("s3").list_buckets()["Buckets"] == []
        old = client(
            "s3", aws_access_key_id=made["AWS_ACCESS_KEY_ID"], aws_secret_access_key=made["AWS_SECRET_ACCESS_KEY"]
        )
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            old.list_buckets()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([sys.executable, "-m", "sagelocal", *arguments], capture_output=True, text=True, check=False)


def test_half_a_key_pair_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGELOCAL_ACCESS_KEY_ID", "AKIAGIVEN")
    ended = run("serve", "--state", str(tmp_path))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "SAGELOCAL_SECRET_ACCESS_KEY" in ended.stderr


def test_health_says_whether_a_client_is_answered(start_server: Start) -> None:
    server = start_server()
    healthy = run("health", "--state", str(server.state))
    assert (healthy.returncode, healthy.stdout) == (0, f"sagelocal answers at {server.url}\n")
    endpoint = (server.state / "endpoint.json").read_text()
    server.end()
    assert run("health", "--state", str(server.state)).returncode == 1
    (server.state / "endpoint.json").write_text(endpoint)  # as a killed server leaves it
    dead = run("health", "--state", str(server.state))
    assert (dead.returncode, len(dead.stderr.splitlines())) == (1, 1)


def test_the_isolation_of_this_machine_is_said() -> None:
    said = run("isolation")
    assert said.stdout.split(",")[0] in {"namespace", "relocate"}
    assert run("isolation", "--isolation", "relocate").stdout.startswith("relocate, ")


@pytest.mark.unverified
def test_ecr_describes_the_images_that_jobs_can_run(server: LocalServer) -> None:
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    with server.clients() as client:
        ecr = client("ecr")
        found = ecr.describe_images(repositoryName="boatyard/echo", imageIds=[{"imageTag": "latest"}])["imageDetails"]
        assert [image["repositoryName"] for image in found] == ["boatyard/echo"]
        for reference in ({"imageTag": "9.9.9"}, {"imageDigest": f"sha256:{'0' * 64}"}):
            with pytest.raises(ecr.exceptions.ImageNotFoundException):
                ecr.describe_images(repositoryName="boatyard/echo", imageIds=[reference])
        with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
            ecr.describe_images(repositoryName="boatyard/nothing", imageIds=[{"imageTag": "latest"}])


@pytest.mark.unverified
def test_a_repository_that_somebody_creates_is_there_beside_the_images(server: LocalServer) -> None:
    with server.clients() as client:
        ecr = client("ecr")
        ecr.create_repository(repositoryName="mine")
        assert ecr.describe_images(repositoryName="mine")["imageDetails"] == []
