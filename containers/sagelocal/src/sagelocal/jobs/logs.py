"""The operations of CloudWatch Logs for the groups of jobs and endpoints, straight from the log files."""

from __future__ import annotations

import base64
import hashlib
import heapq
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sagelocal.errors import AwsError
from sagelocal.exchange import is_number
from sagelocal.jobs.logfiles import (
    GROUP_ROOT,
    Line,
    group_folder,
    lines_before,
    lines_from,
    streams,
    whole_size,
)
from sagelocal.operations import FallThrough, Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend

T = TypeVar("T")

MAX_EVENTS = 10_000
MAX_BYTES = (
    1 << 20
)  # of a page of events, https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
MAX_STREAMS = 50
_GROUP = re.compile(r"/aws/sagemaker/(TrainingJobs|ProcessingJobs|TransformJobs|Endpoints/[A-Za-z0-9-]+)")
_TOKEN = re.compile(r"([fb])/(\d{56})")


def _group(backend: Backend, request: Request) -> tuple[str, Path]:
    """Return the group that a request names and its folder; groups that are not SageMaker's are moto's."""
    identifier = request.get("logGroupIdentifier") or ""
    name = request.get("logGroupName") or identifier.rpartition(":log-group:")[2].removesuffix(":*")
    if not name.startswith(GROUP_ROOT):
        raise FallThrough
    folder = group_folder(backend.folder, name) if _GROUP.fullmatch(name) else None
    if folder is None or not folder.is_dir():
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return name, folder


def _group_arn(backend: Backend, group: str) -> str:
    return backend.arn("logs", f"log-group:{group}")


@operation("logs", "DescribeLogGroups")
def describe_log_groups(backend: Backend, request: Request) -> Response:
    """List SageMaker's log groups, if the prefix asks for them."""
    prefix = request.get("logGroupNamePrefix") or ""
    if not prefix.startswith(GROUP_ROOT.rstrip("/")):
        raise FallThrough
    root = group_folder(backend.folder, GROUP_ROOT)
    places = [*root.glob("TrainingJobs"), *root.glob("ProcessingJobs"), *root.glob("Endpoints/*")]
    groups = {f"{GROUP_ROOT}{place.relative_to(root).as_posix()}": place for place in places}
    names = [name for name in sorted(groups) if name.startswith(prefix)]
    page, token = _page(names, request.get("nextToken"), request.get("limit") or MAX_STREAMS)
    described = [
        {
            "logGroupName": name,
            "arn": f"{_group_arn(backend, name)}:*",
            "logGroupArn": _group_arn(backend, name),
            "creationTime": int(groups[name].stat().st_ctime * 1000),
            "metricFilterCount": 0,
            "storedBytes": 0,
        }
        for name in page
    ]
    return {"logGroups": described, **({"nextToken": token} if token else {})}


