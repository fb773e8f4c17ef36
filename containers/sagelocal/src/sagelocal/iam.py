"""What of IAM moto does not have: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend


@operation("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(_: Backend, request: Request) -> Response:
    """Tell what a role may do here: everything, for sagelocal keeps policies and enforces none."""
    resources = request.get("ResourceArns") or ["*"]
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": "allowed",
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in request["ActionNames"]
        for resource in resources
    ]
    return {"EvaluationResults": results, "IsTruncated": False}
