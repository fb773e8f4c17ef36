"""Models and endpoint configurations, in a real sagelocal."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

from boatyard.airflow.operators import SageMakerEndpointConfigOperator, SageMakerModelOperator


def model(name: str) -> dict[str, Any]:
    return {"ModelName": name, "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE}


def endpoint_config(name: str, count: Any = 1) -> dict[str, Any]:
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": count}
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


@pytest.fixture
def name() -> str:
    return f"tides-{uuid.uuid4().hex[:8]}"


def make(config: dict[str, Any], task: Task) -> dict[str, Any]:
    operator = SageMakerModelOperator if "ModelName" in config else SageMakerEndpointConfigOperator
    found: dict[str, Any] = operator(task_id="make", config=config, aws_conn_id=None).execute(task.context())
    return found


def test_what_is_made_is_described_under_the_providers_key(sagemaker: Any, name: str, task: Task) -> None:
    assert make(model(name), task)["Model"]["ModelArn"] == sagemaker.describe_model(ModelName=name)["ModelArn"]
    made = make(endpoint_config(name), task)["EndpointConfig"]
    assert made["EndpointConfigArn"] == sagemaker.describe_endpoint_config(EndpointConfigName=name)["EndpointConfigArn"]


def test_a_retry_finds_what_the_try_before_it_made(name: str, task: Task) -> None:
    for config in (model(name), endpoint_config(name)):
        assert make(config, task) == make(config, task)


def test_what_is_there_but_differs_is_an_error_that_no_retry_mends(name: str, task: Task) -> None:
    make(model(name), task)
    make(endpoint_config(name), task)
    with pytest.raises(AirflowFailException, match=f"endpoint config {name} exists, but differs in ProductionVariants"):
        make(endpoint_config(name, count=2), task)
    with pytest.raises(AirflowFailException, match=f"model {name} exists, but differs in PrimaryContainer.Image"):
        make(model(name) | {"PrimaryContainer": {"Image": IMAGE.replace("echo", "other")}}, task)


def test_files_are_uploaded_first_and_a_role_may_be_given_by_its_name(
    client: Callable[[str], Any], bucket: str, tmp_path: Path, name: str, task: Task
) -> None:
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    (tmp_path / "weights").write_text("1 2 3")
    for kind, config in (("model", model(name) | {"ExecutionRoleArn": name}), ("config", endpoint_config(name))):
        upload = {"Path": str(tmp_path / "weights"), "Bucket": bucket, "Key": f"{kind}/weights", "Tar": False}
        made = make(config | {"S3Operations": {"S3Upload": [upload]}}, task)
        assert client("s3").get_object(Bucket=bucket, Key=f"{kind}/weights")["Body"].read() == b"1 2 3"
        if kind == "model":
            assert made["Model"]["ExecutionRoleArn"] == f"arn:aws:iam::123456789012:role/{name}"
    with pytest.raises(AirflowFailException, match="IAM has no role 'nobody'"):
        make(model(name) | {"ExecutionRoleArn": "nobody"}, task)


def test_a_typing_error_is_told_in_one_line_that_no_retry_mends(name: str, task: Task) -> None:
    wrong = {
        'model: .*"ModelName" .*"ModelNam" \\(did you mean \'ModelName\'\\?\\)': {"ModelNam": name},
        f"model {name}: .*\"PrimaryContaner\" \\(did you mean 'PrimaryContainer'\\?\\)": model(name)
        | {"PrimaryContaner": {}},
        f'endpoint config {name}: .*"ProductionVariants"': {"EndpointConfigName": name},
    }
    for told, config in wrong.items():
        kind = SageMakerEndpointConfigOperator if "EndpointConfigName" in config else SageMakerModelOperator
        with pytest.raises(AirflowFailException, match=f"^SageMaker refuses {told}") as raised:
            kind(task_id="make", config=config, aws_conn_id=None).execute(task.context())
        assert "\n" not in str(raised.value)


def test_numbers_that_jinja_made_text_are_numbers_again(name: str, task: Task) -> None:
    make(model(name), task)
    assert make(endpoint_config(name, count="1"), task)["EndpointConfig"]["EndpointConfigName"] == name
