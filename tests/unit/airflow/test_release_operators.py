"""Register, approve, deploy and ask, against the registry and the endpoints of a real sagelocal."""

import asyncio
import io
import json
import tarfile
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from tests.unit.airflow.conftest import IMAGE, ROLE, Task

from boatyard.airflow.operators import (
    ApproveModelPackageOperator,
    DeployModelPackageOperator,
    EndpointSmokeTestOperator,
    MetricThresholdOperator,
    RegisterModelOperator,
    SageMakerEndpointOperator,
    SageMakerRegisterModelVersionOperator,
)
from boatyard.airflow.triggers import JobTrigger
from boatyard.aws import registry
from boatyard.steps import Request

Client = Callable[[str], Any]


@pytest.fixture
def group() -> str:
    return f"g-{uuid.uuid4()}"


@pytest.fixture
def model_data(client: Client, bucket: str) -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model.json"), io.BytesIO(b""))
    client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=packed.getvalue())
    return f"s3://{bucket}/model.tar.gz"


@pytest.fixture
def register(group: str, model_data: str) -> Callable[..., RegisterModelOperator]:
    """Give a function that returns an operator which registers a version with `environment`."""

    def register(**environment: str) -> RegisterModelOperator:
        container = {"Image": IMAGE, "ModelDataUrl": model_data, "Environment": environment}
        package = {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "ClientToken": "{client_token}",
        }
        return RegisterModelOperator(
            task_id="register", group={"ModelPackageGroupName": group}, package=package, aws_conn_id=None
        )

    return register


