"""docker-compose.yaml, as far as it can be judged without a container engine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from boatyard.cli.compose_env import VARIABLES

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = {name for name in SERVICES if name.startswith("airflow-")}
DOCKERFILES = sorted((REPOSITORY / "containers").glob("*/Dockerfile"))

INTERPOLATED = re.compile(r"(?<!\$)\$\{(\w+)([^}]*)\}")
SECRET = re.compile(r"SECRET|PASSWORD|AUTH$|FERNET|ACCESS_KEY|TOKEN")
MENDED_BY = "run make compose-env"
PINNED = re.compile(r"\S+:\d+\.\d+(\.\d+)?\S*")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_health_check(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


def test_there_are_all_parts_of_an_airflow_with_celery() -> None:
    parts = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert {f"airflow-{part}" for part in parts} == AIRFLOW
    assert {SERVICES[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] for name in AIRFLOW} == {"CeleryExecutor"}
    assert set(SERVICES) - AIRFLOW == {"postgres", "redis", "sagelocal"}


def test_no_secret_stands_in_the_file() -> None:
    literal = [
        f"{service}: {name}"
        for service, definition in SERVICES.items()
        for name, value in definition["environment"].items()
        if SECRET.search(name) and not name.endswith("_FILE") and not INTERPOLATED.fullmatch(str(value))
    ]
    assert literal == []
    assert re.findall(r"://[^/\s@]*:(?!\$\{)[^/\s@]*@", TEXT) == []


def test_a_missing_secret_stops_compose_with_what_makes_it() -> None:
    # https://docs.docker.com/reference/compose-file/interpolation/: ${NAME:?message}
    required = {name: rest for name, rest in INTERPOLATED.findall(TEXT) if name != "BOATYARD_AIRFLOW_PORT"}
    assert set(required) | {"BOATYARD_AIRFLOW_PORT"} == set(VARIABLES)
    assert {rest[:2] for rest in required.values()} == {":?"}
    assert all(MENDED_BY in rest for rest in required.values())


def test_every_variable_is_documented() -> None:
    page = (REPOSITORY / "docs" / "compose.md").read_text()
    assert [name for name in VARIABLES if f"`{name}`" not in page] == []


def test_only_airflow_s_api_server_is_published_and_on_loopback_alone() -> None:
    published = {name: definition["ports"] for name, definition in SERVICES.items() if "ports" in definition}
    assert list(published) == ["airflow-api-server"]
    assert [port.split(":")[0] for port in published["airflow-api-server"]] == ["127.0.0.1"]


def test_a_service_waits_until_what_it_needs_is_healthy() -> None:
    conditions = {
        (name, needed): how["condition"]
        for name, definition in SERVICES.items()
        for needed, how in definition.get("depends_on", {}).items()
    }
    assert set(conditions.values()) == {"service_healthy"}
    assert {name for name, _ in conditions} == AIRFLOW


def test_every_mounted_folder_and_volume_is_there() -> None:
    mounts = [mount.split(":")[0] for definition in SERVICES.values() for mount in definition.get("volumes", ())]
    assert [mount for mount in mounts if mount.startswith(".") and not (REPOSITORY / mount).is_dir()] == []
    assert {mount for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])


def test_images_are_built_from_the_repository_or_pinned_by_version() -> None:
    for name, definition in SERVICES.items():
        assert PINNED.fullmatch(definition["image"]), name
        if "build" in definition:
            assert (REPOSITORY / definition["build"]["context"] / definition["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_a_dockerfile_starts_from_a_pinned_base_and_locked_packages(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert all(PINNED.fullmatch(base) for base in bases), bases
    assert re.findall(r"uv sync(?! --frozen)", text) == []


def test_sagelocal_accepts_the_name_and_port_by_which_the_others_call_it() -> None:
    command = SERVICES["sagelocal"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    (address,) = {SERVICES[name]["environment"]["AWS_ENDPOINT_URL"] for name in AIRFLOW}
    assert address == f"http://{options['--accept-host']}:{options['--port']}"
    roles = {SERVICES[name]["environment"]["BOATYARD_ROLE_ARN"].rpartition("/")[2] for name in AIRFLOW}
    assert roles == {options["--role"]}


def test_the_locked_celery_is_one_that_airflow_s_provider_can_import() -> None:
    # CeleryExecutor of provider 3.26 imports `retry` of celery.backends.database, which Celery 5.7 no longer has
    locked = {
        package["name"]: tuple(map(int, package["version"].split(".")[:2]))
        for package in tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]
        if package["name"] in ("celery", "apache-airflow-providers-celery")
    }
    assert locked["celery"] < (5, 7) or locked["apache-airflow-providers-celery"] > (3, 26), locked
