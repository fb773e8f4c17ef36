"""The local stack: sagelocal and an unmodified Airflow, started and stopped together."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from boatyard.aws.clients import client, reachable
from boatyard.aws.s3.buckets import ensure_bucket
from boatyard.cli.airflow_rest import AirflowRest, RestError
from boatyard.cli.environment import (
    ROLE,
    USER,
    airflow_environment,
    base_environment,
    client_environment,
    program,
)
from boatyard.cli.home import Home, StackError, write_private
from boatyard.cli.processes import Process

# Airflow's components with their arguments. On one machine every log is a local file; the log servers, which
# listen on every interface, stay off.
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}

Report = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """Start, inspect and stop the stack of one project."""

    home: Home

    @property
    def sagelocal(self) -> Process:
        return Process(self.home.processes, "sagelocal")

    def component(self, name: str) -> Process:
        return Process(self.home.processes, f"airflow-{name}")

    @property
    def processes(self) -> tuple[Process, ...]:
        return (self.sagelocal, *(self.component(name) for name in COMPONENTS))

    @property
    def airflow_address(self) -> str:
        port = self.home.port("airflow_port", in_use_by_us=self.component("api-server").running())
        return f"http://127.0.0.1:{port}"

    @property
    def password(self) -> str:
        return self.home.secret("admin_password")

    def client_environment(self) -> dict[str, str]:
        """Return what points an AWS client at the running sagelocal; raise StackError if it does not run."""
        if not self.sagelocal.running():
            raise StackError("sagelocal does not run here: start it with `make up`")
        return client_environment(self.home)

    def rest(self) -> AirflowRest:
        return AirflowRest(self.airflow_address, USER, self.password)

    def up(self, report: Report) -> None:
        """Start what does not run yet and return when all of it is healthy."""
        with self.home.locked():
            self._start_sagelocal(report)
            environment = airflow_environment(self.home, self.airflow_address)
            ensure_bucket(client("s3", environment), environment["BOATYARD_BUCKET"], environment["AWS_REGION"])
            self._migrate(environment, report)
            for name, options in COMPONENTS.items():
                if self.component(name).start([program("airflow"), name, *options], environment, self.home.project):
                    report(f"starting Airflow's {name}")
            for name in COMPONENTS:
                self._await(self.component(name), self._health_check(name), seconds=180)

    def start_aws(self, report: Report) -> dict[str, str]:
        """Start sagelocal alone unless it runs, and return what points a client of AWS at it."""
        if not self.sagelocal.running():
            with self.home.locked():
                self._start_sagelocal(report)
        environment = self.client_environment()
        ensure_bucket(client("s3", environment), environment["BOATYARD_BUCKET"], environment["AWS_REGION"])
        return environment

    def down(self, report: Report) -> None:
        """Stop everything of this project's stack; its state stays."""
        with self.home.locked():
            for process in reversed(self.processes):
                if process.stop():
                    report(f"stopped {process.name}")

    def _start_sagelocal(self, report: Report) -> None:
        port = self.home.port("sagelocal_port", in_use_by_us=self.sagelocal.running())
        command = [program("sagelocal"), "serve", "--state", str(self.home.sagelocal), "--port", str(port)]
        command += ["--images", str(self.home.project / "containers"), "--role", ROLE]
        if self.sagelocal.start(command, base_environment(self.home), self.home.project):
            report("starting sagelocal")
        self._await(self.sagelocal, self._sagelocal_answers, seconds=60)

    def _sagelocal_answers(self) -> bool:
        try:
            return reachable(client("sts", client_environment(self.home)))
        except StackError:
            return False

    def _migrate(self, environment: dict[str, str], report: Report) -> None:
        write_private(self.home.airflow / "passwords.json", {USER: self.password})
        done = self.home.airflow / f"migrated-to-{version('apache-airflow-core')}"
        if done.is_file():
            return
        report("preparing Airflow's database")
        log = self.home.processes / "airflow-db-migrate.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            ended = subprocess.run(
                [program("airflow"), "db", "migrate"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode:
            raise StackError(f"airflow db migrate ended with code {ended.returncode}; its log ends:\n{tail(log)}")
        done.touch()

    def _health_check(self, component: str) -> Callable[[], bool]:
        part = {"api-server": "metadatabase", "dag-processor": "dag_processor"}.get(component, component)

        def healthy() -> bool:
            try:
                return self.rest().health().get(part) == "healthy"
            except (OSError, RestError):
                return False

        return healthy

    def _await(self, process: Process, ready: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if not process.running():
                raise StackError(f"{process.name} ended as it started; {process.log} ends:\n{tail(process.log)}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{process.name} is not ready after {seconds:.0f} s; {process.log} ends:\n{tail(process.log)}"
                )
            time.sleep(0.2)


def tail(log: Path, lines: int = 30) -> str:
    """Return the last lines of a log file."""
    if not log.is_file():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
