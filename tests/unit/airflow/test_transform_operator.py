"""The transform operator, against real jobs of a real sagelocal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

from boatyard.airflow.operators import SageMakerTransformOperator
from boatyard.aws import jobs

Client = Callable[[str], Any]


def model(name: str) -> dict[str, Any]:
    return {"ModelName": name, "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE}


def test_the_transform_operator_makes_its_model_and_describes_both(client: Client, bucket: str, task: Task) -> None:
    client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=b"1,2\n")
    config = {
        "Model": model(f"own-{bucket}"[:60]),
        "Transform": {
            "TransformJobName": "mine",
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}},
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out"},
            # rendered templates are strings
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": "1"},
        },
    }
    operator = SageMakerTransformOperator(task_id="transform", config=config, aws_conn_id=None)
    result = operator.execute(task.context())
    assert result["job_name"].startswith("mine-")
    assert result["Transform"]["TransformJobStatus"] == "Completed"
    assert result["Model"]["ModelName"] == config["Model"]["ModelName"]
    again = SageMakerTransformOperator(task_id="transform", config=config, aws_conn_id=None)
    task.retry()
    assert again.execute(task.context())["job_name"] == result["job_name"]


def test_a_later_run_brings_a_model_of_its_own_under_the_same_name(client: Client, bucket: str) -> None:
    client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=b"1,2\n")

    def run(colour: str, task: Task, **arguments: Any) -> SageMakerTransformOperator:
        container = {"Image": IMAGE, "Environment": {"COLOUR": colour}}
        named = model(f"own-{bucket}"[:60])
        transform = {
            "TransformJobName": "mine",
            "ModelName": named["ModelName"],
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}}
            },
            "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        config = {"Model": named | {"PrimaryContainer": container}, "Transform": transform}
        made = SageMakerTransformOperator(task_id="transform", config=config, aws_conn_id=None, **arguments)
        made.execute(task.context())
        return made

    def served(made: SageMakerTransformOperator) -> tuple[str, str]:
        found = made.serialized_model  # as the provider's tale of data lineage reads it
        assert made.serialized_transform["ModelName"] == found["ModelName"]
        return found["ModelName"], found["PrimaryContainer"]["Environment"]["COLOUR"]

    first, second = served(run("red", Task())), served(run("blue", today := Task()))
    assert (first[1], second[1]) == ("red", "blue")
    assert first[0] != second[0]
    today.retry()
    assert served(run("blue", today)) == second
    with pytest.raises(AirflowFailException, match=r"exists, but differs in PrimaryContainer\.Environment\.COLOUR"):
        run("green", Task(), action_if_model_exists="fail")


def test_a_killed_transform_task_stops_its_job(client: Client, bucket: str, task: Task) -> None:
    sagemaker = client("sagemaker")
    client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=b"1,2\n")
    slow = model(f"slow-{bucket}"[:60])
    slow["PrimaryContainer"]["Environment"] = {"ECHO_START_SECONDS": "600"}
    sagemaker.create_model(**slow)
    config = {
        "ModelName": slow["ModelName"],
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}},
        },
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    operator = SageMakerTransformOperator(
        task_id="transform", config=config, aws_conn_id=None, deferrable=False, max_ingestion_time=1
    )
    with pytest.raises(AirflowException, match="did not end within 1 s; it was asked to stop"):
        operator.execute(task.context())
    assert operator.claimed is not None
    assert jobs.wait(sagemaker, "transform", operator.claimed).status == "Stopped"
