"""S3's XML documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sagelocal.errors import AwsError

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def document(name: str, members: Iterable[tuple[str, Any]]) -> bytes:
    """Return a document of that name; a member's value is text, a number, a boolean or members of its own.

    None leaves a member out.
    """
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{_NAMESPACE}">{_inner(members)}</{name}>'.encode()


def _inner(members: Iterable[tuple[str, Any]]) -> str:
    return "".join(f"<{name}>{_text(value)}</{name}>" for name, value in members if value is not None)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return escape(str(value))
    return _inner(value)


def iso8601(moment: float) -> str:
    """Return epoch seconds as S3's documents write them."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def parse(body: bytes) -> ElementTree.Element:
    """Return the root of a document, namespaces removed; `MalformedXML` if it is none."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise malformed()
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - no document type, hence no entities
    except ElementTree.ParseError:
        raise malformed() from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def malformed() -> AwsError:
    """Return the answer to a document that is not what the call wants."""
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedXML", message)
