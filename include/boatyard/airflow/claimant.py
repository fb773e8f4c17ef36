"""Who asks: this task of this DAG run, as far as a job's name and owner depend on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.aws.naming import NAME_LIMIT, Owner, job_name


@dataclass(frozen=True)
class Claimant:
    """One try of a task."""

    owner: Owner
    generation: int  # 0, and higher after each time that a person cleared the task
    tries: int  # how often this generation was tried before: 0 on its first try

    @property
    def prefix(self) -> str:
        """Return the readable head of the names of this task's jobs."""
        return f"{self.owner.dag}-{self.owner.task}"

    def job_name(self, attempt: int, limit: int = NAME_LIMIT) -> str:
        """Return the name of this task's job at `attempt`."""
        return job_name(self.prefix, self.owner, self.generation, attempt, limit)


def claimant(context: Mapping[str, Any]) -> Claimant:
    """Read from Airflow's context who asks.

    A clear sets `max_tries` to the last try number plus `retries`; a retry after a crash leaves it alone. So the
    difference tells a person's "do it again" from Airflow's "go on".
    """
    ti = context["ti"]
    generation = max(0, ti.max_tries - (ti.task.retries or 0))
    return Claimant(
        owner=Owner(
            deployment=os.environ.get("BOATYARD_DEPLOYMENT") or "default",
            dag=ti.dag_id,
            run=ti.run_id,
            task=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
        ),
        generation=generation,
        tries=max(0, ti.try_number - 1 - generation),
    )
