"""What jobs wrote, as CloudWatch Logs shows it."""

from typing import Any


def lines(logs: Any, job: str, kind: str = "TrainingJobs") -> list[str]:
    """Return what a job wrote so far."""
    group = f"/aws/sagemaker/{kind}"
    try:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    except logs.exceptions.ResourceNotFoundException:  # no job has written anything yet
        return []
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)[
            "events"
        ]
    ]
