"""What each status of each kind of resource means: the only place that reads a status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum


class Outcome(Enum):
    """How a job, endpoint, package, group or query stands."""

    RUNNING = "is running"
    STOPPING = "is stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "was stopped"
    TIME_LIMIT = "reached its time limit"
    ROLLED_BACK = "was rolled back"

    @property
    def ended(self) -> bool:
        """Tell whether nothing will change any more by itself."""
        return self not in {Outcome.RUNNING, Outcome.STOPPING}

    @property
    def ended_badly(self) -> bool:
        """Tell whether it ended without its result."""
        return self.ended and self is not Outcome.SUCCEEDED


# "wanted" or "other": whether the endpoint's current configuration is the one that was asked for. A rolled-back
# endpoint returns to InService with its old configuration, so its status alone cannot tell.
WANTED, OTHER = "wanted", "other"

TRAINING_PHASES = frozenset(
    {
        "Starting",
        "LaunchingMLInstances",
        "PreparingTrainingStack",
        "Downloading",
        "DownloadingTrainingImage",
        "Training",
        "Uploading",
        "Stopping",
        "Stopped",
        "MaxRuntimeExceeded",
        "Completed",
        "Failed",
        "Interrupted",
        "MaxWaitTimeExceeded",
        "Updating",
        "Restarting",
        "Pending",
    }
)
TRAINING_TIME_LIMITS = frozenset({"MaxRuntimeExceeded", "MaxWaitTimeExceeded"})


def _all(
    kind: str, statuses: Mapping[str, Outcome], secondaries: Iterable[str | None]
) -> dict[tuple[str, str, str | None], Outcome]:
    return {(kind, status, phase): outcome for status, outcome in statuses.items() for phase in secondaries}


_JOB = {
    "InProgress": Outcome.RUNNING,
    "Completed": Outcome.SUCCEEDED,
    "Failed": Outcome.FAILED,
    "Stopping": Outcome.STOPPING,
    "Stopped": Outcome.STOPPED,
}

OUTCOMES: dict[tuple[str, str, str | None], Outcome] = {
    **_all("training", {**_JOB, "Deleting": Outcome.FAILED}, TRAINING_PHASES),
    **_all("training", {"Stopped": Outcome.TIME_LIMIT}, TRAINING_TIME_LIMITS),
    **_all("processing", _JOB, [None]),
    **_all("transform", _JOB, [None]),
    **_all("tuning", {**_JOB, "Deleting": Outcome.FAILED, "DeleteFailed": Outcome.FAILED}, [None]),
    **_all(
        "endpoint",
        {
            "Creating": Outcome.RUNNING,
            "Updating": Outcome.RUNNING,
            "SystemUpdating": Outcome.RUNNING,
            "RollingBack": Outcome.RUNNING,
            "InService": Outcome.ROLLED_BACK,
            "OutOfService": Outcome.FAILED,
            "Failed": Outcome.FAILED,
            "UpdateRollbackFailed": Outcome.FAILED,
            "Deleting": Outcome.FAILED,
        },
        [WANTED, OTHER],
    ),
    ("endpoint", "InService", WANTED): Outcome.SUCCEEDED,
    **_all(
        "model_package",
        {
            "Pending": Outcome.RUNNING,
            "InProgress": Outcome.RUNNING,
            "Completed": Outcome.SUCCEEDED,
            "Failed": Outcome.FAILED,
            "Deleting": Outcome.FAILED,
        },
        [None],
    ),
    **_all(
        "feature_group",
        {
            "Creating": Outcome.RUNNING,
            "Created": Outcome.SUCCEEDED,
            "CreateFailed": Outcome.FAILED,
            "Deleting": Outcome.FAILED,
            "DeleteFailed": Outcome.FAILED,
        },
        [None],
    ),
    **_all(
        "query",
        {
            "QUEUED": Outcome.RUNNING,
            "RUNNING": Outcome.RUNNING,
            "SUCCEEDED": Outcome.SUCCEEDED,
            "FAILED": Outcome.FAILED,
            "CANCELLED": Outcome.STOPPED,
        },
        [None],
    ),
}


def outcome_of(kind: str, status: str, secondary: str | None = None) -> Outcome:
    """Return what `status` (and a training job's secondary status) of a `kind` means.

    A status that is not in the table is an error: guessing would either end a running job or wait for ever.
    """
    try:
        return OUTCOMES[kind, status, secondary]
    except KeyError:
        shown = status if secondary is None else f"{status} ({secondary})"
        raise ValueError(f"boatyard does not know the status {shown!r} of a {kind}") from None


# Whether an endpoint answers requests at all while it has a status: "OutOfService: Endpoint is not available to take
# incoming requests" (DescribeEndpoint); a failed update leaves what served before in service.
SERVES: dict[str, bool] = {
    "Creating": False,
    "Updating": True,
    "SystemUpdating": True,
    "RollingBack": True,
    "InService": True,
    "OutOfService": False,
    "Failed": False,
    "UpdateRollbackFailed": True,
    "Deleting": False,
}


def serves(status: str) -> bool:
    """Tell whether an endpoint of that status answers requests."""
    try:
        return SERVES[status]
    except KeyError:
        raise ValueError(f"boatyard does not know the status {status!r} of an endpoint") from None
