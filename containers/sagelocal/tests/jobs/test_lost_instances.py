"""Jobs that lose their instances or get none: crashes, kills, missing capacity; and those that are tried again.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RetryStrategy.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from containers.sagelocal.tests.jobs.spot import COUNT, WAIT, arm, spot, steps

from sagelocal.jobs import status

# the fixture `account` is conftest's class Account
Account = Any
Eventually = Callable[[Callable[[], Any], str], Any]

pytestmark = pytest.mark.unverified


def test_spot_runs_as_soon_as_there_is_capacity(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    arm(account, "capacity")
    account.train("job", members=spot(COUNT, "--once"))
    messages = "SecondaryStatusTransitions"
    eventually(lambda: account.training("job")[messages][-1]["StatusMessage"] == status.NO_CAPACITY, "it waits")
    account.backend.faults.clear()
    assert account.trained("job")["TrainingJobStatus"] == "Completed"


def test_without_capacity_a_job_on_demand_fails(account_relocated: Account) -> None:
    account = account_relocated
    arm(account, "capacity", times=None)
    account.train("job")
    account.process("other", "pass")
    assert account.trained("job")["FailureReason"].startswith("CapacityError: Unable to provision requested ML compute")
    assert account.processed("other")["FailureReason"].startswith("CapacityError: ")


def test_a_killed_process_fails_its_job_with_the_exit_code_of_a_kill(account: Account) -> None:
    account.train("job", seconds="600")
    account.await_line("TrainingJobs", "waiting")
    arm(account, "kill", kind="training_job", name="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Failed"
    assert describe["FailureReason"].endswith("exit code: 137")


@pytest.mark.parametrize("kind", ["training_job", "processing_job"])
def test_a_lost_machine_fails_its_job_as_an_internal_error(account_relocated: Account, kind: str) -> None:
    account = account_relocated
    arm(account, "crash", kind=kind)
    if kind == "training_job":
        account.train("job", seconds="600")
        describe = account.trained("job")
    else:
        account.process("job", WAIT)
        describe = account.processed("job")
    assert describe["FailureReason"].startswith("InternalServerError: ")


def test_a_job_is_retried_after_internal_errors_as_often_as_it_asks_for(account_relocated: Account) -> None:
    account = account_relocated
    arm(account, "crash", name="enough", times=2)
    # the crashes come sooner than the end
    account.train("enough", members={"RetryStrategy": {"MaximumRetryAttempts": 2}}, seconds="3")
    describe = account.trained("enough")
    assert describe["TrainingJobStatus"] == "Completed"
    assert steps(describe).count("Restarting") == account.backend.faults.list()[0]["fired"] == 2
    arm(account, "crash", name="too-few", times=None)
    account.train("too-few", members={"RetryStrategy": {"MaximumRetryAttempts": 1}}, seconds="600")
    describe = account.trained("too-few")
    assert describe["TrainingJobStatus"] == "Failed"
    assert steps(describe).count("Restarting") == 1
