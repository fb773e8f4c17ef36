"""Requests of every kind that botocore's shapes describe: nearly right ones, wrong ones, and evil ones."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

EVIL = (
    "",
    "..",
    "../../../../../../outside",
    "/etc",
    "/etc/passwd",
    "/opt/ml/../../etc",
    "/proc/self/root",
    "//",
    "a/../../b",
    "s3://",
    "s3:///",
    "s3://lake",
    "s3://lake/../x",
    "s3://../../x/y",
    "file:///etc/passwd",
    "\0",
    "a\0b",
    "\ud800",
    "\x7f\x01\r\nX-Injected: 1",
    "%2e%2e%2f",
    "${jndi:x}",
    "{{x}}",
    "' OR 1=1 --",
    '"; DROP TABLE x; --',
    "x" * 5000,
    "(" * 300,
    "\U0001f600",
    "nan",
    "1e400",
    "-1",
    "0",
    "true",
    "null",
    "[]",
    "{}",
)
_NUMBERS = (0, 1, -1, 2, 0.5, -0.0, 2**31, -(2**31) - 1, 2**63, 2**70, 1e308, 1e400, -1e400, 10**400, float("nan"))
_DEEPEST = 7  # levels of a structure that holds itself


class Words:
    """Texts that make a request nearly right: what there is, by the end of a member's name."""

    def __init__(self, by_ending: dict[str, list[str]], others: tuple[str, ...]) -> None:
        self._by_ending = by_ending
        self._others = others

    def of(self, member: str) -> list[str]:
        """Return what a member may well be."""
        found = [text for end, texts in self._by_ending.items() if member.endswith(end) for text in texts]
        return found or list(self._others)


def operation_of(service: str, name: str) -> OperationModel:
    """Return botocore's model of an operation."""
    session = botocore.session.get_session()
    return session.get_service_model(service).operation_model(name)


@st.composite
def documents(draw: Draw, shape: Shape | None, words: Words) -> Any:
    """Return a JSON value for a shape: mostly what it allows, here and there not."""
    wild = draw(st.sampled_from([0, 0, 0, 5, 20, 60]))  # percent of the values that are wrong
    return _value(draw, shape, words, "", wild, 0) if shape is not None else {}


def _value(draw: Draw, shape: Shape, words: Words, member: str, wild: int, depth: int) -> Any:
    if draw(st.integers(0, 99)) < wild:
        return draw(_ANYTHING)
    make: Callable[..., Any] = _BY_TYPE.get(shape.type_name, _string)
    return make(draw, shape, words, member, wild, depth)


def _structure(draw: Draw, shape: Any, words: Words, _: str, wild: int, depth: int) -> Any:
    found = {}
    chance = 40 if depth < 2 else 20
    for name, member in shape.members.items():
        wanted = name in shape.required_members and draw(st.integers(0, 99)) >= wild / 2
        if wanted or (depth < _DEEPEST and draw(st.integers(0, 99)) < chance):
            found[member.serialization.get("name", name)] = _value(draw, member, words, name, wild, depth + 1)
    return found


def _list(draw: Draw, shape: Any, words: Words, member: str, wild: int, depth: int) -> Any:
    least = min(shape.metadata.get("min", 0), 3)
    count = draw(st.integers(least, 2 if depth < _DEEPEST else least))
    return [_value(draw, shape.member, words, member.removesuffix("s"), wild, depth + 1) for _ in range(count)]


def _map(draw: Draw, shape: Any, words: Words, member: str, wild: int, depth: int) -> Any:
    keys = draw(st.lists(st.sampled_from(["a", "key", "x" * 40, "a.b", *EVIL]), max_size=2))
    return {key: _value(draw, shape.value, words, member, wild, depth + 1) for key in keys}


def _string(draw: Draw, shape: Any, words: Words, member: str, wild: int, depth: int) -> Any:
    if enum := shape.metadata.get("enum"):
        return draw(st.sampled_from(enum))
    choice = draw(st.integers(0, 99))
    if choice < 70:
        return draw(st.sampled_from(words.of(member)))
    return draw(st.sampled_from(EVIL)) if choice < 90 else draw(st.text(max_size=20))


def _number(draw: Draw, shape: Any, words: Words, member: str, wild: int, depth: int) -> Any:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 20)
    if draw(st.integers(0, 99)) < 80:
        return min(max(draw(st.integers(0, 20)), int(low)), int(high))
    return draw(st.sampled_from(_NUMBERS))


def _timestamp(draw: Draw, shape: Any, words: Words, member: str, wild: int, depth: int) -> Any:
    return draw(st.sampled_from([1.6e9, 0, -1, 1e12, 1e300, -1e300, "2026-01-01T00:00:00Z", "soon", 2**70]))


def _boolean(draw: Draw, *_: Any) -> Any:
    return draw(st.booleans())


_ANYTHING = st.recursive(
    st.sampled_from([None, True, False, *EVIL, *_NUMBERS]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "Name", ""]), inner, max_size=2),
    max_leaves=4,
)
_BY_TYPE: dict[str, Callable[..., Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "timestamp": _timestamp,
    "boolean": _boolean,
}


def request_of(operation: OperationModel, document: Any) -> tuple[str, str, dict[str, str], bytes]:
    """Return method, path, headers and body that carry a document to an operation, without asking whether it fits."""
    model, http = operation.service_model, operation.http
    if model.protocol == "query":
        form = {"Action": operation.name, "Version": model.api_version, **_flat(document)}
        return "POST", "/", _FORM, urllib.parse.urlencode(form, errors="replace").encode()
    if model.protocol != "rest-json":
        target = f"{model.metadata['targetPrefix']}.{operation.name}"
        return "POST", "/", {"X-Amz-Target": target, "Content-Type": _JSON}, _json(document)
    shape = operation.input_shape
    assert shape is not None
    document = dict(document) if isinstance(document, dict) else {}
    path, headers, query, body = http["requestUri"], {"Content-Type": "application/json"}, [], b""
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        spelled, location = member.serialization.get("name", name), member.serialization.get("location")
        if spelled not in document and location is None:
            continue
        value = document.pop(spelled, "") if location or name == payload else None
        text = value if isinstance(value, str) else _json(value).decode()
        if location == "uri":
            path = path.replace("{" + spelled + "}", urllib.parse.quote(text, safe="", errors="replace"))
        elif location == "header" and text:
            headers[spelled] = text.encode("latin-1", "replace").decode("latin-1").translate(_ONE_LINE)
        elif location == "querystring":
            query.append((spelled, text))
        elif name == payload:
            body = text.encode(errors="replace")
    return (
        http["method"],
        f"{path}?{urllib.parse.urlencode(query, errors='replace')}".rstrip("?"),
        headers,
        (body if payload else _json(document)),
    )


_JSON = "application/x-amz-json-1.1"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ONE_LINE = {code: " " for code in (*range(32), 127)}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        items = [(f"{prefix}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(f"{prefix}.member.{number}", item) for number, item in enumerate(value, 1)]
    else:
        return {prefix: str(value)}
    return {key: text for name, item in items for key, text in _flat(item, name).items()}
