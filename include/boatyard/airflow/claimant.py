"""Who asks: this task of this DAG run, as far as a job's name and owner depend on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from boatyard.aws.claimant import Claimant
from boatyard.aws.naming import Owner

__all__ = ["DEPLOYMENT", "Claimant", "claimant"]

DEPLOYMENT = "BOATYARD_DEPLOYMENT"


def claimant(context: Mapping[str, Any]) -> Claimant:
    """Read from Airflow's context who asks.

    A clear sets `max_tries` to the last try number plus `retries`; a retry after a crash leaves it alone. So the
    difference tells a person's "do it again" from Airflow's "go on".
    """
    ti = context["ti"]
    generation = max(0, ti.max_tries - (ti.task.retries or 0))
    return Claimant(
        owner=Owner(
            deployment=os.environ.get(DEPLOYMENT) or "default",
            dag=ti.dag_id,
            run=ti.run_id,
            task=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
        ),
        generation=generation,
        tries=max(0, ti.try_number - 1 - generation),
    )
