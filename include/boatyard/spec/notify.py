"""Who is told when a job or an endpoint changes its state; connections of Airflow hold every secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from boatyard.spec.fields import Part, one_line, wrong
from boatyard.spec.problems import SpecError
from boatyard.spec.shape import shaped
from boatyard.spec.source import Source, value_of

NOTIFY_VARIABLE = "BOATYARD_NOTIFY"
_KEY = "notify"

# SageMaker's own words for the states of jobs and endpoints, and RolledBack: an endpoint that serves what it served
# before, not what was wanted.
State = Literal[
    "InProgress",
    "Completed",
    "Failed",
    "Stopping",
    "Stopped",
    "Creating",
    "Updating",
    "RollingBack",
    "InService",
    "RolledBack",
    "UpdateRollbackFailed",
    "OutOfService",
]
BAD_ENDS: tuple[State, ...] = ("Failed", "Stopped", "RolledBack", "UpdateRollbackFailed", "OutOfService")
_CHANNELS = ("slack", "sns", "email")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_CONNECTION = re.compile(r"[A-Za-z0-9_.-]{1,250}")


def _connection(value: str) -> str:
    if not _CONNECTION.fullmatch(value):
        # not shown: what somebody puts here by mistake is the webhook's secret address
        raise wrong("expected the id of a connection of Airflow, which holds the address and the secret")
    return value


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise wrong(f"expected a topic's ARN such as arn:aws:sns:us-east-1:123456789012:models, got {value!r}")
    return value


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise wrong(f"expected an e-mail address, got {value!r}")
    return value


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Connection = Annotated[str, AfterValidator(_connection)]


class Notify(Part):
    """One place that is told, and of what."""

    slack: Connection | None = None  # the connection of an incoming webhook
    sns: Annotated[str, AfterValidator(_topic)] | None = None
    email: (
        Annotated[
            tuple[Annotated[str, AfterValidator(_address)], ...],
            BeforeValidator(_one_or_more),
            Field(min_length=1, max_length=50),
        ]
        | None
    ) = None
    connection: Connection | None = None  # of AWS for sns (default: the task's own), of the mail server for email
    states: Annotated[tuple[State, ...], Field(min_length=1)] = BAD_ENDS

    @model_validator(mode="after")
    def _one_channel(self) -> Notify:
        if len([name for name in _CHANNELS if getattr(self, name) is not None]) != 1:
            raise wrong(f"expected one of {', '.join(_CHANNELS)}")
        if self.slack is not None and self.connection is not None:
            raise wrong("slack names its connection itself")
        return self

    @property
    def name(self) -> str:
        """Return the place's name for people."""
        return self.slack or self.sns or ", ".join(self.email or ())

    @property
    def target(self) -> dict[str, Any]:
        """Return the place alone, without what it is told of: equal for two that are one place."""
        return self.model_dump(mode="json", include={*_CHANNELS, "connection"}, exclude_none=True)


class DeploymentNotify(Notify):
    """One place that is told about all models of a deployment, or some."""

    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = None  # a feature group is features/<group>

    def applies_to(self, model: str) -> bool:
        """Tell whether it is told about a model."""
        return self.models is None or model in self.models


NotifyList = Annotated[tuple[Notify, ...], Field(max_length=20)]


class _Argument(Part):
    notify: NotifyList


class _Setting(Part):
    notify: Annotated[tuple[DeploymentNotify, ...], Field(max_length=20)]


def deployment_notify(text: str) -> tuple[DeploymentNotify, ...]:
    """Return the places of the setting BOATYARD_NOTIFY, a list in JSON or YAML; raise SpecError with every error."""
    source = Source(Path(NOTIFY_VARIABLE))
    try:
        value = value_of(source, (_KEY,), text)
    except yaml.YAMLError as error:
        raise SpecError([source.problem((), f"not YAML: {one_line(str(error))}")]) from None
    if value is None:
        return ()
    source.data[_KEY] = value
    setting = shaped(_Setting, source)
    if setting is None or source.problems:
        raise SpecError(source.problems)
    return setting.notify


def places(given: Sequence[Mapping[str, Any]]) -> tuple[Notify, ...]:
    """Return the places of an operator's argument; raise ValueError with everything that is wrong."""
    source = Source(Path(_KEY), {_KEY: given})
    argument = shaped(_Argument, source)
    if argument is None:
        raise ValueError("; ".join(f"{problem.key}: {problem.words}" for problem in source.problems))
    return argument.notify


def told_of(model: str, own: Sequence[Notify], everywhere: Sequence[DeploymentNotify]) -> list[dict[str, Any]]:
    """Return who is told about a model, as JSON values that `Notify` takes: the model's own places and the others."""
    places = [*own, *(place for place in everywhere if place.applies_to(model))]
    return [place.model_dump(mode="json", exclude={"models"}, exclude_none=True) for place in places]
