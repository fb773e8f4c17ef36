"""Which calls and jobs a fault hits, and when."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.faults.fault import ACTIONS, Fault, read
from sagelocal.faults.faults import Faults


def _hits(fault: Fault, calls: int) -> list[int]:
    faults = Faults(enabled=True)
    faults.add(fault)
    return [number for number in range(1, calls + 1) if faults.of_call("sagemaker", "ListModels", "") is not None]


def test_a_fault_hits_once_unless_told_otherwise() -> None:
    assert _hits(Fault("throttle"), 5) == [1]


def test_a_fault_lets_the_first_calls_by() -> None:
    assert _hits(Fault("throttle", skip=2, times=2), 6) == [3, 4]


def test_a_fault_without_an_end_hits_every_call() -> None:
    assert _hits(Fault("throttle", times=None), 4) == [1, 2, 3, 4]


def test_the_same_seed_hits_the_same_calls() -> None:
    first = _hits(Fault("throttle", times=None, probability=0.3, seed=7), 200)
    assert first == _hits(Fault("throttle", times=None, probability=0.3, seed=7), 200)
    assert first != _hits(Fault("throttle", times=None, probability=0.3, seed=8), 200)
    assert 30 <= len(first) <= 90


@pytest.mark.parametrize(
    ("members", "hit"),
    [
        ({}, True),
        ({"service": "sagemaker"}, True),
        ({"service": "s3"}, False),
        ({"operation": "Create*Job"}, True),
        ({"operation": "List*"}, False),
        ({"contains": "digits-train"}, True),
        ({"contains": "other"}, False),
    ],
)
def test_a_call_is_known_by_its_service_operation_and_text(members: dict[str, Any], hit: bool) -> None:
    fault = Fault("fail", **members)
    assert fault.hits_call("sagemaker", "CreateTrainingJob", '{"TrainingJobName": "digits-train-0"}') is hit


def test_a_fault_of_jobs_hits_no_call() -> None:
    assert not Fault("kill").hits_call("sagemaker", "CreateTrainingJob", "")


def test_a_fault_judges_each_attempt_of_a_job_once() -> None:
    faults = Faults(enabled=True)
    faults.add(Fault("interrupt", name="mine-*", times=2))
    hits = [faults.of_job("interrupt", "training_job", "mine-1", attempt) is not None for attempt in (0, 0, 1, 1, 2)]
    assert hits == [True, False, True, False, False]
    assert faults.of_job("interrupt", "training_job", "yours", 0) is None


def test_a_fault_of_jobs_waits_for_its_time() -> None:
    faults = Faults(enabled=True)
    faults.add(Fault("kill", after=5.0))
    assert faults.of_job("kill", "training_job", "j", 0, elapsed=4.9) is None
    assert faults.of_job("kill", "training_job", "j", 0, elapsed=5.0) is not None


def test_what_a_fault_did_is_counted() -> None:
    faults = Faults(enabled=True)
    faults.add(Fault("fail", skip=1))
    for _ in range(3):
        faults.of_call("s3", "ListBuckets", "")
    (told,) = faults.list()
    assert (told["seen"], told["fired"], told["waiting"]) == (3, 1, 0)


def test_a_removed_fault_hits_nothing_and_lets_go_what_it_held() -> None:
    faults = Faults(enabled=True)
    name = faults.add(Fault("delay", times=None))["id"]
    armed = faults.of_call("s3", "ListBuckets", "")
    assert armed is not None
    held = threading.Thread(target=armed.gone.wait)
    held.start()
    faults.remove(name)
    held.join(30)
    assert not held.is_alive()
    assert faults.of_call("s3", "ListBuckets", "") is None
    with pytest.raises(AwsError, match=f"There is no fault {name}"):
        faults.remove(name)


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_said_of_a_fault_can_be_said_again(action: str) -> None:
    fault = read({"action": action})
    assert read(fault.described()) == fault


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "A fault is a JSON object"),
        ({"action": "thottle"}, "no action 'thottle'; did you mean 'throttle'"),
        ({"action": ["kill"]}, "There is no action"),
        ({"action": "throttle", "operatoin": "x"}, "throttle has no 'operatoin'; did you mean 'operation'"),
        ({"action": "kill", "operation": "x"}, "kill has no 'operation'"),
        ({"action": "fail", "status": 404}, "status is 404; it must be 500 or 503"),
        ({"action": "fail", "times": "3"}, "times is '3'; it must be int or null"),
        ({"action": "fail", "times": True}, "times is True; it must be int or null"),
        ({"action": "late", "seconds": -1}, "seconds is -1; it must not be negative"),
        ({"action": "kill", "after": float("nan")}, "after is nan; it must be a finite number"),
    ],
)
def test_what_a_fault_cannot_be_is_refused_by_name(document: Any, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        read(document)
    assert message in refused.value.message
