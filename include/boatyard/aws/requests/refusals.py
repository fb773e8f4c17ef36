"""AWS's words for a request that it refuses, with the nearest right name in place of a list of all."""

from __future__ import annotations

import re

from boatyard.spec.problems import nearest

_MEMBER = re.compile(r'(Unknown parameter in \S+ "(?P<got>[^"]+)"), must be one of: (?P<known>\w+(?:, \w+)*)')
_VALUE = re.compile(
    r"(Value '(?P<got>[^']*)' at \S+ failed to satisfy constraint: .*?enum value set): \[(?P<known>[^]]*)\]"
)


def in_short(text: str) -> str:
    """Return botocore's or AWS's message on one line; a list without a name like the wrong one stays."""
    text = " ".join(text.split())
    for pattern in (_MEMBER, _VALUE):
        text = pattern.sub(_hint, text)
    return text


def _hint(found: re.Match[str]) -> str:
    close = nearest(found["got"], found["known"].split(", "))
    return f"{found[1]} (did you mean '{close}'?)" if close else found[0]
