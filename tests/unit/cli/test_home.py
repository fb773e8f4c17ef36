"""All state of a project's stack lies in one folder, and its secrets are their owner's alone."""

import socket
from pathlib import Path

import pytest

from boatyard.cli.home import Home, StackError


def test_the_home_is_found_from_any_folder_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "dags" / "digits" / "jobs"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Home.here().project == tmp_path


def test_outside_a_project_the_error_says_what_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StackError, match="holds a folder named dags"):
        Home.here()


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.secret("jwt_secret")
    assert home.secret("jwt_secret") == first
    assert home.secret("fernet_key") != first
    assert home.secret("jwt_secret") == first
    assert (home.state / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_port_that_somebody_else_took_is_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.port("airflow_port", in_use_by_us=False)
    assert home.port("airflow_port", in_use_by_us=False) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        assert home.port("airflow_port", in_use_by_us=True) == first
        assert home.port("airflow_port", in_use_by_us=False) != first
