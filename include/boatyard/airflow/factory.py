"""From a model's folder to its DAG."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, Param, chain

from boatyard.airflow import operators
from boatyard.airflow.failures import RETRY_POLICY
from boatyard.spec import Deployment, ModelSpec, load_model
from boatyard.steps import STEPS, Request, RunContext, Step, locations, run_parameters
from boatyard.steps.run import CONTENT_HASH

START_DATE = datetime(2025, 1, 1, tzinfo=UTC)  # fixed; nothing is caught up, so it only has to lie in the past
RETRIES = 1
RETRY_DELAY = timedelta(seconds=10)
README = "README.md"

Requests = tuple[Request, ...]
Make = Callable[[Step, ModelSpec, RunContext], BaseOperator]


def model_dag(file: str) -> DAG:
    """Return the DAG of the model whose folder holds `file`: a step of `STEPS` is a task.

    `SpecError` names every error of the spec at once; Airflow shows it as this DAG's import error.
    """
    spec = load_model(Path(file).resolve().parent)
    run = RunContext.for_airflow(Deployment.from_environment(os.environ))
    readme = spec.folder / README
    with DAG(
        dag_id=spec.name,
        description=spec.description,
        doc_md=readme.read_text(encoding="utf-8") if readme.is_file() else None,
        schedule=spec.schedule,
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        tags={"boatyard", "model"},
        default_args={
            "owner": spec.owner,
            "retries": RETRIES,
            "retry_delay": RETRY_DELAY,
            "retry_policy": RETRY_POLICY,
        },
    ) as dag:
        chain(*(OPERATORS[step.kind](step, spec, run) for step in STEPS))
    # Last, for a task made before does not get a copy of each: a run hands the DAG's parameters to every task anyhow,
    # and Airflow would check every copy in each parse (half of its time).
    for field in run_parameters(spec):
        dag.params[field.name] = Param(field.default, **field.schema)
    return dag


def _params(step: Step, spec: ModelSpec, run: RunContext) -> dict[str, dict[str, Any]]:
    return {request.operation: request.params for request in step.build(spec, run)}


def _code(step: Step, spec: ModelSpec, run: RunContext) -> dict[str, Any]:
    return {"source_code": step.code(spec, run)} if step.code else {}


def _ingest(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    params = _params(step, spec, run)
    return operators.FeatureGroupIngestOperator(
        task_id=step.name,
        feature_group=params["CreateFeatureGroup"],
        config=params["CreateProcessingJob"],
        return_description=False,
        **_code(step, spec, run),
    )


def _processing(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    return operators.SageMakerProcessingOperator(
        task_id=step.name,
        config=_params(step, spec, run)["CreateProcessingJob"],
        return_description=False,
        **_code(step, spec, run),
    )


def _training(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    return operators.SageMakerTrainingOperator(
        task_id=step.name,
        config=_params(step, spec, run)["CreateTrainingJob"],
        return_description=False,
        **_code(step, spec, run),
    )


def _training_set(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    return operators.AthenaTrainingSetOperator(
        task_id=step.name,
        requests=step.build(spec, run),
        result={
            "database": run.deployment.glue_database,
            "table": f"{spec.table_name}_{CONTENT_HASH}",
            "location": locations.own(spec, run, step.name, "data/"),
        },
    )


def _register(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    params = _params(step, spec, run)
    return operators.RegisterModelOperator(
        task_id=step.name,
        group=params["CreateModelPackageGroup"],
        package=params["CreateModelPackage"],
        **_code(step, spec, run),
    )


def _deploy(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    params = _params(step, spec, run)
    return operators.DeployModelPackageOperator(
        task_id=step.name,
        model_package=params["DescribeModelPackage"]["ModelPackageName"],
        config={
            "Model": params["CreateModel"],
            "EndpointConfig": params["CreateEndpointConfig"],
            "Endpoint": params["CreateEndpoint"] | params["UpdateEndpoint"],
        },
        max_active_tis_per_dag=1,  # nothing else of this DAG changes the endpoint at the same time
    )


def _as_requested(operator: Callable[..., BaseOperator]) -> Make:
    return lambda step, spec, run: operator(task_id=step.name, requests=step.build(spec, run))


OPERATORS: dict[str, Make] = {
    "ingest": _ingest,
    "feature_wait": _as_requested(operators.FeatureStoreVisibleOperator),
    "training_set": _training_set,
    "processing": _processing,
    "training": _training,
    "threshold": _as_requested(operators.MetricThresholdOperator),
    "register": _register,
    "approve": _as_requested(operators.ApproveModelPackageOperator),
    "deploy": _deploy,
    "smoke_test": _as_requested(operators.EndpointSmokeTestOperator),
}
