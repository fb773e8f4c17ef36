"""CloudWatch Logs over the log files of jobs and endpoints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.operations import FallThrough

Account = Any  # conftest's class
Call = Callable[..., dict[str, Any]]
GROUP = "/aws/sagemaker/TrainingJobs"
STREAM = "job/algo-1-1700000000"


@pytest.fixture
def logs(account_relocated: Account) -> Call:
    """Give a function that calls an operation of CloudWatch Logs."""

    def call(operation: str, /, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = account_relocated.call(operation, service="logs", **request)
        return answer

    return call


@pytest.fixture
def write(account_relocated: Account) -> Callable[..., Path]:
    """Give a function that appends numbered lines, one a millisecond, to a stream."""

    def append(numbers: range, stream: str = STREAM, group: str = "TrainingJobs") -> Path:
        file: Path = account_relocated.folder / "logs" / group / f"{stream}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as log:
            log.writelines(f"{1000 + number}\tline {number}\n" for number in numbers)
        return file

    return append


def _texts(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]


def _numbered(*numbers: int) -> list[str]:
    return [f"line {number}" for number in numbers]


def test_events_are_read_forward_until_the_token_stays_the_same(logs: Call, write: Callable[..., Path]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html"""
    write(range(5))
    named = {"logGroupName": GROUP, "logStreamName": STREAM, "limit": 2}
    page = logs("GetLogEvents", **named, startFromHead=True)
    assert _texts(page) == _numbered(0, 1)
    assert page["events"][0]["timestamp"] == 1000
    read = []
    while True:
        following = logs("GetLogEvents", **named, nextToken=page["nextForwardToken"])
        if following["nextForwardToken"] == page["nextForwardToken"]:
            break
        read += _texts(following)
        page = following
    assert read == _numbered(2, 3, 4)
    write(range(5, 6))
    assert _texts(logs("GetLogEvents", **named, nextToken=page["nextForwardToken"])) == _numbered(5)


def test_without_a_token_the_last_events_come_first_and_lead_back(logs: Call, write: Callable[..., Path]) -> None:
    write(range(5))
    named = {"logGroupName": GROUP, "logStreamName": STREAM, "limit": 2}
    pages = [logs("GetLogEvents", **named)]
    while pages[-1]["events"]:
        pages.append(logs("GetLogEvents", **named, nextToken=pages[-1]["nextBackwardToken"]))
    assert [_texts(page) for page in pages] == [_numbered(3, 4), _numbered(1, 2), _numbered(0), []]
    assert pages[-1]["nextBackwardToken"] == pages[-2]["nextBackwardToken"]
    again = logs("GetLogEvents", **named, nextToken=pages[1]["nextForwardToken"])
    assert _texts(again) == _numbered(3, 4)


