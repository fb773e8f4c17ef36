"""Servers whose jobs and endpoints are containers of a real engine, and a tiny image made on the spot.

SAGELOCAL_TEST_ENGINE names the engine's command; podman if it is not set.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.archives import unpacked
from tests.waiting import until

Server = Any  # the contract tests' LocalServer

HERE = Path(__file__).parent
ENGINE = os.environ.get("SAGELOCAL_TEST_ENGINE", "podman")
TINY = "localhost/sagelocal-test/tiny"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


def run_engine(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the engine's command line."""
    return subprocess.run([ENGINE, *arguments], capture_output=True, check=False, **options)


def _refusal(done: subprocess.CompletedProcess[bytes]) -> str:
    return (done.stderr.decode(errors="replace").strip().splitlines() or ["no answer"])[-1]


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """Give the engine's command line, with the settings that containers need on this machine."""
    if shutil.which(ENGINE) is None:
        pytest.skip(f"there is no command '{ENGINE}' here: apt-get install podman runc")
    with pytest.MonkeyPatch.context() as patch:
        if "CONTAINERS_CONF" not in os.environ:
            patch.setenv("CONTAINERS_CONF", str(HERE / "containers.conf"))
        answer = run_engine("info")
        if answer.returncode:
            pytest.skip(f"the engine of '{ENGINE}' does not answer: {_refusal(answer)}")
        yield ENGINE


@pytest.fixture(scope="session")
def tiny(engine: str) -> str:
    """Give the URI of an image of a static busybox and the shell scripts `train` and `serve`."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("there is no busybox here to make an image of: apt-get install busybox-static")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(Path(busybox).resolve(), "bin/busybox")
        for name in ("train", "serve", "answer"):
            archive.add(HERE / "tiny" / name, f"bin/{name}")
        for folder in ("tmp", "etc", "proc", "sys", "dev", "opt"):
            made = tarfile.TarInfo(folder)
            made.type, made.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(made)
        tools = (
            "sh",
            "cat",
            "mkdir",
            "sleep",
            "env",
            "test",
            "wget",
            "nc",
            "chown",
            "head",
            "ls",
            "id",
            "hostname",
            "grep",
        )
        for tool in tools:
            link = tarfile.TarInfo(f"bin/{tool}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    name = f"{TINY}:{hashlib.sha256(packed.getvalue()).hexdigest()[:16]}"
    if run_engine("image", "inspect", name).returncode:
        made_image = run_engine("import", "-", name, input=packed.getvalue())
        assert made_image.returncode == 0, made_image.stderr
    tried = run_engine("run", "--rm", "--network", "host", name, "cat", "/dev/null")
    if tried.returncode:
        pytest.skip(f"'{ENGINE}' starts no container on this machine: {_refusal(tried)}")
    return name


@pytest.fixture(scope="session")
def python_base(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the name of the base image of Python, made of Debian's packages where the engine does not have it."""
    if "SAGELOCAL_TEST_ENGINE" not in os.environ:
        pytest.skip("real base images take minutes; they are for `make test-engine`")
    name = "docker.io/library/python:3.11-slim-bookworm"
    if run_engine("image", "inspect", name).returncode == 0:
        return name
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        pytest.skip(f"the engine has no {name}, and only root with debootstrap can make one")
    root = tmp_path_factory.mktemp("debian") / "root"
    packages = "ca-certificates,python3,python3-pip,python3-venv"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"debootstrap cannot make a base image: {made.stdout.splitlines()[-1]}")
    next(root.glob("usr/lib/python3*/EXTERNALLY-MANAGED")).unlink()
    (root / "usr/bin/python").symlink_to("python3")
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():  # a company's own authorities are this machine's affair
        shutil.copy(certificates, root / "etc/ssl/certs/ca-certificates.crt")
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as archive:
        imported = run_engine("import", "-", name, stdin=archive.stdout)
    assert imported.returncode == 0, imported.stderr
    shutil.rmtree(root)
    return name


