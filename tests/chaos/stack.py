"""A stack for chaos: sagelocal and every process of Airflow, started singly, quick to notice what died."""

import io
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from tests.chaos.daemons import Daemon, Supervisor, end

from boatyard.aws.clients import client, reachable
from boatyard.aws.s3.buckets import ensure_bucket
from boatyard.cli.airflow_rest import AirflowRest, RestError
from boatyard.cli.environment import ROLE, USER, airflow_environment, base_environment, client_environment, program
from boatyard.cli.home import Home, StackError, free_port, write_private

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ECHO = REPOSITORY / "containers" / "sagelocal" / "tests" / "images" / "echo"
SAGELOCAL = "sagelocal"
COMPONENTS: dict[str, Sequence[str]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
HEALTH = {"api-server": "metadatabase", "dag-processor": "dag_processor"}

# Airflow notices within seconds what it notices within minutes by default.
QUICK = {
    "CORE__PARALLELISM": 12,
    "CORE__MAX_ACTIVE_TASKS_PER_DAG": 32,
    "SCHEDULER__JOB_HEARTBEAT_SEC": 2,
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 2,
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": 15,
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 5,
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 20,
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 3,
    "TRIGGERER__JOB_HEARTBEAT_SEC": 2,
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": 15,
    "WORKERS__MIN_HEARTBEAT_INTERVAL": 3,
}


@dataclass
class ChaosStack:
    """A stack in a folder of its own."""

    folder: Path
    supervisor: Supervisor = field(default_factory=Supervisor)

    @property
    def home(self) -> Home:
        return Home(self.folder)

    @property
    def database(self) -> Path:
        return self.home.airflow / "airflow.db"

    @cached_property
    def address(self) -> str:
        return f"http://127.0.0.1:{free_port()}"

    @cached_property
    def aws(self) -> Mapping[str, str]:
        """Return what points a client at sagelocal; it never changes, whatever is killed."""
        return client_environment(self.home)

    def rest(self) -> AirflowRest:
        return AirflowRest(self.address, USER, self.home.secret("admin_password"))

    def daemon(self, name: str) -> Daemon:
        return self.supervisor.daemons[name]

    def start(self) -> None:
        """Start everything and return when it is healthy."""
        self._project()
        with self.home.locked():  # makes the folder of the state, closed to others
            self._start(SAGELOCAL, self._serve(), base_environment(self.home), self._sagelocal_answers)
        self._await(self.daemon(SAGELOCAL), 60)
        environment = airflow_environment(self.home, self.address)
        environment |= {f"AIRFLOW__{key}": str(value) for key, value in QUICK.items()}
        self._objects(environment["BOATYARD_BUCKET"])
        self._migrate(environment)
        for name, options in COMPONENTS.items():
            self._start(name, [program("airflow"), name, *options], environment, self._healthy(name))
        for name in COMPONENTS:
            self._await(self.daemon(name), 240)
        self.supervisor.watch()

    def stop(self) -> None:
        self.supervisor.stop()
        # jobs and endpoints are processes of their own, which outlive sagelocal on purpose
        for process in _mentioning(str(self.home.sagelocal)):
            end(process, signal.SIGKILL)

    def _project(self) -> None:
        (self.folder / "containers").mkdir(parents=True)
        bare = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "plugins", self.folder / "plugins", ignore=bare)
        shutil.copytree(HERE / "dags", self.folder / "dags", ignore=bare)
        shutil.copytree(ECHO, self.folder / "containers" / ECHO.name, ignore=bare)

    def _serve(self) -> list[str]:
        port = str(free_port())  # the same after each death: clients keep the address
        command = [program("sagelocal"), "serve", "--state", str(self.home.sagelocal), "--port", port, "--faults"]
        return [*command, "--images", str(self.folder / "containers"), "--role", ROLE]

    def _start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], answers: Callable[[], bool]
    ) -> None:
        daemon = Daemon(name, command, environment, self.folder, answers)
        self.supervisor.daemons[name] = daemon
        daemon.start()

    def _await(self, daemon: Daemon, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not daemon.answers():
            if not daemon.running or time.monotonic() > deadline:
                tail = daemon.log.read_text(errors="replace")[-2000:]
                raise StackError(f"{daemon.name} is not ready after {seconds:.0f} s, or died:\n{tail}")
            time.sleep(0.2)

    def _sagelocal_answers(self) -> bool:
        try:
            return reachable(client("sts", self.aws))
        except StackError:
            return False

    def _healthy(self, component: str) -> Callable[[], bool]:
        def healthy() -> bool:
            try:
                return self.rest().health().get(HEALTH.get(component, component)) == "healthy"
            except (OSError, RestError):
                return False

        return healthy

    def _objects(self, bucket: str) -> None:
        s3 = client("s3", self.aws)
        ensure_bucket(s3, bucket, self.aws["AWS_REGION"])
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.addfile(tarfile.TarInfo("model.json"))
        s3.put_object(Bucket=bucket, Key="chaos/model.tar.gz", Body=archive.getvalue())
        s3.put_object(Bucket=bucket, Key="chaos/batch/rows.csv", Body=b"1,2\n3,4\n")

    def _migrate(self, environment: Mapping[str, str]) -> None:
        write_private(self.home.airflow / "passwords.json", {USER: self.home.secret("admin_password")})
        command = [program("airflow"), "db", "migrate"]
        ended = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
        if ended.returncode:
            raise StackError(f"airflow db migrate ended with code {ended.returncode}:\n{ended.stderr[-2000:]}")


def _mentioning(text: str) -> Iterator[psutil.Process]:
    """Yield the processes whose command or environment names a folder of ours."""
    for process in psutil.process_iter():
        try:
            about: list[Any] = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue  # it ended meanwhile, or is another user's
        if any(text in str(one) for one in about):
            yield process
