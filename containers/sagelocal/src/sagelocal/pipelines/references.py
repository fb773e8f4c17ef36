"""References in a pipeline's definition: which steps they name, and what they stand for; pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagelocal.jobs.transform.jsonpath import JsonPathError, compile_path

Json = dict[str, Any]

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
_FUNCTIONS = {GET: str, JOIN: dict, JSON_GET: dict}
_MEMBER = re.compile(r"\.?([A-Za-z0-9_\-]+)|\[(\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")


class UnresolvedError(ValueError):
    """A reference that stands for nothing."""


def is_reference(value: Any) -> bool:
    """Tell whether a value of the definition stands for another one."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name, inner = next(iter(value.items()))
    return name in _FUNCTIONS and isinstance(inner, _FUNCTIONS[name])


def problem(value: Any) -> str:
    """Return what is wrong with the shape of a function inside a value, "" if nothing is."""
    if isinstance(value, list):
        return next((found for item in value if (found := problem(item))), "")
    if not isinstance(value, dict):
        return ""
    if is_reference(value):
        if JOIN in value:
            return _join_problem(value[JOIN])
        if JSON_GET in value:
            return _json_get_problem(value[JSON_GET])
    return next((found for item in value.values() if (found := problem(item))), "")


def _join_problem(inner: Json) -> str:
    if set(inner) - {"On", "Values"} or not isinstance(inner.get("Values"), list):
        return f"{JOIN} has On and the list Values"
    return f"On of {JOIN} must be a string" if not isinstance(inner.get("On") or "", str) else problem(inner["Values"])


def _json_get_problem(inner: Json) -> str:
    places = [member for member in ("PropertyFile", "S3Uri") if inner.get(member) is not None]
    if len(places) != 1 or set(inner) - {"PropertyFile", "S3Uri", "Path"} or not isinstance(inner.get("Path"), str):
        return f"{JSON_GET} has a Path, and either a PropertyFile or an S3Uri"
    place = inner[places[0]]
    if not is_reference(place) and not isinstance(place, str):
        return f"{places[0]} of {JSON_GET} must be a reference"
    return problem(place)


def gets(value: Any) -> Iterator[str]:
    """Yield the text of every `Get` inside a value."""
    if isinstance(value, dict):
        if is_reference(value) and GET in value:
            yield value[GET]
        else:
            for item in value.values():
                yield from gets(item)
    elif isinstance(value, list):
        for item in value:
            yield from gets(item)


def step_of(text: str) -> str | None:
    """Return the step that a `Get` names, None if it names no step."""
    root, _, rest = text.partition(".")
    return rest.partition(".")[0].partition("[")[0] if root == "Steps" else None


def text_of(value: Any) -> str:
    """Return a value as a text that is joined, as JSON spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list) or value is None:
        raise UnresolvedError(f"a value of Std:Join is no text and no number: {value!r}")
    return str(value)


@dataclass(frozen=True)
class Scope:
    """Hold what references may stand for."""

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    steps: Mapping[str, Json]  # the properties of the steps that succeeded
    read: Callable[[str], Any]  # S3 URI -> the JSON document there

    def resolve(self, value: Any) -> Any:
        """Return a value with what its references stand for; UnresolvedError names one that stands for nothing."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if not is_reference(value):
            return {name: self.resolve(item) for name, item in value.items()}
        functions: dict[str, Callable[[Any], Any]] = {
            GET: self._get,
            JOIN: self._join,
            JSON_GET: self._json_get,
        }
        name, inner = next(iter(value.items()))
        return functions[name](inner)

    def _get(self, text: str) -> Any:
        root, _, path = text.partition(".")
        roots = {"Parameters": self.parameters, "Execution": self.execution, "Steps": self.steps}
        if root not in roots:
            raise UnresolvedError(f"{text} begins with none of {', '.join(roots)}")
        try:
            return follow(roots[root], path)
        except LookupError as error:
            raise UnresolvedError(f"{text} is not there: {error.args[0]}") from error

    def _join(self, inner: Json) -> str:
        return str(inner.get("On") or "").join(text_of(self.resolve(value)) for value in inner["Values"])

    def _json_get(self, inner: Json) -> Any:
        uri, path = self.resolve(inner.get("PropertyFile") or inner.get("S3Uri")), inner["Path"]
        if not isinstance(uri, str):
            raise UnresolvedError(f"{uri!r} is no S3 URI")
        try:
            return compile_path(path if path.startswith("$") else f"$.{path}")(self.read(uri))
        except JsonPathError as error:
            raise UnresolvedError(f"{path} of {uri} is not there: {error}") from error


def members(path: str) -> list[str | int]:
    """Return the parts of a path such as `Outputs['train'].S3Output`; LookupError if it is none."""
    found: list[str | int] = []
    place = 0
    while place < len(path):
        match = _MEMBER.match(path, place)
        if match is None:
            raise LookupError(f"{path[place:]!r} is no path")
        name, number, *quoted = match.groups()
        found.append(int(number) if number is not None else next(text for text in (name, *quoted) if text is not None))
        place = match.end()
    return found


def follow(value: Any, path: str) -> Any:
    """Return what lies at a path; LookupError says which part of it is not there.

    A list is indexed by number, or by the name of one of its elements, as `Outputs['train']`.
    """
    for part in members(path):
        if isinstance(value, list) and isinstance(part, str):
            value = next((item for item in value if isinstance(item, dict) and _name(item) == part), None)
            if value is None:
                raise LookupError(f"there is nothing named {part!r}")
            continue
        if not isinstance(value, Mapping if isinstance(part, str) else list):
            raise LookupError(f"there is no {part!r}")
        try:
            value = value[part]  # type: ignore[index]  # a list has a number here
        except LookupError as error:
            raise LookupError(f"there is no {part!r}") from error
    return value


def _name(item: Json) -> Any:
    """Return the name of a list's element: OutputName, ChannelName and the like."""
    return next((value for member, value in item.items() if member.endswith("Name")), None)
