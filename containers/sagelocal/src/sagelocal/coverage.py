"""What answers which operation of AWS, read off the registries that answer: `sagelocal coverage`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from botocore import xform_name

from sagelocal import server, wire
from sagelocal.fallthrough import OURS_ALONE
from sagelocal.operations import OPERATIONS
from sagelocal.s3 import fields as s3_fields
from sagelocal.s3.call import HANDLERS
from sagelocal.sagemaker import fields as sagemaker_fields

__all__ = ["server"]  # imported for the operations that it registers

REAL, MOTO, MISSING = "real", "moto", "missing"

# What pipelines call besides; moto has many more services, all reachable, none looked at here.
_OF_MOTO = (
    "application-autoscaling",
    "ecr",
    "iam",
    "kms",
    "logs",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
)
# The members that are accepted without effect, and those that may have some values only.
_FIELDS: dict[str, tuple[Mapping[str, tuple[str, ...]], Mapping[str, Iterable[str]]]] = {
    "s3": (s3_fields.ACCEPTED_WITHOUT_EFFECT, s3_fields.ONLY),
    "sagemaker": (sagemaker_fields.ACCEPTED_WITHOUT_EFFECT, sagemaker_fields.ONLY),
}
_MOTO_MODULES = {"application-autoscaling": "applicationautoscaling"}


@dataclass(frozen=True)
class Operation:
    """One operation: who answers it, and what of its request has no effect."""

    service: str
    name: str
    answered: str  # REAL, MOTO or MISSING
    without_effect: tuple[str, ...] = ()  # members that are accepted, kept and described, and change nothing
    limited: tuple[str, ...] = ()  # members that may have some values only; others are refused by name


def services() -> list[str]:
    """Return the services that are looked at, by botocore's names."""
    return sorted({service for service, _ in OPERATIONS} | OURS_ALONE | set(_OF_MOTO))


def operations(service: str) -> list[Operation]:
    """Return every operation of a service that botocore knows."""
    model = wire.service_model(service)
    if model is None:
        raise LookupError(f"botocore has no service {service!r}; there are {', '.join(services())}")
    return [_operation(service, name) for name in model.operation_names]


def _operation(service: str, name: str) -> Operation:
    without_effect, limited = _FIELDS.get(service, ({}, {}))
    answered = _answered(service, name)
    return Operation(service, name, answered, without_effect.get(name, ()), tuple(limited.get(name, ())))


def _answered(service: str, name: str) -> str:
    if (service, name) in OPERATIONS or (service == "s3" and name in _s3()):
        return REAL
    if service in OURS_ALONE:
        return MISSING
    return MOTO if xform_name(name) in _moto(service) else MISSING


@lru_cache(maxsize=1)
def _s3() -> frozenset[str]:
    return frozenset(name for name, _ in HANDLERS.values())


@lru_cache(maxsize=32)
def _moto(service: str) -> frozenset[str]:
    """Return the names of the methods with which moto's response classes of a service answer."""
    module = import_module(f"moto.{_MOTO_MODULES.get(service, service)}.responses")
    classes = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == module.__name__]
    return frozenset(name for kind in classes for name in vars(kind) if not name.startswith("_"))


def summary() -> Iterator[tuple[str, int, int, int]]:
    """Yield each service with how many of its operations are real, moto's and missing."""
    for service in services():
        found = [operation.answered for operation in operations(service)]
        yield service, found.count(REAL), found.count(MOTO), found.count(MISSING)


def markdown() -> str:
    """Return the summary, and the members without effect, as the README has them."""
    rows = [f"| {service} | {real} | {moto} | {missing} |" for service, real, moto, missing in summary()]
    table = ["| service | real | moto's | missing |", "|---|---|---|---|", *rows]
    members = [
        f"| {operation.name} | {_code(operation.without_effect)} | {_code(operation.limited)} |"
        for service in _FIELDS
        for operation in operations(service)
        if operation.without_effect or operation.limited
    ]
    head = ["| operation | accepted without effect | some values only |", "|---|---|---|"]
    return "\n".join([*table, "", *head, *members])


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def text(service: str | None) -> str:
    """Return the summary, or every operation of one service, as lines for a terminal."""
    if service is None:
        lines = [f"{name:34}{real:6}{moto:8}{missing:9}" for name, real, moto, missing in summary()]
        return "\n".join([f"{'service':34}{'real':>6}{'moto':>8}{'missing':>9}", *lines])
    return "\n".join(_line(operation) for operation in operations(service))


def _line(operation: Operation) -> str:
    notes = [f"without effect: {', '.join(operation.without_effect)}"] if operation.without_effect else []
    notes += [f"some values only: {', '.join(operation.limited)}"] if operation.limited else []
    return f"{operation.answered:9}{operation.name}" + "".join(f"\n           {note}" for note in notes)
