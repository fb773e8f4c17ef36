"""A training longer than a job may run, as real jobs of a real sagelocal, one after the other."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.logs import lines
from tests.unit.iterative import STEPS, losses, request

from boatyard.aws import jobs
from boatyard.aws.jobs import ChainError
from boatyard.aws.naming import Owner
from boatyard.aws.outcome import Outcome
from boatyard.spec.words import fill, job_words

TOTAL = 60


class Training:
    """One task's training, claimed anew as a worker does that knows nothing of those before it."""

    def __init__(self, client: Callable[[str], Any], asked: dict[str, Any], total: int | None) -> None:
        self.sagemaker, self.s3, self.logs = client("sagemaker"), client("s3"), client("logs")
        self.asked, self.total = asked, total
        self.owner = Owner("test", "harbour", f"run-{uuid.uuid4()}", "train")

    def claim(self, generation: int = 0) -> jobs.Job:
        def one(name: str) -> dict[str, Any]:
            filled: dict[str, Any] = fill(self.asked, job_words(name))
            return filled

        of_chain = jobs.next_of_chain(self.sagemaker, self.s3, one, self.total)
        return jobs.claim(self.sagemaker, "training", of_chain, self.owner, generation, "harbour-train")

    def to_its_end(self) -> list[jobs.Job]:
        ended = []
        while True:
            ended.append(jobs.wait(self.sagemaker, "training", self.claim().name))
            if not jobs.goes_on(ended[-1], self.total):
                return ended

    def lines(self, job: jobs.Job) -> list[str]:
        return lines(self.logs, job.name)


@pytest.fixture
def training(client: Callable[[str], Any], bucket: str) -> Callable[..., Training]:
    """Give a function that returns a training whose jobs may run for one second each."""

    def training(total: int | None = TOTAL, **changes: Any) -> Training:
        return Training(client, request(bucket, **{"seconds": 1, **changes}), total)

    return training


def test_a_training_over_several_jobs_has_the_loss_curve_of_one_job(training: Callable[..., Training]) -> None:
    whole = training(total=None, seconds=600)
    (job,) = whole.to_its_end()
    uninterrupted = losses(whole.lines(job))
    assert len(uninterrupted) == STEPS
    long = training()
    chain = long.to_its_end()
    assert len(chain) > 2
    assert [job.outcome for job in chain] == [Outcome.TIME_LIMIT] * (len(chain) - 1) + [Outcome.SUCCEEDED]
    assert losses([line for job in chain for line in long.lines(job)]) == uninterrupted
    for job in chain[1:]:
        assert not any(line.startswith("step 1 ") for line in long.lines(job))


def test_whoever_claims_after_a_crash_finds_the_newest_job_of_the_chain(training: Callable[..., Training]) -> None:
    long = training()
    first = jobs.wait(long.sagemaker, "training", long.claim().name)
    second = long.claim()
    assert (first.name[-4:], second.name[-4:]) == ("-0-0", "-0-1")
    assert long.claim().name == second.name
    jobs.stop(long.sagemaker, "training", second.name)


def test_the_last_job_gets_what_is_left_of_the_time(training: Callable[..., Training]) -> None:
    long = training(total=3, seconds=2)
    first = jobs.wait(long.sagemaker, "training", long.claim().name)
    second = long.claim()
    left = 3 - first.description["TrainingTimeInSeconds"]
    assert second.description["StoppingCondition"]["MaxRuntimeInSeconds"] == left
    jobs.stop(long.sagemaker, "training", second.name)


def test_a_training_whose_time_is_used_up_fails_and_says_so(training: Callable[..., Training]) -> None:
    long = training(total=1)
    first = jobs.wait(long.sagemaker, "training", long.claim().name)
    with pytest.raises(ChainError, match=f"reached its time limit of 1 s after 1 job, {first.name}"):
        long.claim()


def test_a_job_that_saved_no_checkpoint_is_not_followed_by_one_that_does_the_same_again(
    training: Callable[..., Training], bucket: str
) -> None:
    long = training(script="import time; time.sleep(60)")
    first = jobs.wait(long.sagemaker, "training", long.claim().name)
    with pytest.raises(
        ChainError, match=f"{first.name} reached its time limit and saved no checkpoint in s3://{bucket}"
    ):
        long.claim()
    without = training(checkpoints=False)
    jobs.wait(without.sagemaker, "training", without.claim().name)
    with pytest.raises(ChainError, match="without CheckpointConfig"):
        without.claim()


def test_a_persons_clear_begins_from_the_start(training: Callable[..., Training]) -> None:
    long = training()
    jobs.wait(long.sagemaker, "training", long.claim().name)
    again = jobs.wait(long.sagemaker, "training", long.claim(generation=1).name)
    assert again.name.endswith("-1-0")
    assert 1 in losses(long.lines(again))


def test_a_job_that_a_person_stopped_is_not_gone_on_with(training: Callable[..., Training]) -> None:
    long = training(seconds=600)
    name = long.claim().name
    jobs.stop(long.sagemaker, "training", name)
    assert not jobs.goes_on(jobs.wait(long.sagemaker, "training", name), TOTAL)
