"""Secrets are fetched from where their variables say, and shown to the script alone."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from container import Container
from tabular.secrets import fetch
from tabular.sources import ConfigurationError

KEPT = {
    "secretsmanager.GetSecretValue": {"plain": "s3cr3t-w0rd", "json": '{"user": "ada", "port": 5432}'},
    "AmazonSSM.GetParameter": {"/db/password": "t1de"},
}


class Keeper(http.server.BaseHTTPRequestHandler):
    """Answer as Secrets Manager and Systems Manager do."""

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = asked.get("SecretId") or asked["Name"]
        value = KEPT[operation].get(name.rpartition(":")[2].removeprefix("parameter"))
        answer: dict[str, Any] = {"__type": "ResourceNotFoundException", "message": "no such secret"}
        if value is not None:
            answer = {"SecretString": value} if "secrets" in operation else {"Parameter": {"Value": value}}
        body = json.dumps(answer).encode()
        self.send_response(400 if value is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output to the test."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Serve the secrets; gives a client's environment, and sets it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}
        environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}", **keys}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield environment
        server.shutdown()


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("secretsmanager:plain", "s3cr3t-w0rd"),
        ("secretsmanager:json#user", "ada"),
        ("secretsmanager:json#port", "5432"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:plain", "s3cr3t-w0rd"),
        ("ssm:/db/password", "t1de"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/db/password", "t1de"),
    ],
)
def test_a_secret_is_fetched_from_where_its_variable_says(aws: dict[str, str], where: str, value: str) -> None:
    assert fetch({"TOKEN_FROM_SECRET": where, "OTHER": "x"}) == {"TOKEN": value}


def test_what_cannot_be_fetched_is_named_at_once_and_shows_no_secret(aws: dict[str, str]) -> None:
    wanted = {
        "A_FROM_SECRET": "secretsmanager:nowhere",
        "B_FROM_SECRET": "secretsmanager:json#nothing",
        "C_FROM_SECRET": "secretsmanager:plain#key",
        "D_FROM_SECRET": "vault:x",
    }
    with pytest.raises(ConfigurationError) as raised:
        fetch(wanted)
    told = str(raised.value)
    assert all(f"{name[0]} from {where}: " in told for name, where in wanted.items())
    assert not any(secret in told for kept in KEPT.values() for secret in kept.values())


def test_the_training_script_finds_its_secret_and_nothing_shows_it(container: Container, aws: dict[str, str]) -> None:
    show = "import os; token = os.environ['TOKEN']; print(len(token), token, flush=True); raise SystemExit(token)"
    container.source("train.py", show)
    done = container.train(TOKEN_FROM_SECRET="secretsmanager:plain", **aws)
    assert done.stdout == "11 ***\n"
    assert "***" in container.failure
    assert not any("s3cr3t-w0rd" in text for text in (done.stderr, container.failure))


def test_a_processing_script_finds_its_secret(container: Container, aws: dict[str, str]) -> None:
    script = container.source("process.py", "import os; print(os.environ['TOKEN'])")
    with container.start("process", str(script), TOKEN_FROM_SECRET="ssm:/db/password", **aws) as process:
        assert process.communicate(timeout=60)[0] == "t1de\n"


def test_a_secret_that_cannot_be_had_fails_the_job_before_its_script(container: Container, aws: dict[str, str]) -> None:
    container.source("train.py", "print('it runs')")
    done = container.train(TOKEN_FROM_SECRET="secretsmanager:nowhere", **aws)
    assert done.stdout == ""
    assert container.failure.startswith(
        "ConfigurationError: secrets cannot be fetched: TOKEN from secretsmanager:nowhere"
    )
