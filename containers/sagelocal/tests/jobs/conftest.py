"""A backend whose jobs and endpoints really run, with the image `echo`; its operations are called directly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sagelocal.sagemaker  # registers the operations
import sagelocal.tuning  # noqa: F401 - registers the operations
from sagelocal.backend import Backend
from sagelocal.cloudwatch.metrics import MetricStore
from sagelocal.endpoints.fleet import EndpointFleet
from sagelocal.faults.faults import Faults
from sagelocal.jobs import isolation
from sagelocal.jobs.process import Spec
from sagelocal.jobs.runner import JobRunner
from sagelocal.operations import OPERATIONS
from sagelocal.s3.objects import ObjectStore
from sagelocal.store import Store
from sagelocal.tuning.runner import TuningRunner

IMAGES = Path(__file__).parents[1] / "images"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
PATIENCE = 60.0  # seconds before a wait gives up

Document = dict[str, Any]


def available() -> list[str]:
    """Return the isolation modes that this machine has."""
    try:
        isolation.choose("namespace")
    except isolation.IsolationError:
        return ["relocate"]
    return ["namespace", "relocate"]


def await_true(test: Callable[[], Any], what: str) -> Any:
    """Return the first true answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := test():
            return answer
        time.sleep(0.005)
    raise AssertionError(f"never: {what}")


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """Give a function that waits until a test is true."""
    return await_true


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of built images, which all tests share."""
    return tmp_path_factory.mktemp("built") / "images"


def definition(**static: str) -> Document:
    """Return the TrainingJobDefinition of a tuning job over the image `echo`."""
    return {
        "StaticHyperParameters": {"message": "score={x}", **static},
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.e-]+)"}],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://lake/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
    }


class Account:
    """One account's services over one folder. `restart` is what a new server does."""

    def __init__(self, folder: Path, mode: str, environments: Path) -> None:
        self.folder = folder
        self.mode = mode
        folder.mkdir(parents=True)
        environments.mkdir(exist_ok=True)
        (folder / "images").symlink_to(environments)
        self.open()
        self.backend.objects.create_bucket("lake")

    def open(self) -> None:
        """Start the services."""
        backend = Backend(
            folder=self.folder,
            images=IMAGES,
            region="us-east-1",
            account="123456789012",
            access_key="AKIATEST",
            secret_key="secret",
            isolation=self.mode,
            endpoint_url="http://127.0.0.1:1",
        )
        backend.faults = Faults(enabled=True)
        backend.store = Store(self.folder / "documents.sqlite")
        backend.objects = ObjectStore(self.folder / "s3")
        backend.metrics = MetricStore(self.folder / "metrics.sqlite")
        backend.jobs = JobRunner(backend)
        backend.endpoints = EndpointFleet(backend)
        backend.tuning = TuningRunner(backend)
        self.backend = backend
        backend.jobs.start()
        backend.tuning.start()
        backend.endpoints.start()

    def open_store(self) -> None:
        """Open the documents alone, between two servers."""
        self.backend.store = Store(self.folder / "documents.sqlite")

    def close(self) -> None:
        """Stop the services as a server does that is asked to end."""
        self.backend.tuning.close()
        self.backend.jobs.close()
        self.backend.endpoints.close()
        self.backend.metrics.close()
        self.backend.store.close()
        self.backend.objects.close()

    def restart(self) -> None:
        """Close and start again."""
        self.close()
        self.open()

    def call(self, operation: str, /, service: str = "sagemaker", **request: Any) -> Document:
        """Call an operation."""
        return OPERATIONS[service, operation](self.backend, request)

    def read(self, key: str) -> bytes:
        """Return an object of the bucket `lake`."""
        return self.backend.objects.get("lake", key).path.read_bytes()

    def write(self, key: str, content: bytes) -> None:
        """Write an object of the bucket `lake`."""
        self.backend.objects.put("lake", key, content)

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of the bucket `lake`."""
        return [info.key for info in self.backend.objects.list("lake", prefix)]

    # training

    def train(self, name: str, *, members: Document | None = None, **hyperparameters: str) -> None:
        """Start a training job of the image `echo`, which does what the hyperparameters say."""
        self.call(
            "CreateTrainingJob",
            **{
                "TrainingJobName": name,
                "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
                "RoleArn": ROLE,
                "OutputDataConfig": {"S3OutputPath": "s3://lake/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 300},
                "HyperParameters": hyperparameters,
                **(members or {}),
            },
        )

    def training(self, name: str) -> Document:
        """Describe a training job."""
        return self.call("DescribeTrainingJob", TrainingJobName=name)

    def trained(self, name: str) -> Document:
        """Wait until a training job has ended, and describe it."""
        ended = {"Completed", "Failed", "Stopped"}
        await_true(lambda: self.training(name)["TrainingJobStatus"] in ended, f"{name} ended: {self.training(name)}")
        return self.training(name)

    def await_line(self, group: str, text: str) -> None:
        """Wait until a job has printed a line."""
        root = self.folder / "logs" / group

        def printed() -> bool:
            return any(text in file.read_text() for file in root.rglob("*.log"))

        await_true(printed, f"{text!r} in {root}")

    # tuning

    def tune(
        self, name: str, *, config: Document | None = None, members: Document | None = None, **static: str
    ) -> None:
        """Start a tuning job over `x` in [0, 1], whose training jobs print `score=` as the script says."""
        self.call(
            "CreateHyperParameterTuningJob",
            **{
                "HyperParameterTuningJobName": name,
                "HyperParameterTuningJobConfig": {
                    "Strategy": "Random",
                    "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
                    "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
                    "ParameterRanges": {
                        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}],
                    },
                    **(config or {}),
                },
                "TrainingJobDefinition": definition(**static),
                **(members or {}),
            },
        )

    @staticmethod
    def definition(**static: str) -> Document:
        """Return a definition of such training jobs."""
        return definition(**static)

    def tuning(self, name: str) -> Document:
        """Describe a tuning job."""
        return self.call("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)

    def tuned(self, name: str) -> Document:
        """Wait until a tuning job has ended, and describe it."""
        ended = {"Completed", "Failed", "Stopped"}
        await_true(lambda: self.tuning(name)["HyperParameterTuningJobStatus"] in ended, f"{name} ended")
        return self.tuning(name)

    def tuned_jobs(self, name: str, **query: Any) -> list[Document]:
        """List the training jobs of a tuning job."""
        response = self.call(
            "ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=name, MaxResults=100, **query
        )
        summaries: list[Document] = response["TrainingJobSummaries"]
        return summaries

    # processing

    def process(self, name: str, script: str, *arguments: str, **members: Any) -> None:
        """Start a processing job that runs a Python script."""
        self.call(
            "CreateProcessingJob",
            **{
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                "AppSpecification": {
                    "ImageUri": IMAGE,
                    "ContainerEntrypoint": ["python3", "-c", script],
                    "ContainerArguments": list(arguments) or ["none"],
                },
                **members,
            },
        )

    def processed(self, name: str) -> Document:
        """Wait until a processing job has ended, and describe it."""
        ended = {"Completed", "Failed", "Stopped"}

        def describe() -> Document:
            return self.call("DescribeProcessingJob", ProcessingJobName=name)

        await_true(lambda: describe()["ProcessingJobStatus"] in ended, f"{name} ended")
        return describe()


@pytest.fixture(params=available())
def account(request: pytest.FixtureRequest, tmp_path: Path, environments: Path) -> Iterator[Account]:
    """Give an account, once for each isolation mode."""
    if request.param not in available():  # wanted by a test for itself
        pytest.skip(f"this machine has no isolation by {request.param}")
    made = Account(tmp_path / "state", request.param, environments)
    yield made
    made.close()


@pytest.fixture
def account_relocated(tmp_path: Path, environments: Path) -> Iterator[Account]:
    """Give an account for tests that have nothing to do with isolation."""
    made = Account(tmp_path / "state", "relocate", environments)
    yield made
    made.close()


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., Spec]:
    """Give a function that makes the spec of a shell script's process."""

    def make(script: str, **members: Any) -> Spec:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        defaults: dict[str, Any] = {"isolation": None, "grace": 60.0}
        return Spec(["sh", "-c", script], environment, tmp_path, tmp_path / "job.log", **{**defaults, **members})

    return make
