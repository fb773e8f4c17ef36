"""The DAG that stops jobs which nobody wants any more."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from boatyard.airflow.dags import README, RETRIES, RETRY_DELAY, START_DATE
from boatyard.airflow.operators.notices import TellMissedChangesOperator
from boatyard.airflow.operators.reconcile import GRACE, StopUnwantedJobsOperator

EVERY = timedelta(minutes=3)


def reconcile_dag(
    file: str,
    *,
    dag_id: str = "reconcile",
    every: timedelta = EVERY,
    grace: timedelta = GRACE,
    aws_conn_id: str | None = "aws_default",
    region_name: str | None = None,
) -> DAG:
    """Return the DAG that looks, as often as `every` says, at all running jobs that one AWS connection reaches.

    It is not paused when Airflow first sees it: the promise that no job is left running rests on it. The README beside
    `file` is its page.
    """
    readme = Path(file).resolve().parent / README
    with DAG(
        dag_id=dag_id,
        description="Stop the SageMaker jobs whose tasks do not want them any more.",
        doc_md=readme.read_text(encoding="utf-8") if readme.is_file() else None,
        schedule=every,
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags={"boatyard", "platform"},
        default_args={"retries": RETRIES, "retry_delay": RETRY_DELAY},
    ) as dag:
        StopUnwantedJobsOperator(
            task_id="stop_unwanted_jobs", grace=grace, aws_conn_id=aws_conn_id, region_name=region_name
        )
        bucket = os.environ.get("BOATYARD_BUCKET")
        if bucket:  # where the notices of Boatyard's own DAGs are kept; other people's operators have buckets of theirs
            TellMissedChangesOperator(
                task_id="tell_missed_changes", bucket=bucket, aws_conn_id=aws_conn_id, region_name=region_name
            )
    return dag