@pytest.fixture
def approved(sagemaker: Any, register: Callable[..., RegisterModelOperator]) -> Callable[..., str]:
    """Give a function that returns a new approved version."""

    def approved(**environment: str) -> str:
        arn = register(**environment).execute(Task().context())["model_package_arn"]
        registry.approve(sagemaker, {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"})
        return arn

    return approved


def deploy(endpoint: str, package: str, **arguments: Any) -> DeployModelPackageOperator:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "{model_name}",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    config = {
        "Model": {
            "ModelName": "{model_name}",
            "PrimaryContainer": {"ModelPackageName": package},
            "ExecutionRoleArn": ROLE,
        },
        "EndpointConfig": {"EndpointConfigName": "{endpoint_config_name}", "ProductionVariants": [variant]},
        "Endpoint": {
            "EndpointName": endpoint,
            "EndpointConfigName": "{endpoint_config_name}",
            "RetainAllVariantProperties": False,
        },
    }
    return DeployModelPackageOperator(
        task_id="deploy", model_package=package, config=config, aws_conn_id=None, **arguments
    )


def versions(sagemaker: Any, group: str) -> int:
    return len(sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"])


def test_a_version_is_registered_once_however_often_the_task_is_tried(
    sagemaker: Any, group: str, register: Callable[..., RegisterModelOperator], task: Task
) -> None:
    first = register().execute(task.context())
    task.retry()
    assert register().execute(task.context()) == first
    assert versions(sagemaker, group) == 1


def test_a_persons_clear_registers_another_version(
    sagemaker: Any, group: str, register: Callable[..., RegisterModelOperator], task: Task
) -> None:
    first = register().execute(task.context())
    task.clear()
    assert register().execute(task.context()) != first
    assert versions(sagemaker, group) == 2


def test_the_providers_arguments_register_a_version_and_return_its_arn(
    sagemaker: Any, group: str, model_data: str, task: Task
) -> None:
    made = SageMakerRegisterModelVersionOperator(
        task_id="register",
        image_uri=IMAGE,
        model_url=model_data,
        package_group_name=group,
        package_group_desc="boats",
        package_desc="a boat",
        aws_conn_id=None,
    )
    arn = made.execute(task.context())
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelPackageDescription"], found["ModelApprovalStatus"]) == ("a boat", "PendingManualApproval")
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert described["ModelPackageGroupDescription"] == "boats"


def test_an_approval_is_not_given_over_a_persons_rejection(
    sagemaker: Any, register: Callable[..., RegisterModelOperator], task: Task
) -> None:
    arn = register().execute(task.context())["model_package_arn"]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    request = Request("sagemaker", "UpdateModelPackage", {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"})
    made = ApproveModelPackageOperator(task_id="approve", requests=(request,), aws_conn_id=None)
    with pytest.raises(AirflowFailException, match="was rejected"):
        made.execute(task.context())


def test_a_version_that_nobody_approved_is_not_deployed(
    sagemaker: Any, register: Callable[..., RegisterModelOperator], task: Task
) -> None:
    arn = register().execute(task.context())["model_package_arn"]
    name = f"e-{uuid.uuid4()}"
    with pytest.raises(AirflowFailException, match="is PendingManualApproval, not Approved: it is not deployed"):
        deploy(name, arn).execute(task.context())
    assert not sagemaker.list_endpoints(NameContains=name)["Endpoints"]
    assert not sagemaker.list_models(NameContains=name)["Models"]


def test_a_second_version_takes_over_and_a_third_that_does_not_start_leaves_it_in_service(
    sagemaker: Any, client: Client, approved: Callable[..., str], task: Task
) -> None:
    name = f"e-{uuid.uuid4()}"
    runtime = client("sagemaker-runtime")

    def says() -> bytes:
        answer: bytes = runtime.invoke_endpoint(EndpointName=name, Body=b"env COLOUR")["Body"].read()
        return answer

    package = approved(COLOUR="red")
    first = deploy(name, package).execute(task.context())
    assert says() == b"red"
    task.retry()
    assert deploy(name, package).execute(task.context()) == first
    second = deploy(name, approved(COLOUR="blue")).execute(task.context())
    assert says() == b"blue"
    assert second["endpoint_config_name"] != first["endpoint_config_name"]
    with pytest.raises(AirflowException, match=r"does not serve .* it was rolled back .* stays in service"):
        deploy(name, approved(COLOUR="green", ECHO_EXIT="3")).execute(task.context())
    assert says() == b"blue"
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == second["endpoint_config_name"]


def test_an_endpoint_that_failed_at_its_start_is_made_anew(
    client: Client, approved: Callable[..., str], task: Task
) -> None:
    name = f"e-{uuid.uuid4()}"
    with pytest.raises(AirflowException, match=f"endpoint {name} does not serve .* and is Failed"):
        deploy(name, approved(ECHO_EXIT="3")).execute(task.context())
    deploy(name, approved(COLOUR="red")).execute(task.context())
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"env COLOUR")
    assert answer["Body"].read() == b"red"


def test_a_slow_endpoint_is_waited_for_in_the_triggerer(approved: Callable[..., str], task: Task) -> None:
    name, package = f"e-{uuid.uuid4()}", approved(ECHO_START_SECONDS="2")
    with pytest.raises(TaskDeferred) as raised:
        deploy(name, package, defer_after=0.1).execute(task.context())
    trigger = JobTrigger(**raised.value.trigger.serialize()[1])

    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            payload: dict[str, Any] = event.payload
            return payload
        raise AssertionError("the trigger ended without an event")

    event = asyncio.run(first())
    result = deploy(name, package).execute_complete(task.context(), event)
    assert result["endpoint_name"] == name


def test_the_providers_endpoint_config_of_ones_own_is_not_taken_for_another(
    sagemaker: Any, model_data: str, task: Task
) -> None:
    name = f"e-{uuid.uuid4()}"

    def operator(environment: dict[str, str]) -> SageMakerEndpointOperator:
        variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": "1"}
        config = {
            "Model": {
                "ModelName": name,
                "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": model_data, "Environment": environment},
                "ExecutionRoleArn": ROLE,
            },
            "EndpointConfig": {"EndpointConfigName": name, "ProductionVariants": [variant]},
            "Endpoint": {"EndpointName": name, "EndpointConfigName": name},
        }
        return SageMakerEndpointOperator(task_id="deploy", config=config, aws_conn_id=None)

    result = operator({"A": "1"}).execute(task.context())
    assert result["Endpoint"]["EndpointStatus"] == "InService"
    assert operator({"A": "1"}).execute(task.context())["EndpointConfig"]["EndpointConfigName"] == name
    with pytest.raises(AirflowFailException, match=r"exists, but differs in PrimaryContainer\.Environment\.A"):
        operator({"A": "2"}).execute(task.context())


@pytest.fixture
def evaluated(client: Client, bucket: str) -> Callable[[str, str], tuple[Request, Request]]:
    """Give a function that leaves held-out rows and predictions, and returns where."""

    def evaluated(rows: str, predictions: str) -> tuple[Request, Request]:
        client("s3").put_object(Bucket=bucket, Key="test.csv", Body=rows.encode())
        client("s3").put_object(Bucket=bucket, Key="predictions.csv", Body=predictions.encode())
        return (
            Request("s3", "GetObject", {"Bucket": bucket, "Key": "test.csv"}),
            Request("s3", "GetObject", {"Bucket": bucket, "Key": "predictions.csv"}),
        )

    return evaluated


@pytest.fixture
def endpoint(approved: Callable[..., str]) -> str:
    name = f"e-{uuid.uuid4()}"
    deploy(name, approved()).execute(Task().context())
    return name


def smoke_test(endpoint: str, where: tuple[Request, Request], rows: int) -> EndpointSmokeTestOperator:
    ask = {"EndpointName": endpoint, "ContentType": "text/csv", "Accept": "text/csv", "Body": "{rows}"}
    requests = (
        *where,
        Request("sagemaker-runtime", "InvokeEndpoint", ask),
        Request("boatyard", "CompareAnswers", {"Rows": rows}),
    )
    return EndpointSmokeTestOperator(task_id="smoke_test", requests=requests, aws_conn_id=None)


def test_an_endpoint_is_asked_about_rows_without_their_label(
    endpoint: str, evaluated: Callable[[str, str], tuple[Request, Request]], task: Task
) -> None:
    # the endpoint echoes: its answer is what it was asked
    where = evaluated("7,1,2\n8,3,4\n9,5,6\n", "1,2\n3,4\n5,6\n")
    assert smoke_test(endpoint, where, 2).execute(task.context()) == {"rows": 2, "answers": ["1,2", "3,4"]}


def test_an_endpoint_that_answers_otherwise_fails_the_run(
    endpoint: str, evaluated: Callable[[str, str], tuple[Request, Request]], task: Task
) -> None:
    where = evaluated("7,1\n8,3\n", "1\n4\n")
    with pytest.raises(AirflowFailException, match=r"1 of 2 rows .* first row 2: '3' instead of '4'"):
        smoke_test(endpoint, where, 2).execute(task.context())


def test_an_endpoint_that_breaks_fails_the_run_with_its_error(
    endpoint: str, evaluated: Callable[[str, str], tuple[Request, Request]], task: Task
) -> None:
    with pytest.raises(AirflowException, match=f"endpoint {endpoint} failed"):
        smoke_test(endpoint, evaluated("7,status 500\n", "1\n"), 1).execute(task.context())


def test_a_threshold_reads_the_evaluation_and_stops_a_run_that_misses_it(
    client: Client, bucket: str, task: Task
) -> None:
    body = json.dumps({"metrics": {"accuracy": {"value": 0.81}}})
    client("s3").put_object(Bucket=bucket, Key="evaluation.json", Body=body.encode())

    def operator(at_least: float) -> MetricThresholdOperator:
        rules = [{"Metric": "metrics.accuracy", "AtLeast": at_least}]
        requests = (
            Request("s3", "GetObject", {"Bucket": bucket, "Key": "evaluation.json"}),
            Request("boatyard", "CompareMetrics", {"Rules": rules}),
        )
        return MetricThresholdOperator(task_id="threshold", requests=requests, aws_conn_id=None)

    assert operator(0.8).execute(task.context()) == {"metrics": {"metrics.accuracy": 0.81}}
    with pytest.raises(AirflowFailException, match=r"^accuracy 0\.81 is below 0\.88$"):
        operator(0.88).execute(task.context())
