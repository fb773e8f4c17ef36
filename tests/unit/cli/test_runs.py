"""Steps in a terminal: real jobs of a real sagelocal, their log as it comes, stopped when the person gives up."""

import signal
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.contract.conftest import REPOSITORY, LocalServer
from tests.unit import iterative

from boatyard.aws import jobs
from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import EnvironmentClients
from boatyard.aws.errors import StepError
from boatyard.aws.naming import Owner
from boatyard.aws.outcome import Outcome
from boatyard.cli.home import StackError
from boatyard.cli.run import ended_as_by_ctrl_c
from boatyard.cli.runs.job import run_job, run_training
from boatyard.cli.runs.kinds import CARRY_OUT
from boatyard.cli.runs.run import Run
from boatyard.cli.runs.target import Target
from boatyard.cli.runs.work import Work
from boatyard.spec import Deployment, load_model
from boatyard.steps import STEPS, RunContext

ROLE = "arn:aws:iam::123456789012:role/boatyard"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
TRAIN = next(step for step in STEPS if step.name == "train")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_that_goes_away_ends_a_run_as_ctrl_c_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ended_as_by_ctrl_c():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.fixture
def target(aws: LocalServer, bucket: str) -> Target:
    deployment = Deployment(bucket=bucket, role_arn=ROLE, image_registry="r", region="us-east-1", id="test")
    return Target(deployment, EnvironmentClients(aws.environment), "sagelocal")


@pytest.fixture
def work(target: Target) -> Callable[[Callable[[str], None]], Work]:
    """Give a function that returns a training step whose log goes to where it is told."""

    def work(show: Callable[[str], None]) -> Work:
        context = RunContext.for_run(
            target.deployment, as_of="2026-01-01T00:00:00Z", run_id="run", parameters={}, result=lambda step, key: key
        )
        me = Claimant(Owner("test", "harbour", f"run-{uuid.uuid4()}", "train"))
        return Work(TRAIN, load_model(REPOSITORY / "dags" / "digits"), context, target.clients, me, show)

    return work


def request(bucket: str, **hyperparameters: str) -> dict[str, Any]:
    return {
        "HyperParameters": hyperparameters,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def test_every_kind_of_step_can_be_carried_out_without_airflow() -> None:
    assert {step.kind for step in STEPS} <= set(CARRY_OUT)


def test_a_jobs_log_is_shown_once_and_its_end_awaited(bucket: str, work: Callable[..., Work]) -> None:
    shown: list[str] = []
    job = run_job(work(shown.append), "training", request(bucket, message="the tide is in", seconds="1"))
    assert job.outcome is Outcome.SUCCEEDED
    assert shown.count("the tide is in") == 1


def test_a_jobs_log_is_there_while_it_still_runs(bucket: str, work: Callable[..., Work]) -> None:
    class GaveUpError(BaseException):
        """The first line came."""

    def give_up(line: str) -> None:
        raise GaveUpError

    under_way = work(give_up)
    with pytest.raises(GaveUpError):
        run_job(under_way, "training", request(bucket, message="the tide is coming", seconds="600"))
    client = under_way.clients.get("sagemaker")
    (running,) = client.list_training_jobs(NameContains=under_way.me.owner.digest)["TrainingJobSummaries"]
    assert running["TrainingJobStatus"] == "InProgress"
    jobs.stop(client, "training", running["TrainingJobName"])


def test_a_person_who_gives_up_stops_the_job(bucket: str, work: Callable[..., Work]) -> None:
    said: list[str] = []

    def interrupt(line: str) -> None:
        said.append(line)
        if len(said) == 1:
            raise KeyboardInterrupt

    under_way = work(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_job(under_way, "training", request(bucket, message="the tide is out", seconds="600"))
    (stopped,) = under_way.clients.get("sagemaker").list_training_jobs(NameContains=under_way.me.owner.digest)[
        "TrainingJobSummaries"
    ]
    ended = jobs.wait(under_way.clients.get("sagemaker"), "training", stopped["TrainingJobName"])
    assert ended.outcome is Outcome.STOPPED
    assert said[-1] == f"stopping training job {ended.name}"


def test_a_training_longer_than_a_job_may_run_is_shown_to_its_end(
    bucket: str, work: Callable[[Callable[[str], None]], Work]
) -> None:
    shown: list[str] = []
    job = run_training(work(shown.append), iterative.request(bucket, 1, script=iterative.IN_TWO_JOBS), 60)
    assert (job.name[-4:], job.outcome) == ("-0-1", Outcome.SUCCEEDED)
    assert [line for line in shown if line in {"begun", "done"}] == ["begun", "done"]
    assert not any("limit" in line for line in shown)


def test_a_failed_job_says_why(bucket: str, work: Callable[..., Work]) -> None:
    shown: list[str] = []
    with pytest.raises(StepError, match="AlgorithmError: no water"):
        run_job(work(shown.append), "training", request(bucket, message="the pump is dry", failure="no water"))
    assert "the pump is dry" in shown


def test_the_same_job_is_not_run_twice_unless_a_person_forces_it(bucket: str, work: Callable[..., Work]) -> None:
    asked, lines = request(bucket, message="the tide is in"), list[str]()
    first = run_job(work(lines.append), "training", asked)
    assert run_job(work(lines.append), "training", asked).name == first.name
    forcing = work(lines.append)
    forcing = replace(forcing, run=replace(forcing.run, parameter=lambda name, default: str(name == "force")))
    assert run_job(forcing, "training", asked).name != first.name


def test_a_job_above_the_budget_is_not_started(bucket: str, work: Callable[..., Work]) -> None:
    poor = work(lambda line: None)
    poor = replace(poor, spec=poor.spec.model_copy(update={"budget": 0.001}))
    with pytest.raises(StepError, match=r"nothing was started: .* at most \$0\.019 .* its budget of \$0\.001"):
        run_job(poor, "training", request(bucket))
    client = poor.clients.get("sagemaker")
    assert client.list_training_jobs(NameContains=poor.me.owner.digest)["TrainingJobSummaries"] == []


def test_a_step_alone_says_which_step_must_run_before(target: Target) -> None:
    spec = load_model(REPOSITORY / "dags" / "digits")
    run = Run(spec, target, "run-1", "2026-01-01T00:00:00Z", lambda line: None)
    with pytest.raises(StackError, match="step train failed: step process of digits has never succeeded: run it first"):
        run.carry_out([TRAIN])
