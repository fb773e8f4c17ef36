"""What a person does in Airflow's UI, by the calls that the UI makes."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.chaos.truth import AirflowTruth

from boatyard.cli.airflow_rest import AirflowRest, RestError

_SCHEDULER_LOOP = 3.0  # seconds
_PATIENCE = 300.0  # seconds: a person tries again when the page does not answer


class Person(AirflowRest):
    """Somebody who clicks, and clicks again until it worked."""

    def start(self, dag: str, run: str, conf: dict[str, str]) -> None:
        """Trigger a run; a call whose answer was lost is not made twice, for the run has its id already."""
        body = {"logical_date": None, "dag_run_id": run, "conf": conf}
        self._click("POST", f"/dags/{dag}/dagRuns", body, lambda: False, taken=409)

    def mark(self, dag: str, run: str, task: str, state: str) -> None:
        """Mark a task failed or successful."""
        self._click("PATCH", f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}", {"new_state": state}, lambda: False)

    def fail_run(self, dag: str, run: str, airflow: AirflowTruth) -> None:
        """Mark a whole run failed, and again where the scheduler wrote over it what it had found a moment before.

        SQLite locks no rows, as Airflow's other databases do.
        """

        def mark() -> None:
            self._click("PATCH", f"/dags/{dag}/dagRuns/{run}", {"state": "failed"}, lambda: False)

        mark()
        time.sleep(_SCHEDULER_LOOP)
        airflow.look()
        if airflow.runs[run] != "failed":
            mark()

    def pause(self, dag: str, paused: bool) -> None:
        """Pause a DAG or let it go on."""
        self._click("PATCH", f"/dags/{quote(dag)}?update_mask=is_paused", {"is_paused": paused}, lambda: False)

    def clear(self, dag: str, run: str, task: str, airflow: AirflowTruth) -> None:
        """Clear a task and those after it; what was cleared, though the answer was lost, is not cleared again."""
        before = airflow.tasks[run, task].max_tries
        body = {
            "dry_run": False,
            "dag_run_id": run,
            "task_ids": [task],
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }

        def cleared() -> bool:
            airflow.look()
            return airflow.tasks[run, task].max_tries != before

        self._click("POST", f"/dags/{dag}/clearTaskInstances", body, cleared)
        airflow.look()  # the run is on its way again

    def _click(self, method: str, path: str, body: Any, done: Callable[[], bool], taken: int = 0) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._call(method, path, body)
                return
            except RestError as error:
                if error.status == taken:
                    return
                if error.status < 500 or time.monotonic() > deadline:
                    raise
            except OSError:  # the api-server is being started again
                if time.monotonic() > deadline:
                    raise
            time.sleep(1.0)
            if done():
                return
