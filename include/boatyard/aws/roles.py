"""IAM roles by their names."""

from __future__ import annotations

from boatyard.aws.calls import call
from boatyard.aws.clients import Clients
from boatyard.aws.errors import PermanentError, error_code


def arn(clients: Clients, role: str) -> str:
    """Return the ARN of a role that is given by its name or by its ARN."""
    if "/" in role:
        return role
    iam = clients.get("iam")
    try:
        found: str = call(iam, "get_role", {"RoleName": role})["Role"]["Arn"]
    except iam.exceptions.ClientError as error:
        if error_code(error) != "NoSuchEntity":
            raise
        raise PermanentError(f"IAM has no role {role!r}") from None
    return found
