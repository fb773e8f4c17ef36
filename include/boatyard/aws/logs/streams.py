"""What jobs and endpoints write to CloudWatch Logs: their streams, read from a place on, and their last lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import error_code
from boatyard.aws.jobs import JOBS

PAGES_AT_ONCE = 10  # of up to 10,000 events: what a stream holds beyond them is not worth a task's time
STREAMS_AT_ONCE = 10  # of the hundreds that a tuning job may have; their turns come
_NUMBER = re.compile(r"-\d{9,}(?=/|$)")  # the time at the end of a host's name in a stream's


@dataclass(frozen=True)
class Line:
    """An event of a stream, `time` in milliseconds since the epoch."""

    time: int
    stream: str
    text: str


@dataclass(frozen=True)
class Source:
    """Where a job or an endpoint writes: the streams of a group whose names begin so."""

    group: str
    prefix: str

    def label(self, stream: str) -> str:
        """Return what tells this stream from its siblings, such as `algo-2`."""
        return _NUMBER.sub("", stream.removeprefix(self.prefix)).strip("/")


def source_of(kind: str, job_name: str) -> Source:
    """Return where a job writes; of a tuning job its training jobs, which are named after it."""
    return Source(JOBS[kind].log_group, f"{job_name}{'-' if kind == 'tuning' else '/'}")


def source_of_endpoint(name: str) -> Source:
    """Return where an endpoint's containers write."""
    return Source(f"/aws/sagemaker/Endpoints/{name}", "")


Place = tuple[int, int]  # the time of the last event that was read, and how many events of that time were


class Reader:
    """Read what is new in the streams of a source, each in its order, all of them in the order of time.

    `places` says how far somebody read before, stream by stream; it survives as JSON, which CloudWatch's own tokens do
    for a day only.
    """

    def __init__(self, client: Any, source: Source, places: Mapping[str, Place] | None = None) -> None:
        self._client = client
        self._source = source
        self._places = dict(places or {})
        self._begun = dict(self._places)  # a token holds for the request that it came with
        self._tokens: dict[str, str] = {}
        self._turn = 0
        self._read: list[Line] = []  # not handed on yet: the read of a next stream may fail
        self.streams: list[str] = []
        self.at_the_end = False  # of every stream, when it was read last

    @property
    def places(self) -> dict[str, Place]:
        """Return how far each stream was handed on."""
        return dict(self._places)

    def new(self, *, to_the_end: bool, patience: float) -> list[Line]:
        """Return what is new: a page of each of the next ten streams, or everything (at most 10 pages of each)."""
        self.streams = [stream["logStreamName"] for stream in _streams(self._client, self._source, patience)]
        pages, streams = (PAGES_AT_ONCE, self.streams) if to_the_end else (1, self._next_streams())
        self.at_the_end = all([self._read_on(stream, pages, patience) for stream in streams])
        lines, self._read = sorted(self._read, key=lambda line: line.time), []
        for line in lines:
            last, number = self._places.get(line.stream, (0, 0))
            self._places[line.stream] = (line.time, number + 1 if line.time == last else 1)
        return lines

    def _next_streams(self) -> list[str]:
        if len(self.streams) <= STREAMS_AT_ONCE:
            return self.streams
        turn, self._turn = self._turn, self._turn + STREAMS_AT_ONCE
        return [self.streams[number % len(self.streams)] for number in range(turn, turn + STREAMS_AT_ONCE)]

    def _read_on(self, stream: str, pages: int, patience: float) -> bool:
        begun = self._begun.get(stream)
        request = {"logGroupName": self._source.group, "logStreamName": stream, "startFromHead": True}
        request |= {"startTime": begun[0]} if begun else {}
        for _ in range(pages):
            token = self._tokens.get(stream)
            sent = request | ({"nextToken": token} if token else {})
            answer = call(self._client, "get_log_events", sent, patience=patience, noted=False)
            again = begun[1] if begun and token is None else 0
            self._read += [_line(stream, event) for event in answer["events"][again:]]
            self._tokens[stream] = answer["nextForwardToken"]
            # "If you have reached the end of the stream, it returns the same token you passed in." (GetLogEvents)
            if answer["nextForwardToken"] == token:
                return True
        return False


def tail(client: Any, kind: str, job_name: str, lines: int = 50) -> list[str]:
    """Return the last `lines` lines of a job's log, of all its instances in the order of time."""
    return [line.text for line in last_lines(client, source_of(kind, job_name), lines)]


def last_lines(client: Any, source: Source, lines: int, *, since: int = 0, patience: float | None = None) -> list[Line]:
    """Return the last lines of all streams in the order of time, of those only that began at `since` or later.

    What never started wrote nothing: the list is empty.
    """
    request = {"logGroupName": source.group, "limit": lines, "startFromHead": False}
    found = [
        _line(stream["logStreamName"], event)
        for stream in _streams(client, source, patience)
        if stream.get("firstEventTimestamp", since) >= since
        for event in call(
            client,
            "get_log_events",
            request | {"logStreamName": stream["logStreamName"]},
            patience=patience,
            noted=False,
        )["events"]
    ]
    found.sort(key=lambda line: line.time)
    return found[-lines:]


def _line(stream: str, event: Mapping[str, Any]) -> Line:
    return Line(event["timestamp"], stream, event["message"].rstrip("\n"))


def _streams(client: Any, source: Source, patience: float | None) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"logGroupName": source.group}
    request |= {"logStreamNamePrefix": source.prefix} if source.prefix else {}
    while True:
        try:
            found = call(client, "describe_log_streams", request, patience=patience, noted=False)
        except client.exceptions.ClientError as error:
            if error_code(error) == "ResourceNotFoundException":  # nobody wrote anything yet
                return
            raise
        yield from found["logStreams"]
        if "nextToken" not in found:
            return
        request = request | {"nextToken": found["nextToken"]}
