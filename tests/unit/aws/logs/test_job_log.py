"""What is shown of the logs that real jobs of a real sagelocal wrote."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from boatyard.aws import jobs
from boatyard.aws.logs import job_log, streams
from boatyard.aws.logs.job_log import AT_ONCE, LAST_LINES, LONGEST_LINE, JobLog
from boatyard.aws.logs.streams import last_lines, source_of, source_of_endpoint

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
KIND = "processing"

Client = Callable[[str], Any]


@pytest.fixture
def run(client: Client) -> Callable[..., str]:
    """Start a job that runs a script of the shell, and return its name."""

    def run(script: str, instances: int = 1) -> str:
        name = f"log-{uuid.uuid4().hex[:12]}"
        client("sagemaker").create_processing_job(
            ProcessingJobName=name,
            AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["sh", "-c", script]},
            RoleArn=ROLE,
            ProcessingResources={
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": instances, "VolumeSizeInGB": 10}
            },
        )
        return name

    return run


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a log be read at every look."""
    monkeypatch.setattr(job_log, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(job_log, "pause", lambda age: 0.0)


def ended(client: Client, name: str) -> jobs.Job:
    return jobs.wait(client("sagemaker"), KIND, name)


def follower(client: Client, name: str, shown: list[str], places: Any = None) -> JobLog:
    return JobLog(lambda: client("logs"), KIND, name, shown.append, places)


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


@pytest.mark.usefixtures("at_once")
def test_lines_appear_while_the_job_runs(client: Client, run: Callable[..., str]) -> None:
    name = run("echo the tide is out; sleep 60")
    shown: list[str] = []
    follow = follower(client, name, shown)
    deadline = time.monotonic() + 60
    while not shown and time.monotonic() < deadline:
        follow.look()
    assert shown == ["the tide is out"]
    jobs.stop(client("sagemaker"), KIND, name)


def test_a_log_is_not_read_at_every_look(client: Client) -> None:
    asked: list[str] = []

    def refuse() -> Any:
        asked.append("client")
        return client("logs")

    follow = JobLog(refuse, KIND, "just-begun", print)
    for _ in range(100):
        follow.look()
    assert asked == []


@pytest.mark.usefixtures("at_once")
def test_a_wait_that_goes_on_elsewhere_shows_each_line_once(client: Client, run: Callable[..., str]) -> None:
    name = run("seq 1 40; sleep 1; seq 41 120")
    shown: list[str] = []
    before = follower(client, name, shown)
    deadline = time.monotonic() + 60
    while len(shown) < 40 and time.monotonic() < deadline:
        before.look()
    ended(client, name)
    after = follower(client, name, shown, json.loads(json.dumps(before.places)))
    after.end(failed=False)
    assert shown == numbers(1, 120)


def test_a_new_try_shows_the_whole_log(client: Client, run: Callable[..., str]) -> None:
    name = run("seq 1 60")
    ended(client, name)
    for _ in range(2):
        shown: list[str] = []
        follower(client, name, shown).end(failed=False)
        assert shown == numbers(1, 60)


def test_a_chatty_job_is_cut_short_and_tells_how_much_is_missing(client: Client, run: Callable[..., str]) -> None:
    name = run(f"seq 1 {AT_ONCE + 5000}")
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown).end(failed=False)
    assert shown[0] == (
        f"(5000 lines are left out here; all are in CloudWatch, log group /aws/sagemaker/ProcessingJobs, "
        f"streams {name}/*)"
    )
    assert shown[1:] == numbers(5001, AT_ONCE + 5000)


def test_of_a_log_too_long_to_read_the_last_lines_are_shown(
    client: Client, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PAGES_AT_ONCE", 1)
    name = run("seq 1 20000")
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown).end(failed=False)
    assert shown[0].startswith("(more than 10000 lines are left out here; ")
    assert shown[1:] == ["(the last 50 lines of the log)", *numbers(19951, 20000)]


