"""The secrets of docker-compose.yaml: made once, kept, and their owner's alone."""

import stat
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from boatyard.cli import main
from boatyard.cli.compose_env import VARIABLES, completed, read_env


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dags").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_variable_gets_a_value_that_only_its_owner_reads(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compose-env"]) == 0
    file = project / ".boatyard" / "compose.env"
    values = read_env(file.read_text())
    assert set(values) == set(VARIABLES)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    printed = capsys.readouterr().out
    assert not [name for name, value in values.items() if value in printed and name != "BOATYARD_AIRFLOW_PORT"]


def test_a_second_time_keeps_what_the_volumes_know_and_adds_what_is_new(project: Path) -> None:
    main(["compose-env"])
    file = project / ".boatyard" / "compose.env"
    first = read_env(file.read_text())
    file.write_text(
        f"# mine\nBOATYARD_REDIS_PASSWORD=\nBOATYARD_POSTGRES_PASSWORD={first['BOATYARD_POSTGRES_PASSWORD']}\n"
    )
    main(["compose-env"])
    second = read_env(file.read_text())
    assert set(second) == set(VARIABLES)
    assert second["BOATYARD_POSTGRES_PASSWORD"] == first["BOATYARD_POSTGRES_PASSWORD"]
    assert second["BOATYARD_REDIS_PASSWORD"] not in ("", first["BOATYARD_REDIS_PASSWORD"])


def test_passwords_stand_in_a_url_and_in_json_as_they_are() -> None:
    values = completed({})
    assert all(values[name].replace("-", "").replace("_", "").isalnum() for name in values if "PASSWORD" in name)


def test_the_fernet_key_is_one() -> None:
    assert len(urlsafe_b64decode(completed({})["BOATYARD_FERNET_KEY"])) == 32
