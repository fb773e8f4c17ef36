"""How long jobs may run, wait and be pending, over all their attempts, and what of it is billed.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training-status.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from containers.sagelocal.tests.jobs.spot import COUNT, WAIT, arm, spot, steps

from sagelocal.errors import AwsError
from sagelocal.jobs import limits, status

# the fixture `account` is conftest's class Account
Account = Any

pytestmark = pytest.mark.unverified


def _document(**members: Any) -> dict[str, Any]:
    describe = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting", **members}
    return {"request": {}, "describe": describe}


def test_a_spot_job_is_billed_at_the_price_of_spot() -> None:
    document = _document(EnableManagedSpotTraining=True)
    status.enter(document, "Downloading", 100.0)
    document["describe"]["TrainingStartTime"] = 100.0
    status.lose("training_job", document, "Interrupted", 50.0)
    status.begin_again("training_job", document, 140.0, ran=40.0)
    status.enter(document, "Starting", 190.0)
    status.enter(document, "Downloading", 190.0)
    status.end("training_job", document, status.Ending("Completed"), 250.0)
    describe = document["describe"]
    assert describe["TrainingTimeInSeconds"] == 40 + 60, "the time without instances does not count"
    assert describe["BillableTimeInSeconds"] == 30


def test_spot_without_capacity_ends_when_it_has_waited_long_enough(account_relocated: Account) -> None:
    account = account_relocated
    arm(account, "capacity")
    condition = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}
    account.train("job", members=spot(WAIT, StoppingCondition=condition))
    describe = account.trained("job")
    assert (describe["TrainingJobStatus"], describe["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert steps(describe) == ["Starting", "Stopping", "MaxWaitTimeExceeded"]
    assert describe["SecondaryStatusTransitions"][0]["StatusMessage"] == status.NO_CAPACITY
    assert "TrainingStartTime" not in describe


def test_the_time_to_wait_ends_a_running_job_too(account_relocated: Account) -> None:
    account = account_relocated
    account.write("checkpoints/state.json", b"[1, 2, 3]")
    condition = {"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2}
    account.train("job", members=spot(COUNT, StoppingCondition=condition))
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Stopped"
    assert steps(describe)[-3:] == ["Stopping", "Uploading", describe["SecondaryStatus"]]
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2, 3, 4]


def test_the_time_to_run_counts_all_attempts_together(account_relocated: Account) -> None:
    account = account_relocated
    condition = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 600}
    account.train("job", members=spot(WAIT, StoppingCondition=condition))
    account.await_line("TrainingJobs", "waiting")
    arm(account, "interrupt")
    describe = account.trained("job")
    assert (describe["TrainingJobStatus"], describe["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert steps(describe).count("Interrupted") == 1
    assert account.backend.store.get("training_job", "job")["life"]["ran"] > 0


def test_an_attempt_may_run_as_long_as_the_ones_before_it_left() -> None:
    document = _document(CreationTime=0.0, StoppingCondition={"MaxRuntimeInSeconds": 100})
    document["life"] = {"ran": 70.0}
    assert limits.running(document, 1000.0) == limits.Limit(1030.0, "MaxRuntimeExceeded")
    document["describe"]["StoppingCondition"]["MaxWaitTimeInSeconds"] = 1010
    assert limits.running(document, 1000.0) == limits.Limit(1010.0, "MaxWaitTimeExceeded")


def test_waiting_ends_with_the_time_a_job_may_be_pending() -> None:
    """Only for accelerated instances: API_StoppingCondition."""
    condition = {"MaxRuntimeInSeconds": 10, "MaxPendingTimeInSeconds": 1800}
    document = _document(
        CreationTime=1000.0, StoppingCondition=condition, ResourceConfig={"InstanceType": "ml.g5.xlarge"}
    )
    assert limits.waiting(document) == limits.Limit(2800.0, "")
    document["describe"]["ResourceConfig"] = {"InstanceType": "ml.m5.large"}
    assert limits.waiting(document) is None


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 20}},
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
        ),
        ({"EnableManagedSpotTraining": True}, "It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 20, "MaxWaitTimeInSeconds": 10},
            },
            "It must be present and be greater than or equal to MaxRuntimeInSeconds",
        ),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 29 * 86400}}, "at most 2419200"),
    ],
)
def test_limits_that_cannot_be_are_refused(account_relocated: Account, members: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message) as refused:
        account_relocated.train("job", members=members)
    assert refused.value.code == "ValidationException"
