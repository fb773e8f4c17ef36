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
