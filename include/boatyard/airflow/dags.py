"""What all of Boatyard's DAGs have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG

from boatyard.airflow.failures import RETRY_POLICY
from boatyard.airflow.schedules import DagSchedule

START_DATE = datetime(2025, 1, 1, tzinfo=UTC)  # fixed; nothing is caught up, so it only has to lie in the past
RETRIES = 3  # a try may be lost to each part of Airflow that dies; what would fail the same way is not tried again
RETRY_DELAY = timedelta(seconds=10)
README = "README.md"


def new_dag(
    dag_id: str,
    folder: Path,
    *,
    description: str,
    owner: str,
    schedule: DagSchedule,
    tag: str,
    records: str,
    notify: list[dict[str, Any]],
    budget: str | None = None,
) -> DAG:
    """Return a DAG without tasks; the README of `folder` is its page, `records` is where its tasks leave theirs.

    `notify` is who is told when their jobs and endpoints change their states, `budget` what a run may spend, in USD.
    """
    readme = folder / README
    return DAG(
        dag_id=dag_id,
        description=description,
        doc_md=readme.read_text(encoding="utf-8") if readme.is_file() else None,
        schedule=schedule,
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        tags={"boatyard", tag},
        default_args={
            "owner": owner,
            "retries": RETRIES,
            "retry_delay": RETRY_DELAY,
            "retry_policy": RETRY_POLICY,
            "records": records,
            "deferrable": True,
            "notify": notify,
            **({} if budget is None else {"budget": budget}),
        },
    )
