"""AWS that throttles, fails, or drops its answers while a task runs its job: nothing fails, nothing is doubled."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.contract.conftest import LocalServer
from tests.unit.airflow.conftest import IMAGE, Task

from boatyard.airflow.claimant import claimant
from boatyard.airflow.operators import SageMakerProcessingOperator
from sagelocal.faults.client import FaultsClient

OPERATIONS = (
    "GetRole",
    "CreateProcessingJob",
    "DescribeProcessingJob",
    "ListTags",
    "DescribeLogStreams",
    "GetLogEvents",
    "GetObject",
)
TROUBLES: dict[str, dict[str, Any]] = {
    "throttled": {"action": "throttle", "code": "RequestLimitExceeded"},
    "failing": {"action": "fail", "status": 503},
    "acting, but its answer is lost": {"action": "lose"},
}


@pytest.fixture(scope="module")
def faulty(start_server: Callable[..., LocalServer]) -> LocalServer:
    return start_server("--faults")


@pytest.fixture
def faults(faulty: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultsClient]:
    for name, value in faulty.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # botocore hides no trouble
    yield faulty.faults
    faulty.faults.clear()


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_job_happens_once_whatever_befalls_each_kind_of_call(
    faulty: LocalServer, faults: FaultsClient, task: Task, trouble: dict[str, Any]
) -> None:
    with faulty.clients() as client:
        client("s3").create_bucket(Bucket="harbour")
        client("s3").put_object(Bucket="harbour", Key="out/m.json", Body=b'{"a": 1}')
        if "harbour" not in {role["RoleName"] for role in client("iam").list_roles()["Roles"]}:
            client("iam").create_role(RoleName="harbour", AssumeRolePolicyDocument="{}")
    for operation in OPERATIONS:
        faults.add(**trouble, operation=operation)
    output = {"S3Uri": "s3://harbour/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    config = {
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["echo", "all is well"]},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "RoleArn": "harbour",
    }
    files = [{"output_name": "out", "file_name": "m.json", "result_name": "metrics"}]
    made = SageMakerProcessingOperator(task_id="train", config=config, aws_conn_id=None, output_files_to_xcom=files)
    result = made.execute(task.context())
    with faulty.clients() as client:
        found = client("sagemaker").list_processing_jobs(NameContains=claimant(task.context()).owner.digest)
    assert [job["ProcessingJobName"] for job in found["ProcessingJobSummaries"]] == [result["job_name"]]
    assert result["Processing"]["ProcessingJobStatus"] == "Completed"
    assert result["OutputFiles"] == {"metrics": {"a": 1}}
    fired = {fault["operation"]: fault["fired"] for fault in faults.list()}
    assert {fired[name] for name in ("GetRole", "CreateProcessingJob", "DescribeProcessingJob", "GetObject")} == {1}