def test_the_last_lines_of_a_chatty_job_that_failed_stand_last(
    client: Client, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "AT_ONCE", 0)
    monkeypatch.setattr(job_log, "PER_SECOND", 0.0)
    name = run("seq 1 1000; exit 3")
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown).end(failed=True)
    assert shown[-LAST_LINES:] == numbers(951, 1000)
    assert shown[-LAST_LINES - 1].startswith("(950 lines are left out here; ")


@pytest.mark.usefixtures("at_once")
def test_after_a_deferral_the_last_lines_of_a_failed_job_are_shown_again(
    client: Client, run: Callable[..., str]
) -> None:
    name = run("seq 1 80; sleep 1; seq 81 90; exit 3")
    before: list[str] = []
    follow = follower(client, name, before)
    deadline = time.monotonic() + 60
    while len(before) < 80 and time.monotonic() < deadline:
        follow.look()
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown, follow.places).end(failed=True)
    assert shown == ["(the last 50 lines of the log)", *numbers(41, 90)]


def test_a_short_log_of_a_failed_job_is_shown_once(client: Client, run: Callable[..., str]) -> None:
    name = run("echo the pump is dry; exit 3")
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown).end(failed=True)
    assert shown == ["the pump is dry"]


def test_lines_of_several_instances_come_in_the_order_of_time_and_tell_whose_they_are(
    client: Client, run: Callable[..., str]
) -> None:
    host = '$(sed \'s/.*current_host": *"\\([^"]*\\)".*/\\1/\' /opt/ml/config/resourceconfig.json)'
    name = run(f"host={host}; echo $host begins; sleep 1; echo $host ends", instances=2)
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown).end(failed=False)
    assert sorted(shown[:2]) == ["[algo-1] algo-1 begins", "[algo-2] algo-2 begins"]
    assert sorted(shown[2:]) == ["[algo-1] algo-1 ends", "[algo-2] algo-2 ends"]


def test_a_job_that_never_started_has_nothing_to_show(client: Client, run: Callable[..., str]) -> None:
    run("echo somebody else")  # so that the group is there
    shown: list[str] = []
    follower(client, "never-started", shown).end(failed=False)
    assert shown == []
    assert last_lines(client("logs"), source_of(KIND, "never-started"), 50) == []
    assert last_lines(client("logs"), source_of_endpoint("no-such-endpoint"), 50) == []


def test_a_long_line_is_cut(client: Client, run: Callable[..., str]) -> None:
    name = run("printf 'x%.0s' $(seq 1 5000)")
    ended(client, name)
    shown: list[str] = []
    follower(client, name, shown).end(failed=False)
    assert shown == ["x" * LONGEST_LINE + "... (cut)"]


def test_the_streams_of_a_tuning_job_are_those_of_its_training_jobs() -> None:
    source = source_of("tuning", "reef-1a2b")
    assert (source.group, source.prefix) == ("/aws/sagemaker/TrainingJobs", "reef-1a2b-")
    assert source.label("reef-1a2b-007-0f0f0f0f/algo-1-1700000000") == "007-0f0f0f0f/algo-1"


def test_a_log_that_may_not_be_read_is_told_about_once(client: Client) -> None:
    made = client("logs")
    made.meta.events.register("before-send.cloudwatch-logs", _refused)
    shown: list[str] = []
    follow = JobLog(lambda: made, KIND, "secret", shown.append)
    follow.end(failed=False)
    follow.end(failed=False)
    assert len(shown) == 1
    assert shown[0].startswith("the log of this job cannot be read: An error occurred (AccessDeniedException)")


def _refused(**_: Any) -> Any:
    """Answer as IAM does; sagelocal has no policies."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    body = json.dumps({"__type": "AccessDeniedException", "message": "not authorized to perform: logs:GetLogEvents"})

    class Raw:
        def stream(self, **_: Any) -> Any:
            yield body.encode()

    return AWSResponse("http://127.0.0.1", 400, HTTPHeaders(), Raw())