class Contained:
    """A server with an engine, and what is asked of it most."""

    def __init__(self, server: Server, image: str) -> None:
        self.server = server
        self.image = image
        with server.clients() as client:
            client("s3").create_bucket(Bucket="lake")

    def sagemaker(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation of SageMaker."""
        with self.server.clients() as client:
            answer: dict[str, Any] = getattr(client("sagemaker"), operation)(**request)
        return answer

    def train(self, script: str, name: str = "", **members: Any) -> str:
        """Start a training job of the tiny image, which runs a shell script; return its name."""
        name = name or f"job-{uuid.uuid4().hex[:12]}"
        self.sagemaker(
            "create_training_job",
            **{
                "TrainingJobName": name,
                "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
                "RoleArn": ROLE,
                "OutputDataConfig": {"S3OutputPath": "s3://lake/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
                **members,
                "Environment": {"SCRIPT": script, **members.get("Environment", {})},
            },
        )
        return name

    def trained(self, name: str) -> dict[str, Any]:
        """Wait until a training job has ended, and describe it."""
        self.await_end(name)
        return self.training(name)

    def await_end(self, name: str, seconds: float = 120.0) -> None:
        """Wait until a training job has ended."""
        ended = {"Completed", "Failed", "Stopped"}
        until(lambda: self.training(name)["TrainingJobStatus"] in ended, f"{name} ended", seconds=seconds)

    def training(self, name: str) -> dict[str, Any]:
        """Describe a training job."""
        return self.sagemaker("describe_training_job", TrainingJobName=name)

    def process(self, command: list[str], **members: Any) -> dict[str, Any]:
        """Run a processing job to its end, and describe it."""
        name = f"job-{uuid.uuid4().hex[:12]}"
        application = {"ImageUri": self.image, "ContainerEntrypoint": command[:2], "ContainerArguments": command[2:]}
        self.sagemaker(
            "create_processing_job",
            **{
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "AppSpecification": {key: value for key, value in application.items() if value},
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                **members,
            },
        )

        def described() -> dict[str, Any]:
            return self.sagemaker("describe_processing_job", ProcessingJobName=name)

        until(lambda: described()["ProcessingJobStatus"] in {"Completed", "Failed", "Stopped"}, "it ended")
        return described()

    def printed(self, name: str) -> list[str]:
        """Return what a job's or endpoint's containers have printed."""
        files = (self.server.state / "logs").rglob("*.log")
        return [
            line.partition("\t")[2] for file in files if name in str(file) for line in file.read_text().splitlines()
        ]

    def await_line(self, name: str, text: str) -> None:
        """Wait until a job has printed a line."""
        until(lambda: text in self.printed(name), f"{name} printed {text}")

    def read(self, key: str) -> bytes:
        """Return an object of the bucket `lake`."""
        with self.server.clients() as client:
            body: bytes = client("s3").get_object(Bucket="lake", Key=key)["Body"].read()
        return body

    def write(self, key: str, body: bytes) -> None:
        """Write an object of the bucket `lake`."""
        with self.server.clients() as client:
            client("s3").put_object(Bucket="lake", Key=key, Body=body)

    def model(self, name: str) -> dict[str, bytes]:
        """Return what a training job's model.tar.gz holds."""
        return unpacked(self.read(f"models/{name}/output/model.tar.gz"))

    def images(self, name: str) -> list[str]:
        """Return the images that were built of a folder."""
        listed = run_engine("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.decode().split()
        return [image for image in listed if f"/sagelocal/{name}:" in image]

    def remove_images(self, name: str) -> None:
        """Remove the images that were built of a folder."""
        for image in self.images(name):
            assert run_engine("rmi", image).returncode == 0

    def leave(self) -> None:
        """Start a container of this state folder that belongs to no run."""
        labels = ("--label", f"sagelocal.state={self.server.state}", "--label", "sagelocal.run=unknown")
        assert run_engine("run", "--detach", *labels, self.image, "sleep", "600").returncode == 0

    def containers(self) -> list[str]:
        """Return the containers that this server's state folder has in the engine, running or not."""
        label = f"label=sagelocal.state={self.server.state}"
        listed = run_engine("ps", "--all", "--filter", label, "--format", "{{.ID}} {{.Status}}")
        return listed.stdout.decode().splitlines()


@pytest.fixture(scope="session")
def make_contained(start_server: Callable[..., Server], engine: str, tiny: str) -> Callable[..., Contained]:
    """Give a function that starts a server with the engine."""

    def make(*options: str) -> Contained:
        return Contained(start_server("--engine", engine, "--stop-grace", "2", *options), tiny)

    return make


@pytest.fixture(scope="session")
def contained(make_contained: Callable[..., Contained]) -> Iterator[Contained]:
    """Give the server that these tests share; no container outlives it but those that it would take over."""
    made = make_contained("--faults")
    yield made
    made.server.end()
    until(lambda: not made.containers(), "no container is left")
