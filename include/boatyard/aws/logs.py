"""A job's own words: the last lines it wrote to CloudWatch Logs."""

from __future__ import annotations

from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import error_code
from boatyard.aws.jobs import JOBS


def tail(client: Any, kind: str, job_name: str, lines: int = 50) -> list[str]:
    """Return the last `lines` lines of a job's log, of all its instances in the order of time.

    A job that never started wrote nothing: the list is empty.
    """
    group = JOBS[kind].log_group
    try:
        found = call(client, "describe_log_streams", {"logGroupName": group, "logStreamNamePrefix": f"{job_name}/"})
    except client.exceptions.ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return []
        raise
    events = [
        event
        for stream in found["logStreams"]
        for event in call(
            client,
            "get_log_events",
            {
                "logGroupName": group,
                "logStreamName": stream["logStreamName"],
                "limit": lines,
                "startFromHead": False,
            },
        )["events"]
    ]
    events.sort(key=lambda event: event["timestamp"])
    return [event["message"].rstrip("\n") for event in events[-lines:]]


class LogFollower:
    """Give the lines of a job's log that were not given before, of each of its instances in their order."""

    def __init__(self, client: Any, kind: str, job_name: str) -> None:
        self._client = client
        self._group = JOBS[kind].log_group
        self._prefix = f"{job_name}/"
        self._tokens: dict[str, str] = {}  # stream -> where to go on

    def lines(self) -> list[str]:
        """Return what is new."""
        return [line for stream in self._streams() for line in self._new(stream)]

    def _streams(self) -> list[str]:
        request = {"logGroupName": self._group, "logStreamNamePrefix": self._prefix}
        try:
            found = call(self._client, "describe_log_streams", request)
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return []
            raise
        return [stream["logStreamName"] for stream in found["logStreams"]]

    def _new(self, stream: str) -> list[str]:
        lines: list[str] = []
        while True:
            request = {"logGroupName": self._group, "logStreamName": stream, "startFromHead": True}
            token = self._tokens.get(stream)
            answer = call(self._client, "get_log_events", request | ({"nextToken": token} if token else {}))
            lines += [event["message"].rstrip("\n") for event in answer["events"]]
            self._tokens[stream] = answer["nextForwardToken"]
            # "If you have reached the end of the stream, it returns the same token you passed in." (GetLogEvents)
            if answer["nextForwardToken"] == token:
                return lines
