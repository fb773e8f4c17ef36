"""What really is: Airflow's database and SageMaker's API, asked by the judge himself."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from tests.chaos.judge import Job

_LOOK = 0.1  # seconds

# noun of the API, and as boto3's methods have it
JOBS = {
    "TrainingJob": "training_job",
    "ProcessingJob": "processing_job",
    "TransformJob": "transform_job",
    "HyperParameterTuningJob": "hyper_parameter_tuning_job",
}
THINGS = {"Model": "model", "EndpointConfig": "endpoint_config"}
END_TIMES = ("TrainingEndTime", "ProcessingEndTime", "TransformEndTime", "HyperParameterTuningEndTime")


@dataclass(frozen=True)
class Task:
    """A task instance as Airflow's database has it."""

    run: str
    task: str
    state: str | None
    pid: int | None
    tries: int
    max_tries: int
    next_method: str | None

    @property
    def resumes(self) -> bool:
        """Tell whether it was deferred before."""
        return self.next_method is not None


@dataclass
class AirflowTruth:
    """Look into Airflow's database ten times a second."""

    database: Path
    tasks: dict[tuple[str, str], Task] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK):
            try:
                self.look()
            except sqlite3.OperationalError:
                continue  # a writer is at the schema or the file; the next look will do

    def look(self) -> None:
        """Read all runs and task instances as they are now."""
        asked = "SELECT run_id, task_id, state, pid, try_number, max_tries, next_method FROM task_instance"
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5)
        try:
            found = [Task(*row) for row in connection.execute(asked)]
            runs = dict(connection.execute("SELECT run_id, state FROM dag_run"))
        finally:
            connection.close()
        self.tasks = {(task.run, task.task): task for task in found}
        self.runs = runs

    def reconciliations(self) -> list[tuple[float, float]]:
        """Return when each successful run of the reconcile DAG began and ended, the oldest first."""
        asked = "SELECT start_date, end_date FROM dag_run WHERE dag_id = 'reconcile' AND state = 'success'"
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            return sorted((_seconds(began), _seconds(ended)) for began, ended in connection.execute(asked))
        finally:
            connection.close()


def _seconds(written: str) -> float:
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()


@dataclass
class SageMakerTruth:
    """Ask SageMaker with a client of its own, which tries each call once."""

    environment: Mapping[str, str]
    _ended: dict[str, Job | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self._make("sagemaker")
        self.runtime = self._make("sagemaker-runtime")

    def _make(self, service: str) -> Any:
        make: Any = boto3.client  # its types ask for the name of a service, not for a variable
        return make(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(
                retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20, max_pool_connections=32
            ),
        )

    def works_on(self, run: str, task: str) -> bool:
        """Tell whether a job of that task is in progress; no answer is a no."""
        try:
            return any(
                one[f"{noun}Status"] == "InProgress"
                for noun in JOBS
                for one in self._list(noun, NameContains=f"{run}-{task}")
            )
        except (ClientError, BotoCoreError):
            return False

    def failed(self, run: str, task: str) -> bool:
        """Tell whether a job of that task failed; waits until SageMaker answers."""

        def asked() -> bool:
            try:
                found.extend(
                    one
                    for noun in JOBS
                    for one in self._list(noun, NameContains=f"{run}-{task}", StatusEquals="Failed")
                )
            except (ClientError, BotoCoreError):
                return False
            return True

        found: list[Any] = []
        until(asked, 60, 1.0)
        return bool(found)

    def jobs(self) -> list[Job]:
        """Return every job and thing that carries the tags of the workload, and every version of its groups."""
        listed = [(noun, one) for noun in (*JOBS, *THINGS) for one in self._list(noun)]
        return [job for noun, one in listed if (job := self._job(noun, one)) is not None] + list(self._versions())

    def serving(self, endpoint: str) -> tuple[str, str]:
        """Return an endpoint's status and its configuration."""
        found = self.client.describe_endpoint(EndpointName=endpoint)
        return found["EndpointStatus"], found["EndpointConfigName"]

    def _list(self, noun: str, **asked: str) -> Iterator[dict[str, Any]]:
        member = f"{noun}s" if noun in THINGS else f"{noun}Summaries"
        paginator = self.client.get_paginator(f"list_{(JOBS | THINGS)[noun]}s")
        for page in paginator.paginate(**asked, PaginationConfig={"PageSize": 100}):
            if member not in page:
                raise ConnectionClosedError(endpoint_url=self.environment["AWS_ENDPOINT_URL"])  # it died as it spoke
            yield from page[member]

    def _job(self, noun: str, summary: Mapping[str, Any]) -> Job | None:
        arn = summary[f"{noun}Arn"]
        if arn in self._ended:
            return self._ended[arn]
        tags = {tag["Key"]: tag["Value"] for tag in self.client.list_tags(ResourceArn=arn)["Tags"]}
        if "chaos:run" not in tags:
            self._ended[arn] = None
            return None
        if noun in THINGS:
            created = summary["CreationTime"].timestamp()
            return Job(tags["chaos:run"], tags["chaos:task"], arn, "Completed", "", created, created)
        found = getattr(self.client, f"describe_{JOBS[noun]}")(**{f"{noun}Name": summary[f"{noun}Name"]})
        if "TuningJobArn" in found:  # it has the tags of the tuning job, which answers for it
            self._ended[arn] = None
            return None
        status = found[f"{noun}Status"]
        end = next((found[key] for key in END_TIMES if key in found), None)
        job = Job(
            run=tags["chaos:run"],
            task=tags["chaos:task"],
            name=summary[f"{noun}Name"],
            status=status,
            reason=found.get("FailureReason", ""),
            created=found["CreationTime"].timestamp(),
            ended=None if end is None or status in {"InProgress", "Stopping"} else end.timestamp(),
        )
        if job.ended is not None:
            self._ended[arn] = job
        return job

    def _versions(self) -> Iterator[Job]:
        """Yield the model packages, which take no tags of their own, by the names of their groups: RUN-TASK."""
        for page in self.client.get_paginator("list_model_package_groups").paginate():
            for group in page["ModelPackageGroupSummaryList"]:
                run, task = group["ModelPackageGroupName"].rsplit("-", 1)
                asked = {"ModelPackageGroupName": group["ModelPackageGroupName"]}
                for versions in self.client.get_paginator("list_model_packages").paginate(**asked):
                    for one in versions["ModelPackageSummaryList"]:
                        created = one["CreationTime"].timestamp()
                        yield Job(run, task, one["ModelPackageArn"], "Completed", "", created, created)


def until(question: Any, seconds: float, pause: float = 0.25) -> bool:
    """Ask until the answer is yes, at most `seconds`; return the last answer."""
    deadline = time.monotonic() + seconds
    while not (answer := bool(question())):
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
    return answer
