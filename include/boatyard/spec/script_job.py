"""A job that runs a script of ours, and the secrets that it fetches: where they are kept, never what they are."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from boatyard.spec.fields import JobResources, wrong

_REFERENCE = (
    r"(secretsmanager:|arn:aws[\w-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:)[\w/+=.@-]{1,512}(#[^#\s]{1,128})?"
    r"|(ssm:|arn:aws[\w-]*:ssm:[a-z0-9-]+:\d{12}:parameter)[\w./-]{1,1011}"
)


def _secret_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,199}", name):
        raise wrong(f"expected the name of an environment variable, got {name!r}")
    if name.upper().startswith(("AWS_", "SM_", "SAGEMAKER_")):
        raise wrong(f"SageMaker sets variables like {name} itself: choose another name")
    return name


def _secret_reference(reference: str) -> str:
    if not re.fullmatch(_REFERENCE, reference):
        # not what was given: it may be the secret itself
        raise wrong(
            "expected where the secret is kept: secretsmanager:<name>, secretsmanager:<name>#<key of its JSON>, "
            "ssm:<parameter>, or an ARN of either"
        )
    return reference


SecretName = Annotated[str, AfterValidator(_secret_name)]  # of the script's environment variable
SecretReference = Annotated[str, AfterValidator(_secret_reference)]


class ScriptJob(JobResources):
    """The machine of a script, how long it may run, and its secrets."""

    secrets: dict[SecretName, SecretReference] = Field(default_factory=dict, max_length=20)
