"""Airflow's public REST API, as much of it as watching a run takes."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


class RestError(Exception):
    """Carry what Airflow answered to a refused call."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Airflow answered {status}: {message}")
        self.status = status


@dataclass
class AirflowRest:
    """Call the REST API (`/api/v2`) of one Airflow as one user."""

    address: str
    user: str
    password: str = field(repr=False)
    _token: str = field(default="", repr=False)

    def health(self) -> dict[str, str]:
        """Return the state of each component: metadatabase, scheduler, triggerer, dag_processor."""
        answer = self._send("GET", "/api/v2/monitor/health")
        return {name: str(part["status"]) for name, part in answer.items() if part}

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Return the DAG, or None while Airflow does not know it."""
        try:
            return self._call("GET", f"/dags/{quote(dag_id)}")
        except RestError as error:
            if error.status == 404:
                return None
            raise

    def import_errors(self) -> list[dict[str, Any]]:
        """Return the files that could not be imported, each with `filename` and `stack_trace`."""
        errors: list[dict[str, Any]] = self._call("GET", "/importErrors")["import_errors"]
        return errors

    def unpause(self, dag_id: str) -> None:
        """Let the DAG's runs start."""
        self._call("PATCH", f"/dags/{quote(dag_id)}?update_mask=is_paused", {"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start a run by hand and return it."""
        return self._call("POST", f"/dags/{quote(dag_id)}/dagRuns", {"logical_date": None, "conf": conf or {}})

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the DAG's runs, newest first."""
        answer = self._call("GET", f"/dags/{quote(dag_id)}/dagRuns?order_by=-run_after&limit=20")
        runs: list[dict[str, Any]] = answer["dag_runs"]
        return runs

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return self._call("GET", f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        answer = self._call("GET", f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances")
        tasks: list[dict[str, Any]] = answer["task_instances"]
        return tasks

    def result(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return what a task returned."""
        path = f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/xcomEntries/return_value"
        return self._call("GET", f"{path}?deserialize=false")["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> list[str]:
        """Return the lines of one try's log."""
        path = f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/logs/{try_number}"
        content = self._call("GET", f"{path}?full_content=true")["content"]
        return [text for line in content for text in _texts(line)]

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        for attempt in (1, 2):
            if not self._token:
                login = {"username": self.user, "password": self.password}
                self._token = self._send("POST", "/auth/token", login)["access_token"]
            try:
                return self._send(method, f"/api/v2{path}", body)
            except RestError as error:
                if error.status != 401 or attempt == 2:
                    raise
                self._token = ""  # it expired during a long watch
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        request = urllib.request.Request(self.address + path, method=method)
        request.add_header("Accept", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        for pause in (0.2, 1.0, 3.0, None):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    content: dict[str, Any] = json.loads(answer.read() or b"{}")
                    return content
            except urllib.error.HTTPError as error:
                # SQLite's lock can make a busy Airflow answer 500 to a read; reading again is harmless.
                if error.code < 500 or method != "GET" or pause is None:
                    raise RestError(error.code, error.read().decode(errors="replace")[:500]) from None
                time.sleep(pause)
        raise AssertionError("unreachable")


def _texts(line: Any) -> list[str]:
    """Return the texts of one structured log line: its event, and the exceptions that it carries."""
    if not isinstance(line, dict):
        return [str(line)]
    exceptions = [f"{error['exc_type']}: {error['exc_value']}" for error in line.get("error_detail") or ()]
    return [str(line["event"]), *exceptions]
