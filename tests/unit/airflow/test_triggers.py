"""Waiting in the triggerer: Airflow's real trigger runner in a process of its own, real jobs of a faulty sagelocal."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from tests.contract.conftest import LocalServer
from tests.triggerer import DAG, TASK, Triggerer, run_id
from tests.unit.airflow.conftest import IMAGE, ROLE

from boatyard.airflow.triggers import JobTrigger
from boatyard.aws import jobs
from boatyard.aws.naming import Owner
from sagelocal.faults.client import FaultsClient

LONG = "120"
MANY = 15


@pytest.fixture(scope="module")
def faulty(start_server: Callable[..., LocalServer]) -> LocalServer:
    server = start_server("--faults")
    with server.clients() as client:
        client("s3").create_bucket(Bucket="triggers")
    return server


@pytest.fixture
def faults(faulty: LocalServer) -> Iterator[FaultsClient]:
    yield faulty.faults
    faulty.faults.clear()


@pytest.fixture
def sagemaker(faulty: LocalServer) -> Iterator[Any]:
    with faulty.clients() as client:
        yield client("sagemaker")


@pytest.fixture(scope="module")
def triggerer(faulty: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triggerer]:
    triggerer = Triggerer(faulty.environment, tmp_path_factory.mktemp("triggerer") / "log")
    yield triggerer
    triggerer.close()


def start(sagemaker: Any, name: str, seconds: str) -> str:
    sagemaker.create_training_job(
        TrainingJobName=name,
        HyperParameters={"seconds": seconds},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://triggers/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    return name


def waiting(name: str, kind: str = "training", **arguments: Any) -> JobTrigger:
    return JobTrigger(kind, name, aws_conn_id=None, region_name="us-east-1", **arguments)


def seen(faults: FaultsClient, fault: dict[str, Any]) -> int:
    return next(int(one["seen"]) for one in faults.list() if one["id"] == fault["id"])


def fired(faults: FaultsClient, fault: dict[str, Any]) -> int:
    return next(int(one["fired"]) for one in faults.list() if one["id"] == fault["id"])


def test_each_trigger_fires_when_its_own_job_ended(sagemaker: Any, triggerer: Triggerer) -> None:
    long = triggerer.start(waiting(start(sagemaker, "long", LONG)))
    short = [triggerer.start(waiting(start(sagemaker, f"short-{n}", "1"))) for n in range(2)]
    triggerer.until(lambda: all(number in triggerer.events for number in short), "both short jobs are told about")
    assert [triggerer.events[number] for number in short] == [
        {"job_name": "short-0", "in_time": True},
        {"job_name": "short-1", "in_time": True},
    ]
    assert long not in triggerer.events
    jobs.stop(sagemaker, "training", "long")
    triggerer.until(lambda: long in triggerer.events, "the long job is told about")


def test_a_persons_kill_stops_that_job_only(sagemaker: Any, triggerer: Triggerer) -> None:
    killed, kept = (start(sagemaker, name, LONG) for name in ("killed", "kept"))
    numbers = [triggerer.start(waiting(killed)), triggerer.start(waiting(kept))]
    triggerer.until(lambda: f"(ID {numbers[1]}) starting" in triggerer.log(), "both wait")
    triggerer.mark_failed(numbers[0])
    assert jobs.wait(sagemaker, "training", killed).status == "Stopped"
    assert sagemaker.describe_training_job(TrainingJobName=kept)["TrainingJobStatus"] == "InProgress"
    jobs.stop(sagemaker, "training", kept)
    triggerer.until(lambda: numbers[1] in triggerer.events, "the other trigger goes on")


def test_a_trigger_asks_airflow_whether_its_task_waits_elsewhere(sagemaker: Any, triggerer: Triggerer) -> None:
    name = start(sagemaker, "moved", LONG)
    number = triggerer.start(waiting(name))
    owner = Owner(deployment="test", dag=DAG, run=run_id(number + 1), task=TASK)
    moved = triggerer.start(waiting(name, owner=asdict(owner)))
    triggerer.until(lambda: f"(ID {moved}) starting" in triggerer.log(), "it waits")
    triggerer.cancel(moved)  # the task stays deferred
    triggerer.until(lambda: "another triggerer waits for training job moved" in triggerer.log(), "it asks")
    assert sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress"
    jobs.stop(sagemaker, "training", name)
    triggerer.until(lambda: number in triggerer.events, "who waits is told")


def test_trouble_at_aws_ends_no_wait(sagemaker: Any, triggerer: Triggerer, faults: FaultsClient) -> None:
    troubles: list[dict[str, Any]] = [
        {"action": "throttle", "code": "TooManyRequestsException"},
        {"action": "fail", "status": 500},
        {"action": "hang", "seconds": 0},
    ]
    armed = [faults.add(**trouble, operation="DescribeTrainingJob") for trouble in troubles]
    number = triggerer.start(waiting(start(sagemaker, "trouble", "1")))
    triggerer.until(lambda: number in triggerer.events, "the end is seen after the trouble")
    assert triggerer.events[number] == {"job_name": "trouble", "in_time": True}
    assert triggerer.failures == {}
    assert [fired(faults, fault) for fault in armed] == [1, 1, 1]


def test_an_error_about_one_job_hurts_no_other(sagemaker: Any, triggerer: Triggerer, faults: FaultsClient) -> None:
    forbidden, fine = (start(sagemaker, name, LONG) for name in ("forbidden", "fine"))
    faults.add("limit", operation="DescribeTrainingJob", contains="forbidden", times=None)
    numbers = [triggerer.start(waiting(forbidden)), triggerer.start(waiting(fine))]
    triggerer.until(lambda: numbers[0] in triggerer.events, "its task is woken and asks for itself")
    assert triggerer.events[numbers[0]]["in_time"] is True
    assert numbers[1] not in triggerer.events
    for name in (forbidden, fine):
        jobs.stop(sagemaker, "training", name)
    triggerer.until(lambda: numbers[1] in triggerer.events, "the other one goes on")


def test_a_deadline_is_kept_even_if_nobody_answers(sagemaker: Any, triggerer: Triggerer, faults: FaultsClient) -> None:
    name = start(sagemaker, "late", LONG)
    faults.add("fail", operation="DescribeTrainingJob", times=None)
    number = triggerer.start(waiting(name, deadline=1.0))
    triggerer.until(lambda: number in triggerer.events, "the deadline is told about")
    assert triggerer.events[number] == {"job_name": name, "in_time": False}
    jobs.stop(sagemaker, "training", name)


def test_many_jobs_cost_few_calls(sagemaker: Any, triggerer: Triggerer, faults: FaultsClient) -> None:
    faults.add("capacity", kind="training_job", times=None, seconds=600)  # they wait for their instances
    names = [start(sagemaker, f"many-{n}", "0") for n in range(MANY)]
    described = faults.add("throttle", operation="DescribeTrainingJob", skip=10**6)
    listed = faults.add("throttle", operation="ListTrainingJobs", skip=10**6)
    numbers = [triggerer.start(waiting(name, born=0.0, longest_pause=0.2)) for name in names]
    triggerer.until(lambda: seen(faults, listed) >= 3, "they are listed")
    assert seen(faults, described) < MANY
    for name in names:
        jobs.stop(sagemaker, "training", name)
    triggerer.until(lambda: all(number in triggerer.events for number in numbers), "all of them are told about")
    assert triggerer.failures == {}
