"""Warm pools as AWS tells of them, and jobs that are deleted.

https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteTrainingJob.html
"""

from __future__ import annotations

from typing import Any

import pytest

from sagelocal.errors import AwsError

# the fixture `account_relocated` is conftest's class Account
Account = Any

pytestmark = pytest.mark.unverified


def _train(account: Account, name: str, *, keep: int = 0, volume: int = 1, **hyperparameters: str) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": volume}
    kept = {"KeepAlivePeriodInSeconds": keep} if keep else {}
    account.train(name, members={"ResourceConfig": {**resources, **kept}}, **hyperparameters)


def _pool(account: Account, name: str) -> dict[str, Any]:
    pool: dict[str, Any] = account.training(name).get("WarmPoolStatus", {})
    return pool


def _with_pool(account: Account, status: str) -> list[str]:
    listed = account.call("ListTrainingJobs", WarmPoolStatusEquals=status)["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in listed]


def test_a_warm_pool_is_kept_after_its_job_and_moves_to_the_next_job_that_matches(account_relocated: Account) -> None:
    account = account_relocated
    _train(account, "first", keep=3600, seconds="600")
    assert _pool(account, "first") == {"Status": "InUse"}
    account.await_line("TrainingJobs", "waiting")
    account.call("StopTrainingJob", TrainingJobName="first")
    account.trained("first")
    assert _pool(account, "first")["Status"] == "Terminated", "only a job that completed leaves a pool"
    _train(account, "second", keep=3600)
    account.trained("second")
    assert _with_pool(account, "Available") == ["second"]
    _train(account, "other-volume", volume=2)
    assert _pool(account, "second")["Status"] == "Available"
    _train(account, "third", keep=3600)
    account.trained("third")
    assert _pool(account, "second")["Status"] == "Reused"
    assert _pool(account, "second")["ReusedByJob"] == "third"
    assert _with_pool(account, "Available") == ["third"]
    assert _pool(account, "other-volume") == {}


def test_a_warm_pool_ends_with_its_time_or_when_somebody_ends_it(account_relocated: Account) -> None:
    account = account_relocated
    _train(account, "job", keep=3600)
    account.trained("job")
    account.call("UpdateTrainingJob", TrainingJobName="job", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert _pool(account, "job")["Status"] == "Terminated"
    with pytest.raises(AwsError, match="no available warm pool"):
        account.call("UpdateTrainingJob", TrainingJobName="job", ResourceConfig={"KeepAlivePeriodInSeconds": 60})
    _train(account, "old", keep=60)
    account.trained("old")
    account.backend.store.update("training_job", "old", _an_hour_ago)
    assert _pool(account, "old") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 60}


def _an_hour_ago(document: dict[str, Any]) -> None:
    document["describe"]["TrainingEndTime"] -= 3600


def test_a_deleted_training_jobs_name_is_free_and_its_model_stays(account_relocated: Account) -> None:
    account = account_relocated
    _train(account, "job")
    account.trained("job")
    account.call("DeleteTrainingJob", TrainingJobName="job")
    with pytest.raises(AwsError, match=r"Requested resource not found\."):
        account.training("job")
    assert "models/job/output/model.tar.gz" in account.keys("models/")
    _train(account, "job")
    assert account.trained("job")["TrainingJobStatus"] == "Completed"


def test_a_deleted_processing_job_is_gone(account_relocated: Account) -> None:
    account = account_relocated
    account.process("job", "pass")
    account.processed("job")
    account.call("DeleteProcessingJob", ProcessingJobName="job")
    with pytest.raises(AwsError, match="Could not find"):
        account.call("DescribeProcessingJob", ProcessingJobName="job")


def test_a_job_that_runs_or_keeps_a_warm_pool_is_not_deleted(account_relocated: Account) -> None:
    account = account_relocated
    _train(account, "running", seconds="600")
    _train(account, "warm", keep=3600)
    account.trained("warm")
    for name in ("running", "warm"):
        with pytest.raises(AwsError) as refused:
            account.call("DeleteTrainingJob", TrainingJobName=name)
        assert refused.value.code == "ResourceInUse"
    with pytest.raises(AwsError) as refused:
        account.call("DeleteTrainingJob", TrainingJobName="nobody")
    assert refused.value.code == "ResourceNotFound"
    account.call("StopTrainingJob", TrainingJobName="running")
    account.trained("running")


def test_spot_instances_are_not_kept_warm(account_relocated: Account) -> None:
    limits = {"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 10}
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 60}
    members = {"EnableManagedSpotTraining": True, "StoppingCondition": limits, "ResourceConfig": resources}
    with pytest.raises(AwsError, match="not supported with managed spot"):
        account_relocated.train("job", members=members)
