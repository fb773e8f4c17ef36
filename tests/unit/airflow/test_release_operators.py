"""Register, approve, deploy and ask, against the registry and the endpoints of a real sagelocal."""

import asyncio
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from tests.unit.airflow.conftest import IMAGE, ROLE, Task
from tests.unit.airflow.versions import approved, deploy, group, model_data, register
from tests.unit.aws.lost_answers import lose_answer

from boatyard.airflow.operators import (
    ApproveModelPackageOperator,
    RegisterModelOperator,
    SageMakerEndpointOperator,
    SageMakerRegisterModelVersionOperator,
)
from boatyard.airflow.triggers import JobTrigger
from boatyard.steps import Request

__all__ = ["approved", "group", "model_data", "register"]

Client = Callable[[str], Any]


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


def test_an_update_whose_answer_got_lost_is_waited_for_and_not_sent_twice(
    client: Client, approved: Callable[..., str], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"e-{uuid.uuid4()}"
    deploy(name, approved(COLOUR="red")).execute(task.context())
    second = deploy(name, approved(COLOUR="blue", ECHO_START_SECONDS="1"))
    lose_answer(monkeypatch, second.clients.get("sagemaker"), "update_endpoint", lambda _: None)
    second.execute(task.context())
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"env COLOUR")
    assert answer["Body"].read() == b"blue"


def test_a_retry_during_an_update_waits_for_it_and_defers(
    sagemaker: Any, approved: Callable[..., str], task: Task
) -> None:
    name = f"e-{uuid.uuid4()}"
    deploy(name, approved(COLOUR="red")).execute(task.context())
    package = approved(COLOUR="blue", ECHO_START_SECONDS="5")
    for _ in range(2):  # the second try finds the update of the first under way
        with pytest.raises(TaskDeferred):
            deploy(name, package, defer_after=0.1, deferrable=True).execute(task.context())
        task.retry()
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating"


def test_an_endpoint_that_failed_at_its_start_shows_why_and_is_made_anew(
    client: Client, approved: Callable[..., str], task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"e-{uuid.uuid4()}"
    with pytest.raises(AirflowException, match=f"endpoint {name} does not serve .* and is Failed"):
        deploy(name, approved(ECHO_EXIT="3")).execute(task.context())
    assert re.search(r"\| \[\S+\] going away as told", capsys.readouterr().out)
    deploy(name, approved(COLOUR="red")).execute(task.context())
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"env COLOUR")
    assert answer["Body"].read() == b"red"


def test_a_slow_endpoint_is_waited_for_in_the_triggerer(approved: Callable[..., str], task: Task) -> None:
    name, package = f"e-{uuid.uuid4()}", approved(ECHO_START_SECONDS="2")
    with pytest.raises(TaskDeferred) as raised:
        deploy(name, package, defer_after=0.1, deferrable=True).execute(task.context())
    trigger = JobTrigger(**raised.value.trigger.serialize()[1])

    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            payload: dict[str, Any] = event.payload
            return payload
        raise AssertionError("the trigger ended without an event")

    event = asyncio.run(first())
    result = deploy(name, package).execute_complete(task.context(), event)
    assert result["endpoint_name"] == name


def test_what_sagemaker_refuses_is_told_in_one_line_that_no_retry_mends(
    group: str, model_data: str, task: Task
) -> None:
    def endpoint(**config: Any) -> SageMakerEndpointOperator:
        return SageMakerEndpointOperator(task_id="deploy", config=config, aws_conn_id=None)

    def version(**extras: Any) -> SageMakerRegisterModelVersionOperator:
        return SageMakerRegisterModelVersionOperator(
            task_id="register", image_uri=IMAGE, model_url=model_data, package_group_name=group, extras=extras
        )

    refused: dict[str, Any] = {
        "endpoint: .*Missing required .*EndpointName": endpoint(EndpointConfigName="c"),
        "endpoint e: Could not find endpoint configuration": endpoint(EndpointName="e", EndpointConfigName="nowhere"),
        f"a version of {group}: .*ModelMetric.*did you mean 'ModelMetrics'": version(ModelMetric={}),
        f"a version of {group}: .*did you mean 'Approved'": version(ModelApprovalStatus="Aproved"),
    }
    for told, made in refused.items():
        with pytest.raises(AirflowFailException, match=f"^SageMaker refuses {told}"):
            made.execute(task.context())


def test_a_deferred_endpoint_is_what_was_asked_for_whatever_the_configuration_would_be_called_when_it_resumes(
    sagemaker: Any, model_data: str, task: Task
) -> None:
    name = f"e-{uuid.uuid4()}"
    container = {"Image": IMAGE, "ModelDataUrl": model_data, "Environment": {"ECHO_START_SECONDS": "1"}}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)

    def operator(time: str) -> SageMakerEndpointOperator:
        variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        config = {
            "EndpointConfig": {"EndpointConfigName": f"c-{time}-{name[:30]}", "ProductionVariants": [variant]},
            "Endpoint": {"EndpointName": name, "EndpointConfigName": f"c-{time}-{name[:30]}"},
        }
        return SageMakerEndpointOperator(
            task_id="deploy", config=config, aws_conn_id=None, deferrable=True, defer_after=0.1
        )

    with pytest.raises(TaskDeferred) as raised:
        operator("10h31").execute(task.context())
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    event = {"job_name": name, "in_time": True}
    result = operator("10h32").execute_complete(task.context(), event, **(raised.value.kwargs or {}))
    assert result["Endpoint"]["EndpointStatus"] == "InService"
    assert result["EndpointConfig"]["EndpointConfigName"] == f"c-10h31-{name[:30]}"


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
