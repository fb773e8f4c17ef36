"""Whether AWS would take a request at all: its shape as botocore knows it, looked at without sending anything."""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

# Words that are only known in a run, such as <train.job_name> or {job_name}: they have no pattern of their own.
_OPEN_WORD = re.compile(r"[<{][a-z_.]+[>}]")


def shape_errors(service: str, operation: str, params: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the parameters of an operation: members, types, lengths, enums and patterns."""
    from botocore.validate import ParamValidator

    shape = _input_shape(service, operation)
    report = ParamValidator().validate(dict(params), shape)
    errors = report.generate_report().splitlines() if report.has_errors() else []
    return [*errors, *_value_errors(shape, params, "")]


def require_shape(client: Any, operation: str, request: Mapping[str, Any]) -> None:
    """Raise botocore's own `ParamValidationError` for a request (its operation as the client spells it), unsent."""
    from botocore.exceptions import ParamValidationError
    from botocore.validate import ParamValidator

    name = client.meta.method_to_api_mapping[operation]
    report = ParamValidator().validate(dict(request), client.meta.service_model.operation_model(name).input_shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


@cache
def _input_shape(service: str, operation: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def _value_errors(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield the strings that botocore would send and AWS would refuse."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in value.items():
            if name in shape.members:
                yield from _value_errors(shape.members[name], member, f"{path}.{name}" if path else name)
    elif shape.type_name == "list" and isinstance(value, list | tuple):
        for number, member in enumerate(value):
            yield from _value_errors(shape.member, member, f"{path}[{number}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for name, member in value.items():
            yield from _value_errors(shape.value, member, f"{path}.{name}")
    elif shape.type_name == "string" and isinstance(value, str) and not _OPEN_WORD.search(value):
        yield from _string_errors(shape, value, path)


def _string_errors(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        close = difflib.get_close_matches(value, shape.enum, n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        yield f"{path}: {value!r} is none of the values that AWS knows{hint}"
    pattern = _pattern(shape.metadata.get("pattern", ""))
    if pattern is not None and not pattern.fullmatch(value):
        yield f"{path}: {value!r} does not match {pattern.pattern}"


def _pattern(pattern: str) -> re.Pattern[str] | None:
    r"""Return AWS's pattern as Python reads it, or None where Python cannot (\p{L} and the like)."""
    try:
        return re.compile(pattern, re.DOTALL) if pattern else None
    except re.error:
        return None
