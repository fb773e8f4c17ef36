"""A training longer than a job may run, and one on spot machines, each as one task, against a real sagelocal."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from tests.contract.conftest import LocalServer
from tests.deferral import fire
from tests.logs import lines
from tests.unit.airflow.conftest import Task
from tests.unit.iterative import STEPS, losses, request

from boatyard.airflow.operators import SageMakerTrainingOperator
from boatyard.aws.naming import earlier_attempts
from sagelocal.faults.client import FaultsClient

TOTAL = 60


@pytest.fixture(scope="module")
def aws(start_server: Callable[..., LocalServer]) -> LocalServer:
    """Give a server whose machines can be taken away."""
    return start_server("--faults")


@pytest.fixture
def faults(aws: LocalServer) -> Iterator[FaultsClient]:
    yield aws.faults
    aws.faults.clear()


def operator(config: dict[str, Any], **arguments: Any) -> SageMakerTrainingOperator:
    return SageMakerTrainingOperator(
        task_id="train", config=config, aws_conn_id=None, retries=1, return_description=False, **arguments
    )


def curve(client: Callable[[str], Any], last: str) -> dict[int, str]:
    """Return the loss of each step as the jobs up to `last` wrote it."""
    logs = client("logs")
    return losses([line for job in [*earlier_attempts(last), last] for line in lines(logs, job)])


def test_a_training_over_several_jobs_is_one_task(client: Callable[[str], Any], bucket: str, task: Task) -> None:
    made = operator(request(bucket, 1), total_runtime=TOTAL, records=f"s3://{bucket}/records")
    result = made.execute(task.context())
    assert int(result["job_name"][-1]) > 1
    assert sorted(curve(client, result["job_name"])) == list(range(1, STEPS + 1))
    (key,) = [
        found["Key"]
        for found in client("s3").list_objects_v2(Bucket=bucket, Prefix="records/")["Contents"]
        if found["Key"].endswith("/train.json")
    ]
    record = json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert [job["name"] for job in record["jobs"]] == [*earlier_attempts(result["job_name"]), result["job_name"]]
    assert [job["status"] for job in record["jobs"]][-2:] == ["MaxRuntimeExceeded", "Completed"]
    assert record["billable_seconds"] == sum(job["billable_seconds"] for job in record["jobs"])


def test_each_of_its_jobs_is_waited_for_in_the_triggerer(client: Callable[[str], Any], bucket: str, task: Task) -> None:
    times = count()

    def resumed() -> SageMakerTrainingOperator:  # nothing is left of the process that deferred, and a name has the time
        named = request(bucket, 1) | {"TrainingJobName": f"tides-{next(times)}"}
        return operator(named, total_runtime=TOTAL, deferrable=True, defer_after=0.05)

    result: dict[str, Any] = {}
    waited: list[str] = []
    step: Callable[[], Any] = lambda: resumed().execute(task.context())  # noqa: E731 - the next is one as well
    while not result:
        try:
            result = step()
        except TaskDeferred as deferral:
            event = fire(deferral.trigger)
            waited.append(event["job_name"])
            carried = dict(deferral.kwargs or {})
            step = lambda: resumed().execute_complete(task.context(), event, **carried)  # noqa: B023, E731 - called at once
    earlier, last = earlier_attempts(result["job_name"]), result["job_name"]
    assert waited in (earlier, [*earlier, last])  # the last one is short: it may end before its wait moves there
    assert len(earlier) > 1
    assert sorted(curve(client, result["job_name"])) == list(range(1, STEPS + 1))


def test_a_training_whose_time_is_used_up_fails_for_good(bucket: str, task: Task) -> None:
    with pytest.raises(AirflowFailException, match=r"training reached its time limit of 1 s after 1 job"):
        operator(request(bucket, 1), total_runtime=1).execute(task.context())


def test_a_spot_job_that_is_interrupted_goes_on_and_tells_what_it_saved(
    client: Callable[[str], Any], bucket: str, task: Task, faults: FaultsClient
) -> None:
    faults.add("interrupt", after=0.7, times=2)
    config = request(bucket, 600) | {"EnableManagedSpotTraining": True}
    config["StoppingCondition"] |= {"MaxWaitTimeInSeconds": 1200}
    made = operator(config, records=f"s3://{bucket}/records")
    result = made.execute(task.context())
    found = client("sagemaker").describe_training_job(TrainingJobName=result["job_name"])
    phases = [transition["Status"] for transition in found["SecondaryStatusTransitions"]]
    assert phases.count("Interrupted") == 2
    written = lines(client("logs"), result["job_name"])
    assert sorted(losses(written)) == list(range(1, STEPS + 1))
    assert sum(line.startswith("step 1 ") for line in written) == 1
    record = json.loads(
        client("s3").get_object(Bucket=bucket, Key=made.links["Record"].rpartition("prefix=")[2])["Body"].read()
    )
    assert record["spot"]["saving_percent"] > 0
