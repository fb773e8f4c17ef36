"""The model registry: groups, packages and their approval."""

from __future__ import annotations

import logging
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import NotApprovedError, RefusedError, StepError, is_taken, refusals_of
from boatyard.aws.outcome import Outcome, outcome_of
from boatyard.aws.waiting.pauses import looks

log = logging.getLogger(__name__)

APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"


def ensure_group(client: Any, request: dict[str, Any]) -> None:
    """Make sure that the model package group of `request` (of CreateModelPackageGroup) exists."""
    try:
        call(client, "create_model_package_group", request)
    except client.exceptions.ClientError as error:
        if not is_taken(error):
            raise RefusedError(f"model package group {request['ModelPackageGroupName']}", error) from error


def register(client: Any, request: dict[str, Any]) -> str:
    """Create a model package and return its ARN once it can be used; `ClientToken` makes it one however often asked."""
    with refusals_of(f"a version of {request.get('ModelPackageGroupName', 'no group')}"):
        arn: str = call(client, "create_model_package", request)["ModelPackageArn"]
    for _ in looks():
        found = describe(client, arn)
        outcome = outcome_of("model_package", found["ModelPackageStatus"])
        if outcome is Outcome.SUCCEEDED:
            return arn
        if outcome.ended:
            details = found.get("ModelPackageStatusDetails", {}).get("ValidationStatuses", [])
            reasons = "; ".join(detail["FailureReason"] for detail in details if detail.get("FailureReason"))
            raise StepError(f"model package {arn} is {found['ModelPackageStatus']}: {reasons or 'no reason given'}")
    raise AssertionError("looks() without a limit does not end")


def describe(client: Any, arn: str) -> dict[str, Any]:
    """Return the model package, as DescribeModelPackage answers."""
    return call(client, "describe_model_package", {"ModelPackageName": arn})


def approve(client: Any, request: dict[str, Any]) -> None:
    """Approve a model package as `request` (of UpdateModelPackage) says; a person's rejection stands."""
    arn = request["ModelPackageArn"]
    status = describe(client, arn)["ModelApprovalStatus"]
    if status == REJECTED:
        raise NotApprovedError(f"model package {arn} was rejected; it is not approved over that")
    if status == PENDING:
        call(client, "update_model_package", request)
        log.info("approved %s", arn)


def require_approved(client: Any, arn: str) -> None:
    """Refuse, with `NotApprovedError`, a model package that is not approved."""
    status = describe(client, arn)["ModelApprovalStatus"]
    if status != APPROVED:
        raise NotApprovedError(f"model package {arn} is {status}, not {APPROVED}: it is not deployed")
