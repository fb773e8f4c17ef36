"""Against real jobs of a real sagelocal: claim, attach, next attempt, next generation, stop."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.aws.lost_answers import lose_answer

from boatyard.aws import jobs
from boatyard.aws.errors import ConflictError
from boatyard.aws.logs import streams
from boatyard.aws.naming import Owner, job_name
from boatyard.aws.outcome import Outcome

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"

Claim = Callable[..., jobs.Job]


@pytest.fixture
def owner() -> Owner:
    return Owner("test", "digits", f"run-{uuid.uuid4()}", "train")


@pytest.fixture
def claim(sagemaker: Any, bucket: str, owner: Owner) -> Claim:
    """Give a function that claims a training job told by `hyperparameters` what to do."""

    def request(name: str, hyperparameters: dict[str, str]) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "HyperParameters": hyperparameters,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Tags": [{"Key": "team", "Value": "harbour"}],
        }

    def claim(generation: int = 0, on_name: Callable[[str], None] = lambda _: None, **hyperparameters: str) -> jobs.Job:
        return jobs.claim(
            sagemaker,
            "training",
            lambda name: request(name, hyperparameters),
            owner,
            generation,
            "digits-train",
            on_name,
        )

    return claim


def names(sagemaker: Any, owner: Owner) -> list[str]:
    found = sagemaker.list_training_jobs(NameContains=owner.digest, SortBy="Name", SortOrder="Ascending")
    return [summary["TrainingJobName"] for summary in found["TrainingJobSummaries"]]


def outcome(sagemaker: Any, name: str) -> Outcome:
    job = jobs.describe(sagemaker, "training", name)
    assert job is not None
    return job.outcome


def test_a_claim_creates_the_job_with_its_owner_on_it(sagemaker: Any, claim: Claim, owner: Owner) -> None:
    job = claim()
    assert job.name == job_name("digits-train", owner, 0, 0)
    tags = sagemaker.list_tags(ResourceArn=job.arn)["Tags"]
    assert {"Key": "team", "Value": "harbour"} in tags
    assert all(tag in tags for tag in owner.tags(0))
    assert jobs.wait(sagemaker, "training", job.name).outcome is Outcome.SUCCEEDED


def test_whoever_claims_again_attaches_to_the_running_job(sagemaker: Any, claim: Claim, owner: Owner) -> None:
    first, second = claim(seconds="60"), claim(seconds="60")
    assert first.arn == second.arn
    jobs.stop(sagemaker, "training", first.name)
    assert names(sagemaker, owner) == [first.name]


def test_whoever_claims_after_the_end_gets_the_result_and_no_second_job(
    sagemaker: Any, claim: Claim, owner: Owner
) -> None:
    done = jobs.wait(sagemaker, "training", claim().name)
    again = claim()
    assert (again.name, again.outcome) == (done.name, Outcome.SUCCEEDED)
    assert names(sagemaker, owner) == [done.name]


def test_a_job_that_failed_gives_way_to_the_next_attempt(sagemaker: Any, claim: Claim, owner: Owner) -> None:
    failed = jobs.wait(sagemaker, "training", claim(exit_code="3").name)
    assert failed.outcome is Outcome.FAILED
    second = jobs.wait(sagemaker, "training", claim().name)
    assert (second.name, second.outcome) == (job_name("digits-train", owner, 0, 1), Outcome.SUCCEEDED)


def test_a_job_that_fails_at_once_is_not_tried_again_within_one_claim(
    sagemaker: Any, claim: Claim, owner: Owner
) -> None:
    name = claim(exit_code="1").name
    assert names(sagemaker, owner) == [name]


def test_a_job_that_failed_before_the_lost_answer_to_its_creation_is_asked_for_again_is_not_run_twice(
    sagemaker: Any, claim: Claim, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_it_failed(request: dict[str, Any]) -> None:
        jobs.wait(sagemaker, "training", request["TrainingJobName"])

    lose_answer(monkeypatch, sagemaker, "create_training_job", until_it_failed)
    job = claim(exit_code="3")
    assert job.outcome is Outcome.FAILED
    assert names(sagemaker, owner) == [job.name]


def test_a_job_that_is_being_stopped_gives_way_to_the_next_attempt(sagemaker: Any, claim: Claim, owner: Owner) -> None:
    first = claim(seconds="60")
    assert jobs.stop(sagemaker, "training", first.name)
    second = claim()
    assert second.name == job_name("digits-train", owner, 0, 1)
    assert outcome(sagemaker, first.name) is Outcome.STOPPED


def test_a_new_generation_stops_the_older_job_before_it_creates_its_own(
    sagemaker: Any, claim: Claim, owner: Owner
) -> None:
    first = claim(seconds="60")
    second = claim(generation=2)
    assert second.name == job_name("digits-train", owner, 2, 0)
    assert outcome(sagemaker, first.name) is Outcome.STOPPED


def test_a_new_generation_does_its_work_again_although_the_older_one_succeeded(
    sagemaker: Any, claim: Claim, owner: Owner
) -> None:
    first = jobs.wait(sagemaker, "training", claim().name)
    assert claim(generation=1).name != first.name


def test_a_job_of_that_name_but_of_nobody_is_an_error(sagemaker: Any, claim: Claim, bucket: str, owner: Owner) -> None:
    name = job_name("digits-train", owner, 0, 0)
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    with pytest.raises(ConflictError, match=f"training job {name} exists, but its owner is nobody"):
        claim()


def test_attaching_with_another_request_warns_and_names_what_differs(
    claim: Claim, caplog: pytest.LogCaptureFixture
) -> None:
    claim(message="old")
    with caplog.at_level(logging.WARNING):
        claim(message="new")
    assert "differs in HyperParameters.message" in caplog.text


def test_attaching_with_the_same_request_does_not_warn(claim: Claim, caplog: pytest.LogCaptureFixture) -> None:
    claim(message="same")
    with caplog.at_level(logging.WARNING):
        claim(message="same")
    assert "differs" not in caplog.text


def test_stopping_a_job_that_has_ended_or_never_was_does_no_harm(sagemaker: Any, claim: Claim) -> None:
    done = jobs.wait(sagemaker, "training", claim().name)
    assert not jobs.stop(sagemaker, "training", done.name)
    assert not jobs.stop(sagemaker, "training", "no-such-job")


def test_a_failed_job_says_why_and_shows_what_it_printed(
    sagemaker: Any, client: Callable[[str], Any], claim: Claim
) -> None:
    job = jobs.wait(sagemaker, "training", claim(message="the pump is dry", failure="no water").name)
    error = jobs.JobError(job)
    assert str(error).startswith(f"training job {job.name} failed: AlgorithmError: no water")
    assert error.permanent
    assert "the pump is dry" in streams.tail(client("logs"), "training", job.name)


def test_a_name_is_told_before_its_job_is_created(sagemaker: Any, claim: Claim, owner: Owner) -> None:
    """A kill that comes while the call is under way must know what to stop."""

    class KilledError(Exception):
        pass

    def on_name(name: str) -> None:
        assert jobs.describe(sagemaker, "training", name) is None
        raise KilledError(name)

    with pytest.raises(KilledError, match=owner.digest):
        claim(on_name=on_name)


def test_differences_ignore_what_aws_added_and_the_tags() -> None:
    request = {"A": 1, "B": {"C": [1, 2]}, "Tags": [1]}
    assert jobs.differences(request, {"A": 1, "B": {"C": [1, 2], "D": 3}, "Z": 1}) == []
    assert jobs.differences(request, {"A": 2, "B": {"C": [1, 3]}}) == ["A", "B.C[1]"]
    assert jobs.differences(request, {"A": 1, "B": {"C": [1]}}) == ["B.C"]
