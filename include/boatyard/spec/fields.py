"""The kinds of value that a spec holds, each with the error that a wrong one gets."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from boatyard.spec.cron import CronError, check_cron

INSTANCE_TYPE_PATTERN = r"^ml\.[a-z0-9][a-z0-9-]*\.[a-z0-9]+$"
HyperParameter = bool | int | float | str

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_IMAGE = r"[a-z0-9][\w.-]*((:\d+)?(/[\w.-]+)+)?(:\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})"


class Part(BaseModel):
    """Refuse unknown keys and changes; take no value for another type's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def wrong(message: str, **context: Any) -> PydanticCustomError:
    """Return an error whose text is `message` as it stands; `suggestion` may be among the context."""
    # Pydantic fills {names} of a template from the context; ours is finished, so it goes in as a value.
    return PydanticCustomError("spec", "{text}", {"text": message} | context)


def _shaped(pattern: str, expected: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise wrong(f"expected {expected}, got {value!r}")
        return value

    return check


def _duration(value: object) -> object:
    try:
        return seconds(value)
    except ValueError as error:
        raise wrong(str(error)) from None


def _hyperparameter(value: object) -> HyperParameter:
    if isinstance(value, bool | int | float | str):
        return value
    raise wrong(f"expected a number, a string, true or false, got {described(value)}")


def cron(value: str) -> str:
    """Return the expression or preset; raise the error that a wrong one gets."""
    try:
        check_cron(value)
    except CronError as error:
        raise wrong(str(error), **({"suggestion": error.suggestion} if error.suggestion else {})) from None
    return value


def seconds(text: object) -> int:
    """Return the seconds of a time such as 90s, 30m, 1h or 7d; ValueError for anything else."""
    match = re.fullmatch(r"([1-9][0-9]*)\s*([smhd])", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected a time such as 90s, 30m, 1h or 7d, got {text!r}")
    return int(match[1]) * _SECONDS[match[2]]


def described(value: object) -> str:
    """Return a value as an error message shows it."""
    words = ((dict, "keys with values"), (list, "a list"), (type(None), "nothing"), (bool, str(value).lower()))
    return next((word for kind, word in words if isinstance(value, kind)), repr(value))


def one_line(text: str) -> str:
    """Return the text with every run of white space as one blank."""
    return " ".join(text.split())


Text = Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=1024)]
ShortText = Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=128)]
Duration = Annotated[int, BeforeValidator(_duration)]  # seconds
InstanceType = Annotated[
    str, AfterValidator(_shaped(INSTANCE_TYPE_PATTERN, "a SageMaker instance type such as ml.m5.large"))
]
Image = Annotated[str, AfterValidator(_shaped(_IMAGE, "an image as name:version or as its whole URI"))]
ResourceName = Annotated[
    str, AfterValidator(_shaped(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "at most 63 letters, digits and '-' between them"))
]
MetricName = Annotated[str, Field(min_length=1, max_length=255)]
Value = Annotated[HyperParameter, PlainValidator(_hyperparameter)]
Cron = Annotated[str, AfterValidator(cron)]  # or a preset such as @daily


class JobResources(Part):
    """The machine of a job and how long it may run."""

    instance_type: InstanceType
    max_runtime: Duration = 3600
