"""From a model's folder to its DAG."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, Param, chain

from boatyard.airflow import operators
from boatyard.airflow.dags import new_dag
from boatyard.airflow.schedules import DagSchedule, dag_schedule
from boatyard.spec import Deployment, ModelSpec, load_model
from boatyard.spec.notify import told_of
from boatyard.steps import (
    BATCH_STEPS,
    Parameter,
    Request,
    RunContext,
    Step,
    batch_input,
    batch_parameters,
    batch_publish,
    cache_rule,
    model_steps,
    run_parameters,
    training_set,
)
from boatyard.steps.parameters import BUDGET
from boatyard.steps.train import CONTINUE_TRAINING

Requests = tuple[Request, ...]
Make = Callable[[Step, ModelSpec, RunContext], BaseOperator]


def model_dag(file: str) -> DAG:
    """Return the DAG of the model whose folder holds `file`: each of its steps is a task.

    A model with batches gives a second DAG, `<model>_batch`; Airflow finds it without a name in the file, as it does
    every DAG that is made in a `with`. `SpecError` names every error of the spec at once; Airflow shows it as this
    DAG's import error.
    """
    spec = load_model(Path(file).resolve().parent)
    run = RunContext.for_airflow(Deployment.from_environment(os.environ))
    if spec.batch is not None:
        description = f"Predictions of {spec.name} for many rows, as Parquet beside their ids."
        form = batch_parameters(spec)
        _dag(f"{spec.name}_batch", description, spec.batch.schedule, "batch", BATCH_STEPS, form, spec, run)
    schedule = dag_schedule(spec.schedule)
    steps = model_steps(spec)
    return _dag(spec.name, spec.description, schedule, "model", steps, run_parameters(spec), spec, run)


def _dag(
    dag_id: str,
    description: str,
    schedule: DagSchedule,
    tag: str,
    steps: Sequence[Step],
    parameters: Iterable[Parameter],
    spec: ModelSpec,
    run: RunContext,
) -> DAG:
    with new_dag(
        dag_id,
        spec.folder,
        description=description,
        owner=spec.owner,
        schedule=schedule,
        tag=tag,
        records=f"s3://{run.deployment.bucket}/{spec.name}/records",
        notify=told_of(spec.name, spec.notify, run.deployment.notify),
        budget=run.parameter(BUDGET, spec.budget),
    ) as dag:
        chain(*(OPERATORS[step.kind](step, spec, run) for step in steps))
    # Last, for a task made before does not get a copy of each: a run hands the DAG's parameters to every task anyhow,
    # and Airflow would check every copy in each parse (half of its time).
    for field in parameters:
        dag.params[field.name] = Param(field.default, **field.schema)
    return dag


def _params(step: Step, spec: ModelSpec, run: RunContext) -> dict[str, dict[str, Any]]:
    return {request.operation: request.params for request in step.build(spec, run)}


def _code(step: Step, spec: ModelSpec, run: RunContext) -> dict[str, Any]:
    return {"source_code": step.code(spec, run)} if step.code else {}


def _cache(step: Step, spec: ModelSpec, run: RunContext) -> dict[str, Any]:
    rule = cache_rule(step, spec, run)
    return {"cache": rule} if rule else {}


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
        **_cache(step, spec, run),
    )


def _evaluation(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    params = _params(step, spec, run)
    return operators.ModelEvaluationOperator(
        task_id=step.name,
        endpoint=params["DescribeEndpoint"]["EndpointName"],
        config=params["CreateProcessingJob"],
        return_description=False,
        **_code(step, spec, run),
        **_cache(step, spec, run),
    )


def _training(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    params = _params(step, spec, run)
    return operators.SageMakerTrainingOperator(
        task_id=step.name,
        config=params["CreateTrainingJob"],
        total_runtime=params.get(CONTINUE_TRAINING, {}).get("MaxRuntimeInSeconds"),
        return_description=False,
        **_code(step, spec, run),
        **_cache(step, spec, run),
    )


def _training_set(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    return operators.AthenaTrainingSetOperator(
        task_id=step.name,
        requests=step.build(spec, run),
        result=training_set.result(spec, run),
        **_cache(step, spec, run),
    )


def _batch_input(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    return operators.BatchInputOperator(
        task_id=step.name, requests=step.build(spec, run), result=batch_input.result(spec, run)
    )


def _transform(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    params = _params(step, spec, run)
    return operators.BatchTransformOperator(
        task_id=step.name,
        endpoint=params["DescribeEndpoint"]["EndpointName"],
        config=params["CreateTransformJob"],
        max_ingestion_time=spec.batch.max_runtime if spec.batch else None,  # a transform job has no limit of its own
        return_description=False,
        **_cache(step, spec, run),
    )


def _publish(step: Step, spec: ModelSpec, run: RunContext) -> BaseOperator:
    return operators.BatchPublishOperator(
        task_id=step.name, requests=step.build(spec, run), result=batch_publish.result(spec, run)
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
    "validation": _as_requested(operators.ValidateTrainingSetOperator),
    "processing": _processing,
    "training": _training,
    "evaluation": _evaluation,
    "gate": _as_requested(operators.GateOperator),
    "register": _register,
    "approve": _as_requested(operators.ApproveModelPackageOperator),
    "deploy": _deploy,
    "smoke_test": _as_requested(operators.EndpointSmokeTestOperator),
    "batch_input": _batch_input,
    "transform": _transform,
    "publish": _publish,
}