@operation("logs", "DescribeLogStreams")
def describe_log_streams(backend: Backend, request: Request) -> Response:
    """List the streams of a group, by name or by the time of their last event."""
    group, folder = _group(backend, request)
    prefix = request.get("logStreamNamePrefix") or ""
    by_time = request.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise AwsError("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
    described = [_stream(backend, group, name, file) for name, file in streams(folder, prefix).items()]
    if by_time:
        described.sort(key=lambda stream: stream.get("lastEventTimestamp", 0))
    if request.get("descending"):
        described.reverse()
    page, token = _page(described, request.get("nextToken"), request.get("limit") or MAX_STREAMS)
    return {"logStreams": page, **({"nextToken": token} if token else {})}


def _stream(backend: Backend, group: str, name: str, file: Path) -> dict[str, Any]:
    first = next(lines_from(file), None)
    described = {
        "logStreamName": name,
        "arn": f"{_group_arn(backend, group)}:log-stream:{name}",
        "creationTime": first.time if first else int(file.stat().st_ctime * 1000),
        "storedBytes": 0,  # as on AWS, where it has been 0 for streams since 2019
    }
    if first is not None:
        last = lines_before(file, whole_size(file), 1)[0]
        described |= {
            "firstEventTimestamp": first.time,
            "lastEventTimestamp": last.time,
            "lastIngestionTime": last.time,
        }
    return described


def _page(items: list[T], token: str | None, limit: int) -> tuple[list[T], str | None]:
    start = int(token) if token and is_number(token) else 0
    end = start + limit
    return items[start:end], str(end) if end < len(items) else None


# events


@operation("logs", "GetLogEvents")
def get_log_events(backend: Backend, request: Request) -> Response:
    """Return events of one stream.

    The forward token always works: at the end of the stream it is the token that was sent, and once more has been
    written it leads on.
    """
    _, folder = _group(backend, request)
    name = request["logStreamName"]
    file = streams(folder, name).get(name)
    if file is None:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    forward, place = _place(request, file)
    read = _read_forward if forward else _read_backward
    lines, start, end = read(file, place, request)
    return {
        "events": [{"timestamp": line.time, "message": line.text, "ingestionTime": line.time} for line in lines],
        "nextForwardToken": f"f/{end:056d}",
        "nextBackwardToken": f"b/{start:056d}",
    }


def _place(request: Request, file: Path) -> tuple[bool, int]:
    """Return whether to read forward, and from which byte."""
    token = request.get("nextToken")
    if token is None:
        forward = bool(request.get("startFromHead"))
        return forward, 0 if forward else whole_size(file)
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.")
    return match[1] == "f", min(int(match[2]), whole_size(file))


def _wanted(line: Line, request: Request) -> bool:
    """Say whether an event is within startTime (included) and endTime (not)."""
    start, end = request.get("startTime"), request.get("endTime")
    return (start is None or line.time >= start) and (end is None or line.time < end)


def _size(line: Line) -> int:
    return line.end - line.start + 26  # what CloudWatch Logs adds for each event


def _read_forward(file: Path, place: int, request: Request) -> tuple[list[Line], int, int]:
    found: list[Line] = []
    size, end = 0, place
    for line in lines_from(file, place):
        if _wanted(line, request):
            if len(found) == (request.get("limit") or MAX_EVENTS) or size + _size(line) > MAX_BYTES:
                break
            found.append(line)
            size += _size(line)
        end = line.end
    return found, place, end


def _read_backward(file: Path, place: int, request: Request) -> tuple[list[Line], int, int]:
    found: list[Line] = []
    start = place
    while start > 0 and not found:
        lines = lines_before(file, start, MAX_EVENTS)
        if not lines:
            break
        found = [line for line in lines if _wanted(line, request)][-(request.get("limit") or MAX_EVENTS) :]
        start = found[0].start if found else lines[0].start
    return found, start, place


@operation("logs", "FilterLogEvents")
def filter_log_events(backend: Backend, request: Request) -> Response:
    """Return events of a group's streams together, in the order of their times."""
    _, folder = _group(backend, request)
    words = _words(request.get("filterPattern") or "")
    offsets: dict[str, int] = _unpack(request["nextToken"]) if request.get("nextToken") else {}
    chosen = request.get("logStreamNames")
    files = {
        name: file
        for name, file in streams(folder, request.get("logStreamNamePrefix") or "").items()
        if chosen is None or name in chosen
    }
    merged = heapq.merge(
        *(_named(name, lines_from(file, offsets.get(name, 0))) for name, file in files.items()),
        key=lambda item: item[1].time,
    )
    found: list[dict[str, Any]] = []
    size, more = 0, False
    for name, line in merged:
        if _wanted(line, request) and all(word in line.text for word in words):
            more = len(found) == (request.get("limit") or MAX_EVENTS) or size + _size(line) > MAX_BYTES
            if more:
                break
            found.append(_event(name, line))
            size += _size(line)
        offsets[name] = line.end
    return {"events": found, **({"nextToken": _pack(offsets)} if more else {})}


def _named(name: str, lines: Iterator[Line]) -> Iterator[tuple[str, Line]]:
    return zip(itertools.repeat(name), lines, strict=False)


def _event(name: str, line: Line) -> dict[str, Any]:
    return {
        "logStreamName": name,
        "timestamp": line.time,
        "message": line.text,
        "ingestionTime": line.time,
        "eventId": str(int(hashlib.sha256(f"{name} {line.start}".encode()).hexdigest(), 16))[:56],
    }


def _words(pattern: str) -> list[str]:
    """Return the words and quoted phrases that an event must hold."""
    found = re.findall(r'"([^"]*)"|(\S+)', pattern)
    if any(word and not word[0].isalnum() for _, word in found):
        message = f"sagelocal supports words and quoted phrases in a filterPattern, not {pattern!r} yet."
        raise AwsError("InvalidParameterException", message)
    return [phrase or word for phrase, word in found]


def _pack(offsets: dict[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(offsets).encode()).decode()


def _unpack(token: str) -> dict[str, int]:
    try:
        offsets: dict[str, int] = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.") from error
    return offsets
