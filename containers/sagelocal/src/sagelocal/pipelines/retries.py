"""The retry policies of a step: whether, and when, it is tried again; pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

MOST_ATTEMPTS = 20
DEFAULT_ATTEMPTS = 5
LONGEST = 14_400  # minutes
# What may be retried, and how the reason of such a failure begins.
REASONS = {
    "Step.SERVICE_FAULT": "InternalFailure",
    "Step.THROTTLING": "ThrottlingException",
    "SageMaker.JOB_INTERNAL_ERROR": "InternalServerError",
    "SageMaker.CAPACITY_ERROR": "CapacityError",
    "SageMaker.RESOURCE_LIMIT": "ResourceLimitExceeded",
}
_NUMBERS = {"IntervalSeconds": None, "BackoffRate": None, "MaxAttempts": MOST_ATTEMPTS, "ExpireAfterMin": LONGEST}


def problem(policy: Any) -> str:
    """Return what is wrong with a policy, "" if nothing is."""
    if not isinstance(policy, dict):
        return "a retry policy must be an object"
    if unknown := set(policy) - {"ExceptionType", *_NUMBERS}:
        return f"a retry policy has the unknown field {sorted(unknown)[0]!r}"
    kinds = exceptions(policy)
    if not kinds or any(not isinstance(kind, str) or kind not in REASONS for kind in kinds):
        return f"ExceptionType {policy.get('ExceptionType')!r} of a retry policy must be of [{', '.join(REASONS)}]"
    for member, most in _NUMBERS.items():
        value = policy.get(member)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= (most or value)
        ):
            return f"{member} {value!r} of a retry policy must be a number from 0" + (f" to {most}" if most else "")
    if policy.get("MaxAttempts") is not None and policy.get("ExpireAfterMin") is not None:
        return "a retry policy has either MaxAttempts or ExpireAfterMin"
    return ""


def exceptions(policy: Json) -> list[str]:
    """Return the exception types of a policy, which has one or a list of them."""
    kinds = policy.get("ExceptionType")
    return kinds if isinstance(kinds, list) else [kinds] if isinstance(kinds, str) else []


def pause(policies: Iterable[Json], cause: str, attempt: int, age: float) -> float | None:
    """Return after how many seconds a step is tried again; None if it has failed.

    `cause` is why its `attempt` (from 1) failed, `age` how many seconds ago the step began.
    """
    for policy in policies:
        if not any(cause.startswith(REASONS[kind]) for kind in exceptions(policy)):
            continue
        seconds = float(policy.get("IntervalSeconds", 1)) * float(policy.get("BackoffRate", 2.0)) ** (attempt - 1)
        if (expires := policy.get("ExpireAfterMin")) is not None:
            return seconds if age + seconds <= expires * 60 else None
        return seconds if attempt <= policy.get("MaxAttempts", DEFAULT_ATTEMPTS) else None
    return None