def test_a_line_that_is_still_written_is_not_shown(logs: Call, write: Callable[..., Path]) -> None:
    with write(range(1)).open("a") as log:
        log.write("2000\thalf a li")
    for head in (True, False):
        page = logs("GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, startFromHead=head)
        assert _texts(page) == _numbered(0)


def test_times_bound_the_events(logs: Call, write: Callable[..., Path]) -> None:
    write(range(10))
    named = {"logGroupName": GROUP, "logStreamName": STREAM, "startTime": 1003, "endTime": 1005}
    for head in (True, False):
        assert _texts(logs("GetLogEvents", **named, startFromHead=head)) == _numbered(3, 4)
    assert _texts(logs("FilterLogEvents", logGroupName=GROUP, startTime=1003, endTime=1005)) == _numbered(3, 4)


def test_a_page_holds_at_most_a_megabyte(logs: Call, write: Callable[..., Path]) -> None:
    file = write(range(0))
    file.write_text("".join(f"{number}\t{'x' * 100_000}\n" for number in range(30)))
    named = {"logGroupName": GROUP, "logStreamName": STREAM}
    page, count = logs("GetLogEvents", **named, startFromHead=True), 0
    while page["events"]:
        assert sum(len(text) for text in _texts(page)) <= 1 << 20
        count += len(page["events"])
        page = logs("GetLogEvents", **named, nextToken=page["nextForwardToken"])
    assert count == 30


def test_streams_are_found_by_their_prefix(logs: Call, write: Callable[..., Path]) -> None:
    for job in ("a", "ab", "b"):
        write(range(3), f"{job}/algo-1-1")
    names = [
        [stream["logStreamName"] for stream in logs("DescribeLogStreams", logGroupName=GROUP, **members)["logStreams"]]
        for members in ({}, {"logStreamNamePrefix": "a"}, {"logStreamNamePrefix": "a/"}, {"descending": True})
    ]
    assert names == [
        ["a/algo-1-1", "ab/algo-1-1", "b/algo-1-1"],
        ["a/algo-1-1", "ab/algo-1-1"],
        ["a/algo-1-1"],
        ["b/algo-1-1", "ab/algo-1-1", "a/algo-1-1"],
    ]
    (stream,) = logs("DescribeLogStreams", logGroupName=GROUP, logStreamNamePrefix="a/")["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (1000, 1002)


def test_streams_come_in_pages(logs: Call, write: Callable[..., Path]) -> None:
    for number in range(5):
        write(range(1), f"job-{number}/algo-1-1")
    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = logs("DescribeLogStreams", logGroupName=GROUP, limit=2, **token)
        names += [stream["logStreamName"] for stream in page["logStreams"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == [f"job-{number}/algo-1-1" for number in range(5)]


def test_events_of_many_streams_are_merged_by_time_and_filtered(logs: Call, write: Callable[..., Path]) -> None:
    write(range(0, 6, 2), "even/algo-1-1")
    write(range(1, 6, 2), "odd/algo-1-1")
    read: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = logs("FilterLogEvents", logGroupName=GROUP, limit=4, **token)
        read += _texts(page)
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert read == _numbered(0, 1, 2, 3, 4, 5)
    assert _texts(logs("FilterLogEvents", logGroupName=GROUP, filterPattern='"line 3"')) == _numbered(3)
    assert _texts(logs("FilterLogEvents", logGroupName=GROUP, logStreamNamePrefix="odd/")) == _numbered(1, 3, 5)
    assert _texts(logs("FilterLogEvents", logGroupName=GROUP, logStreamNames=["odd/algo-1-1"], limit=1)) == _numbered(1)


def test_a_filter_pattern_that_is_not_understood_is_refused(logs: Call, write: Callable[..., Path]) -> None:
    write(range(1))
    with pytest.raises(AwsError, match="filterPattern") as caught:
        logs("FilterLogEvents", logGroupName=GROUP, filterPattern="{ $.level = 3 }")
    assert caught.value.code == "InvalidParameterException"


def test_groups_are_listed(logs: Call, write: Callable[..., Path]) -> None:
    write(range(1))
    write(range(1), "v/i-1", "Endpoints/digits")
    groups = logs("DescribeLogGroups", logGroupNamePrefix="/aws/sagemaker/")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/sagemaker/Endpoints/digits", GROUP]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("DescribeLogStreams", {"logGroupName": "/aws/sagemaker/TransformJobs"}),
        ("DescribeLogStreams", {"logGroupName": "/aws/sagemaker/../../s3"}),
        ("DescribeLogStreams", {"logGroupName": "/aws/sagemaker/Endpoints/none"}),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "nobody/algo-1-1"}),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "../../../etc/passwd"}),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "/etc/passwd"}),
    ],
)
def test_what_is_not_there_is_not_found(
    logs: Call, write: Callable[..., Path], operation: str, request_: dict[str, str]
) -> None:
    write(range(1))
    with pytest.raises(AwsError) as caught:
        logs(operation, **request_)
    assert caught.value.code == "ResourceNotFoundException"


@pytest.mark.parametrize("operation", ["DescribeLogStreams", "GetLogEvents", "FilterLogEvents"])
def test_other_groups_are_not_ours(logs: Call, operation: str) -> None:
    with pytest.raises(FallThrough):
        logs(operation, logGroupName="/my/app", logStreamName="s")


def test_a_made_up_token_is_refused(logs: Call, write: Callable[..., Path]) -> None:
    write(range(1))
    for operation in ("GetLogEvents", "FilterLogEvents"):
        with pytest.raises(AwsError, match="nextToken is invalid"):
            logs(operation, logGroupName=GROUP, logStreamName=STREAM, nextToken="nonsense")
