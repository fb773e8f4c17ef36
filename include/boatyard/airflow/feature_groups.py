"""From a feature group's folder to the DAG that fills it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from airflow.sdk import DAG

from boatyard.airflow import operators
from boatyard.airflow.dags import new_dag
from boatyard.airflow.schedules import features
from boatyard.spec import Deployment, load_feature_group
from boatyard.spec.notify import told_of
from boatyard.steps import RunContext, feature_code, ingest, wait_visible


@dataclass(frozen=True)
class _Place:
    """Where the jobs of a feature group's own DAG leave their files."""

    name: str


def feature_group_dag(file: str) -> DAG:
    """Return the DAG of the feature group whose folder holds `file`: ingest, then wait until all of it is visible.

    The second task updates the group's asset, which starts the models whose `schedule` names the group; it is skipped,
    and the asset left alone, where the group's script found nothing to ingest.
    """
    group = load_feature_group(Path(file).resolve().parent)
    run = RunContext.for_airflow(Deployment.from_environment(os.environ))
    place = _Place(f"features/{group.name}")
    params = {request.operation: request.params for request in ingest.group_requests(group, place, run)}
    with new_dag(
        f"features_{group.name}",
        group.folder,
        description=group.description,
        owner=group.owner,
        schedule=group.schedule,
        tag="features",
        records=f"s3://{run.deployment.bucket}/{place.name}/records",
        notify=told_of(place.name, (), run.deployment.notify),
    ) as dag:
        filled = operators.FeatureGroupIngestOperator(
            task_id="ingest",
            feature_group=params["CreateFeatureGroup"],
            config=params["CreateProcessingJob"],
            return_description=False,
            source_code=feature_code(group, run),
        )
        visible = operators.FeatureStoreVisibleOperator(
            task_id="wait_visible",
            requests=wait_visible.group_requests(group, place, run),
            skip_if_empty=True,
            outlets=[features(group.name)],
        )
        filled >> visible
    return dag
