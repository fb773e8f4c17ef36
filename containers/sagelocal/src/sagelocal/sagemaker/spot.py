"""The rules of managed spot training and of its limits, which a request's shape does not know.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
"""

from __future__ import annotations

from typing import Any

from sagelocal.errors import validation_error

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
DEFAULT_MAX_RUNTIME = 86400  # seconds
LONGEST_RUNTIME = 28 * 86400


def check_limits(request: dict[str, Any]) -> None:
    """Raise ValidationException for limits that cannot be, or cannot be together."""
    condition = request.get("StoppingCondition") or {}
    runtime = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
    wait = condition.get("MaxWaitTimeInSeconds")
    if runtime > LONGEST_RUNTIME:
        raise validation_error(f"Invalid MaxRuntimeInSeconds. It must be at most {LONGEST_RUNTIME} (28 days).")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise validation_error(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
            )
        return
    if wait is None or wait < runtime:
        raise validation_error(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    if request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
        raise validation_error("KeepAlivePeriodInSeconds is not supported with managed spot training.")
