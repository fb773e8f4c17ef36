"""Who may arm faults, and how: a server that was started for it, its own key, the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from sagelocal.faults.client import FaultsClient, FaultsError

if TYPE_CHECKING:
    from tests.contract.conftest import Client, LocalServer

pytestmark = pytest.mark.unverified


def test_faults_are_off_unless_the_server_was_started_with_them(aws: LocalServer) -> None:
    with pytest.raises(FaultsError, match="Start the server with `sagelocal serve --faults`"):
        aws.faults.add("throttle")


def test_only_the_folders_own_key_arms_faults(server: LocalServer, client: Client, faults: FaultsClient) -> None:
    with pytest.raises(FaultsError, match="security token"):
        FaultsClient(server.url, "AKIANOBODY", "secret").list()
    with pytest.raises(FaultsError, match="signature"):
        FaultsClient(server.url, server.environment["AWS_ACCESS_KEY_ID"], "secret").list()
    lent = client("sts").get_session_token()["Credentials"]
    with pytest.raises(FaultsError, match="security token"):
        FaultsClient(server.url, lent["AccessKeyId"], lent["SecretAccessKey"]).add("throttle")
    assert faults.list() == []


def _command(server: LocalServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sagelocal", "faults", arguments[0], "--state", str(server.state), *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_arms_lists_and_clears(server: LocalServer, client: Client, faults: FaultsClient) -> None:
    added = _command(server, "add", "throttle", "operation=ListModels", "times=null", "skip=1")
    assert added.returncode == 0, added.stderr
    fault = json.loads(added.stdout)
    assert (fault["operation"], fault["times"], fault["skip"]) == ("ListModels", None, 1)
    client("sagemaker").list_models()
    with pytest.raises(ClientError):
        client("sagemaker").list_models()
    listed = [json.loads(line) for line in _command(server, "list").stdout.splitlines()]
    assert [(told["id"], told["seen"], told["fired"]) for told in listed] == [(fault["id"], 2, 1)]
    assert _command(server, "clear", fault["id"]).returncode == 0
    assert faults.list() == []


def test_the_command_says_what_is_wrong(server: LocalServer, faults: FaultsClient) -> None:
    refused = _command(server, "add", "throttle", "operatoin=ListModels")
    assert refused.returncode == 1
    assert "did you mean 'operation'" in refused.stderr
    assert faults.list() == []
