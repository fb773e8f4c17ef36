"""Spot jobs whose instances are taken away, and what they go on with.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training-status.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from containers.sagelocal.tests.jobs.spot import COUNT, WAIT, arm, spot, steps

from sagelocal.jobs import status

# the fixture `account` is conftest's class Account
Account = Any
Eventually = Callable[[Callable[[], Any], str], Any]

pytestmark = pytest.mark.unverified


def test_an_interrupted_spot_job_goes_on_from_its_checkpoint(account: Account) -> None:
    account.train("job", members=spot(COUNT))
    for number in (2, 4):
        account.await_line("TrainingJobs", f"reached {number}")
        arm(account, "interrupt", name="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed"
    once = ["Starting", "Downloading", "Training"]
    assert steps(describe) == [*once, "Interrupted", *once, "Interrupted", *once, "Uploading", "Completed"]
    assert all(step["StatusMessage"] and step["EndTime"] for step in describe["SecondaryStatusTransitions"])
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2, 3, 4, 5, 6]
    assert [armed["fired"] for armed in account.backend.faults.list()] == [1, 1]


# Each instance leaves its name and stays, unless all have done so.
CLUSTER = """
import json, os, pathlib, time
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
cluster = json.loads((base / "input/config/resourceconfig.json").read_text())
names = {path.name for path in (base / "checkpoints").iterdir()}
(base / "checkpoints" / cluster["current_host"]).touch()
print("alive", cluster["current_host"], flush=True)
if names != set(cluster["hosts"]):
    time.sleep(600)
"""


def test_the_interruption_of_one_instance_restarts_all_of_them(account: Account) -> None:
    if account.mode != "namespace":
        pytest.skip("instances meet in namespaces only")
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    account.train("job", members=spot(CLUSTER, ResourceConfig=resources))
    for host in ("algo-1", "algo-2"):
        account.await_line("TrainingJobs", f"alive {host}")
    arm(account, "interrupt", name="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed", describe
    assert steps(describe).count("Interrupted") == 1
    assert account.keys("checkpoints/") == ["checkpoints/algo-1", "checkpoints/algo-2"]


def test_checkpoints_are_in_s3_while_the_job_runs(account: Account, eventually: Eventually) -> None:
    account.train("job", members=spot(COUNT))
    eventually(lambda: account.keys("checkpoints/") == ["checkpoints/state.json"], "the checkpoint is uploaded")
    assert account.training("job")["SecondaryStatus"] == "Training"
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2]
    account.call("StopTrainingJob", TrainingJobName="job")
    account.trained("job")


def test_a_job_without_spot_is_not_interrupted(account_relocated: Account) -> None:
    account = account_relocated
    arm(account, "interrupt")
    account.train("job")
    assert account.trained("job")["TrainingJobStatus"] == "Completed"
    assert account.backend.faults.list()[0]["fired"] == 0


def test_an_interrupted_job_waits_for_new_instances_and_can_be_stopped(
    account_relocated: Account, eventually: Eventually
) -> None:
    account = account_relocated
    arm(account, "interrupt", seconds=600.0)
    account.train("job", members=spot(WAIT))
    eventually(lambda: account.training("job")["SecondaryStatus"] == "Interrupted", "it is interrupted")
    account.call("StopTrainingJob", TrainingJobName="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Stopped"
    assert steps(describe)[-3:] == ["Interrupted", "Stopping", "Stopped"]


def test_a_server_that_restarts_finds_an_interrupted_job_again(
    account_relocated: Account, eventually: Eventually
) -> None:
    account = account_relocated
    account.train("job", members=spot(COUNT))
    account.await_line("TrainingJobs", "reached 2")
    arm(account, "interrupt", seconds=1.0)
    eventually(lambda: account.training("job")["SecondaryStatus"] == "Interrupted", "it is interrupted")
    account.restart()
    account.await_line("TrainingJobs", "reached 4")
    account.restart()
    arm(account, "interrupt")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed"
    assert steps(describe).count("Interrupted") == 2
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2, 3, 4, 5, 6]


def test_a_server_that_died_while_it_interrupted_a_job_goes_on_with_it(account_relocated: Account) -> None:
    """The loss is recorded before the process is killed: here the server ended between the two."""
    account = account_relocated
    account.train("job", members=spot(COUNT))
    account.await_line("TrainingJobs", "reached 2")
    account.close()
    account.open_store()
    account.backend.store.update("training_job", "job", lambda d: status.lose("training_job", d, "Interrupted"))
    account.backend.store.close()
    account.open()
    account.await_line("TrainingJobs", "reached 4")
    arm(account, "interrupt")
    assert account.trained("job")["TrainingJobStatus"] == "Completed"
