"""What sagelocal does not have: the provider's operators fail at once, and the error names the missing operation.

AutoML, notebook instances, Unified Studio, Spark and S3 Select (which AWS closed to new customers:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/selecting-content-from-objects.html) are services of AWS's own.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.hooks.sagemaker_unified_studio_notebook import SageMakerUnifiedStudioNotebookHook
from airflow.providers.amazon.aws.operators.athena_spark import AthenaSparkOperator
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerAutoMLOperator,
    SageMakerCreateNotebookOperator,
    SageMakerDeleteNotebookOperator,
    SageMakerStartNoteBookOperator,
    SageMakerStopNotebookOperator,
)
from airflow.providers.amazon.aws.operators.sagemaker_unified_studio_notebook import (
    SageMakerUnifiedStudioNotebookOperator,
)
from airflow.providers.amazon.aws.sensors.athena_spark import AthenaSparkSensor
from airflow.providers.amazon.aws.sensors.sagemaker import SageMakerAutoMLSensor
from airflow.providers.amazon.aws.sensors.sagemaker_unified_studio_notebook import (
    SageMakerUnifiedStudioNotebookSensor,
)
from airflow.providers.amazon.aws.triggers.sagemaker_unified_studio_notebook import (
    SageMakerUnifiedStudioNotebookTrigger,
)
from sagemaker_studio.utils._internal import InternalUtils
from tests.contract.provider.requests import ROLE
from tests.deferral import fire

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "task", "aws_conn_id": None}
NOTEBOOK = {**OPTIONS, "instance_name": "n"}
LEARN = ("n", "s3://lake/in", "y", "s3://lake/out", ROLE)
PLACE: dict[str, Any] = {"domain_identifier": "dzd-1", "owning_project_identifier": "p"}
DAG: Any = {"dag": SimpleNamespace(dag_id="harbour"), "ti": SimpleNamespace(xcom_push=lambda **_: None)}

# the refused operation -> whoever calls it
CALLS: dict[str, list[Callable[[], Any]]] = {
    "CreateAutoMLJob of sagemaker": [
        lambda: SageMakerAutoMLOperator(
            job_name="n", s3_input=LEARN[1], target_attribute="y", s3_output=LEARN[3], role_arn=ROLE, **OPTIONS
        ).execute({}),
        lambda: SageMakerHook(aws_conn_id=None).create_auto_ml_job(*LEARN),
    ],
    "DescribeAutoMLJob of sagemaker": [lambda: SageMakerAutoMLSensor(job_name="n", **OPTIONS).poke({})],
    "CreateNotebookInstance of sagemaker": [
        lambda: SageMakerCreateNotebookOperator(instance_type="ml.t3.medium", role_arn=ROLE, **NOTEBOOK).execute({})
    ],
    "StartNotebookInstance of sagemaker": [lambda: SageMakerStartNoteBookOperator(**NOTEBOOK).execute({})],
    "StopNotebookInstance of sagemaker": [lambda: SageMakerStopNotebookOperator(**NOTEBOOK).execute({})],
    "DeleteNotebookInstance of sagemaker": [lambda: SageMakerDeleteNotebookOperator(**NOTEBOOK).execute({})],
    "StartCalculationExecution of athena": [
        lambda: AthenaSparkOperator(session_id="s", code_block="1", **OPTIONS).execute({}),
        lambda: AthenaHook(aws_conn_id=None).start_spark_calculation(session_id="s", code_block="1"),
    ],
    "GetCalculationExecution of athena": [
        lambda: AthenaSparkSensor(calculation_execution_id="c", **OPTIONS).poke({}),
        lambda: AthenaHook(aws_conn_id=None).get_spark_calculation_info("c"),
        lambda: AthenaHook(aws_conn_id=None).check_spark_calculation_status("c"),
        lambda: AthenaHook(aws_conn_id=None).get_spark_calculation_state_change_reason("c"),
        lambda: AthenaHook(aws_conn_id=None).poll_spark_calculation_status("c", 1, 1),
    ],
    "StopCalculationExecution of athena": [lambda: AthenaHook(aws_conn_id=None).stop_spark_calculation("c")],
    "StartNotebookRun of datazone": [
        lambda: SageMakerUnifiedStudioNotebookOperator(notebook_identifier="n", **PLACE, **OPTIONS).execute(DAG),
        lambda: SageMakerUnifiedStudioNotebookHook(aws_conn_id=None).start_notebook_run("n", "dzd-1", "p"),
    ],
    "GetNotebookRun of datazone": [
        lambda: SageMakerUnifiedStudioNotebookSensor(
            notebook_identifier="n", notebook_run_id="r", **PLACE, **OPTIONS
        ).poke({}),
        lambda: SageMakerUnifiedStudioNotebookHook(aws_conn_id=None).get_notebook_run("r", "dzd-1"),
        lambda: SageMakerUnifiedStudioNotebookHook(aws_conn_id=None).wait_for_notebook_run("r", "dzd-1", 1),
    ],
    "ListEnvironmentBlueprints of datazone": [
        lambda: SageMakerUnifiedStudioNotebookHook(aws_conn_id=None).get_project_s3_path("dzd-1", "p"),
    ],
}


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        pytest.param(operation, call, id=f"{operation}-{n}")
        for operation, calls in CALLS.items()
        for n, call in enumerate(calls)
    ],
)
def test_the_caller_of_a_refused_operation_fails_with_its_name(operation: str, call: Callable[[], Any]) -> None:
    with pytest.raises(Exception, match=f"NotImplemented.*{operation}"):
        call()


def test_s3_select_is_refused_by_its_name(data: str) -> None:
    with pytest.raises(Exception, match=r"NotImplemented.*sagelocal's S3 does not have .*select"):
        S3Hook(aws_conn_id=None).select_key("data/train.csv", data)


def test_the_outputs_of_a_unified_studio_run_are_none() -> None:
    """The hook takes every error for a run without outputs."""
    hook = SageMakerUnifiedStudioNotebookHook(aws_conn_id=None)
    assert hook.get_notebook_outputs("n", "r", "dzd-1", "p") == {}


def test_a_deferred_unified_studio_run_is_told_that_it_cannot_be_looked_at() -> None:
    event = fire(SageMakerUnifiedStudioNotebookTrigger("r", "dzd-1", "p", 1))
    assert event["status"] == "error"
    assert "sagelocal does not have GetNotebookRun of datazone" in event["message"]


def test_the_older_unified_studio_operators_never_reach_sagelocal() -> None:
    """Their SDK calls DataZone at AWS's own address whatever the environment says, so they are run nowhere here."""
    assert InternalUtils()._get_datazone_endpoint("us-east-1") == "https://datazone.us-east-1.api.aws"
