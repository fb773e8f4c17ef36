"""The latest results of a model's steps, as whoever carried them out left them in the S3 of a real sagelocal."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.contract.conftest import LocalServer

from boatyard.aws.carry_out.recorded import recorded
from boatyard.aws.clients import EnvironmentClients
from boatyard.aws.naming import Owner
from boatyard.aws.records.latest import Finished, Latest, MissingResultError
from boatyard.aws.records.record import Subject

NEEDS = {"process": (), "train": ("process",), "evaluate": ("train", "process")}

Finish = Callable[..., Finished]


@pytest.fixture
def latest(client: Callable[[str], Any], bucket: str) -> Latest:
    return Latest(client("s3"), bucket, "harbour", NEEDS.__getitem__)


@pytest.fixture
def finish(aws: LocalServer, bucket: str) -> Finish:
    """Give a function that carries a step out as `boatyard run` does, on the results of the runs that it is told."""

    def finish(step: str, run_id: str, **used: str) -> Finished:
        _recorded(aws, bucket, step, run_id, used)
        return Finished(step, run_id, {"job_name": f"{step}-{run_id}"}, used)

    return finish


def _recorded(aws: LocalServer, bucket: str, step: str, run_id: str, used: dict[str, str] | None) -> None:
    owner = Owner("test", "harbour", run_id, step)
    subject = Subject(f"s3://{bucket}/harbour/records", owner, datetime.now(UTC), used=used)
    recorded(subject, EnvironmentClients(aws.environment), lambda: {"job_name": f"{step}-{run_id}"})


def test_the_latest_success_of_a_step_is_what_a_later_one_gets(latest: Latest, finish: Finish) -> None:
    finish("process", "run-1")
    newest = finish("process", "run-2")
    assert latest.results(["process"]) == {"process": newest}


def test_a_step_that_never_succeeded_is_named(latest: Latest) -> None:
    assert latest.recall("process") is None
    with pytest.raises(MissingResultError, match="step process of harbour has never succeeded: run it first"):
        latest.results(["process"])


def test_a_failure_leaves_the_success_before_it(latest: Latest, finish: Finish, aws: LocalServer, bucket: str) -> None:
    before = finish("process", "run-1")

    def work() -> dict[str, Any]:
        raise ValueError("the tide is out")

    subject = Subject(f"s3://{bucket}/harbour/records", Owner("test", "harbour", "run-2", "process"), datetime.now(UTC))
    with pytest.raises(ValueError, match="the tide is out"):
        recorded(subject, EnvironmentClients(aws.environment), work)
    assert latest.recall("process") == before


def test_what_a_run_of_airflow_left_is_gone_on_from(latest: Latest, aws: LocalServer, bucket: str) -> None:
    for step in NEEDS:
        _recorded(aws, bucket, step, "scheduled__1", None)
    found = latest.results(["evaluate", "train"])
    assert found["evaluate"].used == {"train": "scheduled__1", "process": "scheduled__1"}
    assert found["train"].result == {"job_name": "train-scheduled__1"}


def test_an_evaluation_of_an_older_model_is_not_taken_for_that_of_the_latest(latest: Latest, finish: Finish) -> None:
    finish("process", "run-1")
    finish("train", "run-1", process="run-1")
    finish("evaluate", "run-1", train="run-1", process="run-1")
    assert set(latest.results(["train", "evaluate"])) == {"train", "evaluate"}
    finish("train", "run-2", process="run-1")
    with pytest.raises(MissingResultError, match="train of harbour ran again after evaluate had used it"):
        latest.results(["train", "evaluate"])


def test_what_a_result_was_made_from_counts_however_far_back(latest: Latest, finish: Finish) -> None:
    finish("process", "run-1")
    finish("train", "run-1", process="run-1")
    finish("evaluate", "run-1", train="run-1", process="run-1")
    finish("process", "run-2")
    with pytest.raises(MissingResultError, match=r"process of harbour ran again after (train|evaluate) had used it"):
        latest.results(["evaluate"])
