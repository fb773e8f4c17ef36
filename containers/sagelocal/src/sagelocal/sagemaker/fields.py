"""Which members of a request sagelocal acts on, which it accepts without effect, and which it refuses.

A path names a member with dots; lists are passed through. A path stands for everything below it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagelocal.errors import validation_error
from sagelocal.sagemaker import job_fields, model_fields, pipeline_fields

HONOURED = {**job_fields.HONOURED, **model_fields.HONOURED, **pipeline_fields.HONOURED}
ACCEPTED_WITHOUT_EFFECT = {
    **job_fields.ACCEPTED_WITHOUT_EFFECT,
    **model_fields.ACCEPTED_WITHOUT_EFFECT,
    **pipeline_fields.ACCEPTED_WITHOUT_EFFECT,
}
# Members that may have these values only.
ONLY = {**job_fields.ONLY, **model_fields.ONLY}


def check_fields(operation: str, request: Mapping[str, Any]) -> None:
    """Raise ValidationException if the request asks for something that sagelocal does not do."""
    known = {*HONOURED[operation], *ACCEPTED_WITHOUT_EFFECT.get(operation, ())}
    limited = ONLY.get(operation, {})
    for path, value in _leaves(request):
        if path in limited:
            if value not in limited[path]:
                allowed = " or ".join(str(choice) for choice in limited[path])
                raise validation_error(
                    f"sagelocal does not support {path} = {value} in {operation} yet; it supports {allowed}."
                )
        elif not known.intersection(_with_parents(path)):
            raise validation_error(f"sagelocal does not support {path} in {operation} yet. Leave it out.")


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that the request really holds; empty structures and lists ask for nothing."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _leaves(member, path)
    elif value is not None:
        yield path, value


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]
