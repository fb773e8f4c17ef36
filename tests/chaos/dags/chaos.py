"""The same DAGs twice: with Boatyard's operators and with the provider's. Only the import differs.

A run's `conf` says how many seconds the first job of each task lasts. Every job carries the tags `chaos:run` and
`chaos:task`, by which the judge knows it: it does not trust the operators' own tags.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider
from airflow.sdk import DAG

from boatyard.airflow import operators as boatyard

BUCKET = os.environ["BOATYARD_BUCKET"]
ROLE = os.environ["BOATYARD_ROLE_ARN"]
IMAGE = os.environ["BOATYARD_IMAGE_REGISTRY"] + "/echo:latest"

# A run meets many faults. `timed_out` is the exception: its job lasts longer than it may, each time.
PATIENT = {"retries": 40, "retry_delay": timedelta(seconds=1)}
STOPPING = {"MaxRuntimeInSeconds": 600}
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
ARTIFACT = f"s3://{BUCKET}/chaos/model.tar.gz"
# what a person asked for again is brief
SECONDS = "{{{{ '2' if dag_run.clear_number else dag_run.conf.get('{task}', '2') }}}}"


def name(task: str) -> str:
    """Return a name of at most 32 characters with Boatyard's own tail."""
    return f"{{{{ run_id }}}}-{task}"


def tags(task: str) -> list[dict[str, str]]:
    return [{"Key": "chaos:run", "Value": "{{ run_id }}"}, {"Key": "chaos:task", "Value": task}]


def processing(task: str) -> dict[str, Any]:
    work = f"import time; print('began', flush=True); time.sleep({SECONDS.format(task=task)}); print('ended')"
    return {
        "ProcessingJobName": name(task),
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", work]},
        "ProcessingResources": {"ClusterConfig": CLUSTER},
        "StoppingCondition": STOPPING,
        "RoleArn": ROLE,
        "Tags": tags(task),
    }


def training(task: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name(task),
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"seconds": SECONDS.format(task=task), "message": "began"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/chaos/output"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": STOPPING,
        "RoleArn": ROLE,
        "Tags": tags(task),
    }


def tuning(task: str) -> dict[str, Any]:
    trial = training(task)
    del trial["TrainingJobName"], trial["HyperParameters"], trial["Tags"]
    trial["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "score", "Regex": r"score=([0-9.e-]+)"}]
    return {
        "HyperParameterTuningJobName": name(task),
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.1", "MaxValue": "1"}]},
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {"seconds": SECONDS.format(task=task), "message": "score={x}"},
            **trial,
        },
        "Tags": tags(task),
    }


def model(named: str) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": ARTIFACT}
    return {"ModelName": named, "PrimaryContainer": container, "ExecutionRoleArn": ROLE}


def transform(task: str) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/chaos/batch"}}
    job = {
        "TransformJobName": name(task),
        "ModelName": name(task),
        "TransformInput": {"DataSource": source, "ContentType": "text/csv"},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/chaos/output/{{{{ run_id }}}}"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        "Tags": tags(task),
    }
    return {"Model": model(name(task)), "Transform": job}


def endpoint_config(named: str, model_name: str) -> dict[str, Any]:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model_name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    return {"EndpointConfigName": named, "ProductionVariants": [variant]}


def endpoint(named: str) -> dict[str, Any]:
    return {
        "Model": model(name("deploy")),
        "EndpointConfig": endpoint_config(name("deploy"), name("deploy")),
        "Endpoint": {"EndpointName": named, "EndpointConfigName": name("deploy")},
    }


def dags(operators: ModuleType, whose: str, here: Mapping[str, Any], deferred: Mapping[str, Any]) -> list[DAG]:
    """Return the DAGs of one set of operators; `here` and `deferred` are the arguments for the two ways of waiting."""
    ways = {"sync": here, "deferred": deferred}
    made = []
    for way, how in ways.items():
        with DAG(f"{whose}_{way}", schedule=None, default_args=PATIENT, max_active_runs=32) as dag:
            process = operators.SageMakerProcessingOperator(task_id="process", config=processing("process"), **how)
            train = operators.SageMakerTrainingOperator(task_id="train", config=training("train"), **how)
            process >> train
        made.append(dag)
    with DAG(f"{whose}_batch", schedule=None, default_args=PATIENT, max_active_runs=32) as batch:
        operators.SageMakerTransformOperator(task_id="predict", config=transform("predict"), **deferred)
    with DAG(f"{whose}_tune", schedule=None, default_args=PATIENT, max_active_runs=32) as tune:
        operators.SageMakerTuningOperator(task_id="tune", config=tuning("tune"), **deferred)
    with DAG(f"{whose}_register", schedule=None, default_args=PATIENT, max_active_runs=32) as register:
        made_model = operators.SageMakerModelOperator(
            task_id="model", config=model(name("model")) | {"Tags": tags("model")}
        )
        made_config = operators.SageMakerEndpointConfigOperator(
            task_id="config", config=endpoint_config(name("config"), name("model")) | {"Tags": tags("config")}
        )
        version = operators.SageMakerRegisterModelVersionOperator(
            task_id="register", image_uri=IMAGE, model_url=ARTIFACT, package_group_name=name("register")
        )
        made_model >> made_config >> version
    with DAG(f"{whose}_release", schedule=None, default_args=PATIENT, max_active_runs=1) as release:
        operators.SageMakerEndpointOperator(task_id="deploy", config=endpoint(f"chaos-{whose}"), **deferred)
    with DAG(f"{whose}_timed_out", schedule=None, default_args=PATIENT | {"retries": 1}, max_active_runs=32) as late:
        limit = {"max_ingestion_time": 6}
        operators.SageMakerTrainingOperator(task_id="train", config=training("train"), **{**deferred, **limit})
    return [*made, batch, tune, register, release, late]


POLLED = {"check_interval": 2}
boatyard_dags = dags(
    boatyard,
    "boatyard",
    here={**POLLED, "deferrable": False},
    deferred={**POLLED, "deferrable": True, "defer_after": 0.0},
)
provider_dags = dags(
    provider, "provider", here={**POLLED, "deferrable": False}, deferred={**POLLED, "deferrable": True}
)
for each in [*boatyard_dags, *provider_dags]:
    globals()[each.dag_id] = each
