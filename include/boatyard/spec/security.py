"""How a model's jobs and endpoint are shut off: network, keys, isolation."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from boatyard.spec.fields import Part, wrong


def _subnet(text: str) -> str:
    if not re.fullmatch(r"subnet-[0-9a-f]{8,32}", text):
        raise wrong(f"expected a subnet's id such as subnet-0123456789abcdef0, got {text!r}")
    return text


def _security_group(text: str) -> str:
    if not re.fullmatch(r"sg-[0-9a-f]{8,32}", text):
        raise wrong(f"expected a security group's id such as sg-0123456789abcdef0, got {text!r}")
    return text


class Security(Part):
    """What a model asks for beyond, or in place of, what the deployment sets for all models."""

    subnets: Annotated[tuple[Annotated[str, AfterValidator(_subnet)], ...], Field(max_length=16)] = ()
    security_groups: Annotated[tuple[Annotated[str, AfterValidator(_security_group)], ...], Field(max_length=5)] = ()
    kms_key: str | None = None  # id, ARN or alias; of volumes, and of what jobs write
    encrypt_traffic: bool = False  # between the machines of one job
    network_isolation: bool = False  # process, train and evaluate reach nothing, not even AWS
