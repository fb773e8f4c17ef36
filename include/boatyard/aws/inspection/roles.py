"""The execution role: whether it is there, who may take it, and whether the caller may pass it on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from boatyard.aws.errors import error_code
from boatyard.aws.inspection.asking import asking

SAGEMAKER = "sagemaker.amazonaws.com"
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)")
_ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")


def account_and_name(arn: str) -> tuple[str, str] | None:
    """Return the account and the name of a role's ARN, None if it is none."""
    match = _ROLE.fullmatch(arn)
    return (match[1], match[2]) if match else None


def trusted_services(iam: Any, name: str) -> tuple[str, ...] | None:
    """Return the services that may assume a role, None if there is no such role."""
    with asking(iam):
        try:
            role = iam.get_role(RoleName=name)["Role"]
        except iam.exceptions.ClientError as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise
    statements = _list(role["AssumeRolePolicyDocument"].get("Statement", []))
    return tuple(
        service for one in statements if one.get("Effect") == "Allow" for service in _services(one.get("Principal", {}))
    )


def may_pass(iam: Any, caller_arn: str, role_arn: str) -> bool:
    """Tell whether IAM's simulator lets the caller pass the role to SageMaker.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    with asking(iam):
        answer = iam.simulate_principal_policy(
            PolicySourceArn=principal(caller_arn),
            ActionNames=["iam:PassRole"],
            ResourceArns=[role_arn],
            ContextEntries=[
                {
                    "ContextKeyName": "iam:PassedToService",
                    "ContextKeyValues": [SAGEMAKER],
                    "ContextKeyType": "string",
                }
            ],
        )
    return all(result["EvalDecision"] == "allowed" for result in answer["EvaluationResults"])


def principal(arn: str) -> str:
    """Return the role of a session's ARN, and any other ARN as it is: the simulator knows no sessions."""
    match = _ASSUMED.fullmatch(arn)
    return f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}" if match else arn


def _services(principals: Any) -> list[str]:
    return _list(principals.get("Service", [])) if isinstance(principals, Mapping) else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
