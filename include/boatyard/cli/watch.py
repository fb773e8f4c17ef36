"""Run a DAG on the local stack and show its steps as they go."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from boatyard.cli.airflow_rest import AirflowRest
from boatyard.cli.home import StackError

_POLL = 0.5
_PARSE_WITHIN = 90.0
_SCHEDULED_WITHIN = 20.0
_LOG_LINES = 40
_ENDED = {"success", "failed"}


class RunWatch:
    """Start one run of a DAG and report every change of its tasks."""

    def __init__(self, rest: AirflowRest, dag_id: str, report: Callable[[str], None]) -> None:
        self._rest = rest
        self._dag_id = dag_id
        self._report = report
        self._run_id = ""

    def run_to_the_end(self) -> list[dict[str, Any]]:
        """Return each step's name and seconds, in the order they ran.

        Raises StackError, with the end of the failing step's log, if the run fails.
        """
        self._run_id = self._start()
        self._report(f"\nRun {self._run_id} of {self._dag_id}")
        seen: dict[str, str] = {}
        while True:
            state = self._rest.run(self._dag_id, self._run_id)["state"]
            tasks = self._rest.tasks(self._dag_id, self._run_id)
            for task in sorted(tasks, key=lambda task: task["start_date"] or "~"):
                self._report_change(task, seen)
            if state in _ENDED:
                break
            time.sleep(_POLL)
        if state == "failed":
            raise StackError(self._failure(tasks))
        ran = sorted((task for task in tasks if task["start_date"]), key=lambda task: task["start_date"])
        return [{"name": task["task_id"], "seconds": round(task["duration"] or 0.0, 1)} for task in ran]

    @property
    def run_id(self) -> str:
        """Return the id of the run, "" before it started."""
        return self._run_id

    def result(self, task_id: str) -> Any:
        """Return what a task of the run returned."""
        return self._rest.result(self._dag_id, self._run_id, task_id)

    def _start(self) -> str:
        """Unpausing a DAG with a daily schedule starts a run by itself; a DAG at work gets one more, by hand."""
        dag = self._wait_until_parsed()
        known = {run["dag_run_id"] for run in self._rest.runs(self._dag_id)}
        if dag["is_paused"]:
            self._rest.unpause(self._dag_id)
            deadline = time.monotonic() + _SCHEDULED_WITHIN
            while time.monotonic() < deadline:
                for run in self._rest.runs(self._dag_id):
                    if run["dag_run_id"] not in known:
                        return str(run["dag_run_id"])
                time.sleep(_POLL)
        return str(self._rest.trigger(self._dag_id)["dag_run_id"])

    def _wait_until_parsed(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PARSE_WITHIN
        while (dag := self._rest.dag(self._dag_id)) is None:
            for error in self._rest.import_errors():
                if self._dag_id in error["filename"]:
                    raise StackError(f"{error['filename']} cannot be imported:\n{error['stack_trace']}")
            if time.monotonic() > deadline:
                raise StackError(f"Airflow has not found a DAG named {self._dag_id} within {_PARSE_WITHIN:.0f} s")
            time.sleep(_POLL)
        return dag

    def _report_change(self, task: dict[str, Any], seen: dict[str, str]) -> None:
        name, state = task["task_id"], task["state"] or "waiting"
        if seen.get(name, "waiting") == state:
            return
        seen[name] = state
        seconds = _seconds_so_far(task)
        self._report(f"  {name:<14} {state:<16} {seconds}")

    def _failure(self, tasks: list[dict[str, Any]]) -> str:
        failed = [task for task in tasks if task["state"] == "failed"]
        if not failed:
            states = ", ".join(f"{task['task_id']} {task['state']}" for task in tasks)
            return f"run {self._run_id} failed without a failed step: {states}"
        task = failed[0]
        lines = self._rest.log(self._dag_id, self._run_id, task["task_id"], task["try_number"])
        log = "\n".join(f"    {line}" for line in lines[-_LOG_LINES:])
        return f"step {task['task_id']} failed; its log ends:\n{log}"


def _seconds_so_far(task: dict[str, Any]) -> str:
    if task["duration"]:
        return f"{task['duration']:6.1f} s"
    if not task["start_date"]:
        return ""
    started = datetime.fromisoformat(task["start_date"].replace("Z", "+00:00"))
    return f"{(datetime.now(started.tzinfo) - started).total_seconds():6.1f} s"
