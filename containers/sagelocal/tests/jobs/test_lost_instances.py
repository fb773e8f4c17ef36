"""Jobs that lose their instances: spot interruptions, crashes, missing capacity; and what they go on with.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training-status.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.faults.fault import Fault
from sagelocal.jobs import limits, status

# the fixture `account` is conftest's class Account
Account = Any
Eventually = Callable[[Callable[[], Any], str], Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"

# Counts to 6 with a checkpoint at each step, and stays at every second number when it comes to it for the first time.
COUNT = """
import json, os, pathlib, sys, time
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
state = base / "checkpoints" / "state.json"
told = json.loads((base / "input/config/checkpointconfig.json").read_text())
assert pathlib.Path(told["LocalPath"]) == state.parent and told["S3Uri"], told
seen = json.loads(state.read_text()) if state.exists() else []
while len(seen) < 6:
    seen.append(len(seen) + 1)
    new = state.with_suffix(".new")
    new.write_text(json.dumps(seen))
    os.replace(new, state)
    print("reached", seen[-1], flush=True)
    if seen[-1] in (2, 4) and "--once" not in sys.argv:
        time.sleep(600)
(base / "model" / "seen.json").write_text(json.dumps(seen))
"""
WAIT = "import time; print('waiting', flush=True); time.sleep(600)"


def _spot(script: str, *arguments: str, **members: Any) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", script],
            **({"ContainerArguments": list(arguments)} if arguments else {}),
        },
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
        "CheckpointConfig": {"S3Uri": "s3://lake/checkpoints/"},
        **members,
    }


def _steps(describe: dict[str, Any]) -> list[str]:
    return [step["Status"] for step in describe["SecondaryStatusTransitions"]]


def _arm(account: Account, action: str, **members: Any) -> None:
    account.backend.faults.add(Fault(action, **members))


def test_an_interrupted_spot_job_goes_on_from_its_checkpoint(account: Account) -> None:
    account.train("job", members=_spot(COUNT))
    for number in (2, 4):
        account.await_line("TrainingJobs", f"reached {number}")
        _arm(account, "interrupt", name="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed"
    once = ["Starting", "Downloading", "Training"]
    assert _steps(describe) == [*once, "Interrupted", *once, "Interrupted", *once, "Uploading", "Completed"]
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
    account.train("job", members=_spot(CLUSTER, ResourceConfig=resources))
    for host in ("algo-1", "algo-2"):
        account.await_line("TrainingJobs", f"alive {host}")
    _arm(account, "interrupt", name="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed", describe
    assert _steps(describe).count("Interrupted") == 1
    assert account.keys("checkpoints/") == ["checkpoints/algo-1", "checkpoints/algo-2"]


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


def _document(**members: Any) -> dict[str, Any]:
    describe = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting", **members}
    return {"request": {}, "describe": describe}


def test_checkpoints_are_in_s3_while_the_job_runs(account: Account, eventually: Eventually) -> None:
    account.train("job", members=_spot(COUNT))
    eventually(lambda: account.keys("checkpoints/") == ["checkpoints/state.json"], "the checkpoint is uploaded")
    assert account.training("job")["SecondaryStatus"] == "Training"
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2]
    account.call("StopTrainingJob", TrainingJobName="job")
    account.trained("job")


def test_a_job_without_spot_is_not_interrupted(account_relocated: Account) -> None:
    account = account_relocated
    _arm(account, "interrupt")
    account.train("job")
    assert account.trained("job")["TrainingJobStatus"] == "Completed"
    assert account.backend.faults.list()[0]["fired"] == 0


def test_an_interrupted_job_waits_for_new_instances_and_can_be_stopped(
    account_relocated: Account, eventually: Eventually
) -> None:
    account = account_relocated
    _arm(account, "interrupt", seconds=600.0)
    account.train("job", members=_spot(WAIT))
    eventually(lambda: account.training("job")["SecondaryStatus"] == "Interrupted", "it is interrupted")
    account.call("StopTrainingJob", TrainingJobName="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Stopped"
    assert _steps(describe)[-3:] == ["Interrupted", "Stopping", "Stopped"]


def test_a_server_that_restarts_finds_an_interrupted_job_again(
    account_relocated: Account, eventually: Eventually
) -> None:
    account = account_relocated
    account.train("job", members=_spot(COUNT))
    account.await_line("TrainingJobs", "reached 2")
    _arm(account, "interrupt", seconds=1.0)
    eventually(lambda: account.training("job")["SecondaryStatus"] == "Interrupted", "it is interrupted")
    account.restart()
    account.await_line("TrainingJobs", "reached 4")
    account.restart()
    _arm(account, "interrupt")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed"
    assert _steps(describe).count("Interrupted") == 2
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2, 3, 4, 5, 6]


def test_a_server_that_died_while_it_interrupted_a_job_goes_on_with_it(account_relocated: Account) -> None:
    """The loss is recorded before the process is killed: here the server ended between the two."""
    account = account_relocated
    account.train("job", members=_spot(COUNT))
    account.await_line("TrainingJobs", "reached 2")
    account.close()
    account.open_store()
    account.backend.store.update("training_job", "job", lambda d: status.lose("training_job", d, "Interrupted"))
    account.backend.store.close()
    account.open()
    account.await_line("TrainingJobs", "reached 4")
    _arm(account, "interrupt")
    assert account.trained("job")["TrainingJobStatus"] == "Completed"


def test_spot_without_capacity_ends_when_it_has_waited_long_enough(account_relocated: Account) -> None:
    account = account_relocated
    _arm(account, "capacity")
    condition = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}
    account.train("job", members=_spot(WAIT, StoppingCondition=condition))
    describe = account.trained("job")
    assert (describe["TrainingJobStatus"], describe["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert _steps(describe) == ["Starting", "Stopping", "MaxWaitTimeExceeded"]
    assert describe["SecondaryStatusTransitions"][0]["StatusMessage"] == status.NO_CAPACITY
    assert "TrainingStartTime" not in describe


def test_spot_runs_as_soon_as_there_is_capacity(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    _arm(account, "capacity")
    account.train("job", members=_spot(COUNT, "--once"))
    messages = "SecondaryStatusTransitions"
    eventually(lambda: account.training("job")[messages][-1]["StatusMessage"] == status.NO_CAPACITY, "it waits")
    account.backend.faults.clear()
    assert account.trained("job")["TrainingJobStatus"] == "Completed"


def test_without_capacity_a_job_on_demand_fails(account_relocated: Account) -> None:
    account = account_relocated
    _arm(account, "capacity", times=None)
    account.train("job")
    account.process("other", "pass")
    assert account.trained("job")["FailureReason"].startswith("CapacityError: Unable to provision requested ML compute")
    assert account.processed("other")["FailureReason"].startswith("CapacityError: ")


def test_the_time_to_wait_ends_a_running_job_too(account_relocated: Account) -> None:
    account = account_relocated
    account.write("checkpoints/state.json", b"[1, 2, 3]")
    condition = {"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2}
    account.train("job", members=_spot(COUNT, StoppingCondition=condition))
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Stopped"
    assert _steps(describe)[-3:] == ["Stopping", "Uploading", describe["SecondaryStatus"]]
    assert json.loads(account.read("checkpoints/state.json")) == [1, 2, 3, 4]


def test_the_time_to_run_counts_all_attempts_together(account_relocated: Account) -> None:
    account = account_relocated
    condition = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 600}
    account.train("job", members=_spot(WAIT, StoppingCondition=condition))
    account.await_line("TrainingJobs", "waiting")
    _arm(account, "interrupt")
    describe = account.trained("job")
    assert (describe["TrainingJobStatus"], describe["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert _steps(describe).count("Interrupted") == 1
    assert account.backend.store.get("training_job", "job")["life"]["ran"] > 0


def test_an_attempt_may_run_as_long_as_the_ones_before_it_left() -> None:
    document = _document(CreationTime=0.0, StoppingCondition={"MaxRuntimeInSeconds": 100})
    document["life"] = {"ran": 70.0}
    assert limits.running(document, 1000.0) == limits.Limit(1030.0, "MaxRuntimeExceeded")
    document["describe"]["StoppingCondition"]["MaxWaitTimeInSeconds"] = 1010
    assert limits.running(document, 1000.0) == limits.Limit(1010.0, "MaxWaitTimeExceeded")


def test_a_killed_process_fails_its_job_with_the_exit_code_of_a_kill(account: Account) -> None:
    account.train("job", seconds="600")
    account.await_line("TrainingJobs", "waiting")
    _arm(account, "kill", kind="training_job", name="job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Failed"
    assert describe["FailureReason"].endswith("exit code: 137")


@pytest.mark.parametrize("kind", ["training_job", "processing_job"])
def test_a_lost_machine_fails_its_job_as_an_internal_error(account_relocated: Account, kind: str) -> None:
    account = account_relocated
    _arm(account, "crash", kind=kind)
    if kind == "training_job":
        account.train("job", seconds="600")
        describe = account.trained("job")
    else:
        account.process("job", WAIT)
        describe = account.processed("job")
    assert describe["FailureReason"].startswith("InternalServerError: ")


def test_a_job_is_retried_after_internal_errors_as_often_as_it_asks_for(account_relocated: Account) -> None:
    account = account_relocated
    _arm(account, "crash", name="enough", times=2)
    # the crashes come sooner than the end
    account.train("enough", members={"RetryStrategy": {"MaximumRetryAttempts": 2}}, seconds="3")
    describe = account.trained("enough")
    assert describe["TrainingJobStatus"] == "Completed"
    assert _steps(describe).count("Restarting") == account.backend.faults.list()[0]["fired"] == 2
    _arm(account, "crash", name="too-few", times=None)
    account.train("too-few", members={"RetryStrategy": {"MaximumRetryAttempts": 1}}, seconds="600")
    describe = account.trained("too-few")
    assert describe["TrainingJobStatus"] == "Failed"
    assert _steps(describe).count("Restarting") == 1


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


def test_waiting_ends_with_the_time_a_job_may_be_pending() -> None:
    """Only for accelerated instances: API_StoppingCondition."""
    condition = {"MaxRuntimeInSeconds": 10, "MaxPendingTimeInSeconds": 1800}
    document = _document(
        CreationTime=1000.0, StoppingCondition=condition, ResourceConfig={"InstanceType": "ml.g5.xlarge"}
    )
    assert limits.waiting(document) == limits.Limit(2800.0, "")
    document["describe"]["ResourceConfig"] = {"InstanceType": "ml.m5.large"}
    assert limits.waiting(document) is None
