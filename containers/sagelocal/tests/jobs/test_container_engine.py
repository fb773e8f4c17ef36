"""What is asked of a container engine, without one: its command line is a script that answers `info` and no more."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagelocal.backend import Backend
from sagelocal.jobs.container import Container
from sagelocal.jobs.engines import client
from sagelocal.jobs.engines.engine import SERVE, TRAIN, EngineError, Invocation
from sagelocal.jobs.engines.pulling import folder_of
from sagelocal.jobs.process import Spec
from sagelocal.jobs.transfer import TransferError

GATEWAY = "10.88.0.1"


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], str]:
    """Give a function that makes the command line of an engine of a shell script."""

    def make(script: str) -> str:
        file = tmp_path / "engine"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return str(file)

    return make


@pytest.fixture
def plan(tmp_path: Path, command: Callable[[str], str]) -> Callable[..., Spec]:
    """Give a function that plans a container of a job which also has the folder /data."""
    engine = command('echo \'{"host": {"security": {"rootless": true}}}\'')

    def make(invocation: Invocation, variables: dict[str, str] | None = None, **members: Any) -> Spec:
        backend = Backend(
            folder=tmp_path / "state",
            images=tmp_path / "images",
            region="us-east-1",
            account="123456789012",
            access_key="AKIATEST",
            secret_key="the-secret",
            endpoint_url="http://127.0.0.1:4566",
            engine=engine,
        )
        container = Container.at(backend, tmp_path / "state" / "jobs" / "j", ["/data"])
        container.make({})
        source = tmp_path / "a,b"
        source.mkdir(exist_ok=True)
        container.show("/opt/ml/input/data/fast", source, read_only=True)
        settings: dict[str, Any] = {"grace": 1.0, "notes": {}, **members}
        return container.spec("sha256:1", invocation, variables or {}, {}, tmp_path / "job.log", **settings)

    return make


def _options(spec: Spec, name: str) -> list[str]:
    return [value for option, value in zip(spec.command, spec.command[1:], strict=False) if option == name]


def test_train_is_an_argument_to_the_image_s_own_entry_point(plan: Callable[..., Spec]) -> None:
    spec = plan(Invocation(arguments=TRAIN))
    assert spec.command[-2:] == ["sha256:1", "train"]
    assert "--entrypoint" not in spec.command
    assert _options(spec, "--network") == ["host"]


def test_an_entry_point_of_several_words_is_one_and_its_first_arguments(plan: Callable[..., Spec]) -> None:
    spec = plan(Invocation(("python3", "-v", "/run.py"), ("data-format", "csv")))
    assert _options(spec, "--entrypoint") == ["python3"]
    assert spec.command[-5:] == ["sha256:1", "-v", "/run.py", "data-format", "csv"]


def test_no_value_of_a_variable_is_on_the_command_line(plan: Callable[..., Spec], tmp_path: Path) -> None:
    spec = plan(Invocation(arguments=TRAIN), {"PASSWORD": "open\nsesame", "DOCKER_HOST": "tcp://elsewhere"})
    assert not [part for part in spec.command if "sesame" in part or "the-secret" in part or "elsewhere" in part]
    assert spec.environment["PASSWORD"] == "open\nsesame"
    assert {"PASSWORD", "AWS_SECRET_ACCESS_KEY"} <= set(_options(spec, "--env"))
    assert "DOCKER_HOST" not in _options(spec, "--env")
    assert spec.environment.get("DOCKER_HOST") != "tcp://elsewhere"
    file = Path(_options(spec, "--env-file")[0])
    assert file.read_text() == "DOCKER_HOST=tcp://elsewhere\n"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("value", ["two\nlines", "'quoted'", '"quoted"'])
def test_a_value_that_no_file_of_variables_holds_is_refused_for_the_client_s_own(
    plan: Callable[..., Spec], value: str
) -> None:
    with pytest.raises(TransferError, match="HOME cannot have a value"):
        plan(Invocation(arguments=TRAIN), {"HOME": value})


def test_every_path_is_mounted_and_a_view_is_read_only(plan: Callable[..., Spec], tmp_path: Path) -> None:
    mounts = [next(csv.reader([text])) for text in _options(plan(Invocation(arguments=TRAIN)), "--mount")]
    job = tmp_path / "state" / "jobs" / "j"
    assert mounts == [
        ["type=bind", f"source={job}/ml", "target=/opt/ml"],
        ["type=bind", f"source={job}/path-0", "target=/data"],
        ["type=bind", f"source={tmp_path}/a,b", "target=/opt/ml/input/data/fast", "readonly"],
    ]


def test_a_container_that_serves_listens_on_8080_of_its_own(plan: Callable[..., Spec]) -> None:
    spec = plan(Invocation(arguments=SERVE), port=7001)
    assert _options(spec, "--publish") == ["127.0.0.1:7001:8080"]
    assert "--network" not in spec.command
    assert spec.environment["AWS_ENDPOINT_URL"] == "http://host.docker.internal:4566"  # the engine is rootless


def test_a_transform_job_s_sender_starts_the_container(plan: Callable[..., Spec]) -> None:
    notes: dict[str, Any] = {}
    spec = plan(Invocation(arguments=SERVE, asked_by=("sender", "folder")), notes=notes)
    assert spec.command == ["sender", "folder"]
    assert spec.engine is not None
    assert spec.engine["name"] is None
    assert "127.0.0.1:{port}:8080" in notes["serve"]["command"]


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("PATH", True),
        ("HOME", True),
        ("LD_PRELOAD", True),
        ("DOCKER_HOST", True),
        ("CONTAINERS_CONF", True),
        ("CONTAINER_HOST", True),
        ("XDG_RUNTIME_DIR", True),
        ("https_proxy", True),
        ("GODEBUG", True),
        ("SCRIPT", False),
        ("SM_HPS", False),
        ("AWS_SECRET_ACCESS_KEY", False),
        ("PIP_INDEX_URL", False),
        ("MY_PATH", False),
    ],
)
def test_what_the_client_itself_reads_is_known_by_name(name: str, own: bool) -> None:
    assert client.is_own(name) is own


@pytest.mark.skipif(sys.platform != "linux", reason="the network of containers is another machine's here")
@pytest.mark.parametrize(
    "shown",
    [
        '[{"Name": "bridge", "IPAM": {"Config": [{"Subnet": "10.88.0.0/16", "Gateway": "10.88.0.1"}]}}]',
        '[{"name": "podman", "subnets": [{"subnet": "10.88.0.0/16", "gateway": "10.88.0.1"}]}]',
    ],
)
def test_the_gateway_is_found_in_what_docker_and_podman_say(command: Callable[[str], str], shown: str) -> None:
    engine = command(f"test \"$1\" = info && echo '{{\"ok\": 1}}' || echo '{shown}'")
    assert client.gateway(engine) == GATEWAY


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo Cannot connect >&2; exit 1", "does not answer: Cannot connect"),
        ('echo \'{"ServerErrors": ["no daemon"]}\'', "does not answer: no daemon"),
        ("echo nonsense", "does not answer: no answer"),
    ],
)
def test_an_engine_that_does_not_answer_is_a_clear_error(command: Callable[[str], str], script: str, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        client.ask(command(script))


def test_a_folder_stands_for_a_uri_by_its_name_and_tag(tmp_path: Path) -> None:
    for name in ("plain", "versioned", "without"):
        (tmp_path / name).mkdir()
    for name in ("plain", "versioned"):
        (tmp_path / name / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "versioned" / "pyproject.toml").write_text('[project]\nname = "v"\nversion = "1.2"\n')
    (tmp_path / "versioned" / "uv.lock").write_text("")
    found = {
        uri: folder_of(tmp_path, uri) is not None
        for uri in (
            "registry/plain",
            "registry/some/plain:latest",
            "registry/plain:2",
            "registry:5000/versioned:1.2",
            "registry/versioned",
            "registry/versioned:1.3",
            "registry/without",
            "registry/nothing",
            "registry/..",
        )
    }
    assert found == {
        "registry/plain": True,
        "registry/some/plain:latest": True,
        "registry/plain:2": False,
        "registry:5000/versioned:1.2": True,
        "registry/versioned": True,
        "registry/versioned:1.3": False,
        "registry/without": False,
        "registry/nothing": False,
        "registry/..": False,
    }
