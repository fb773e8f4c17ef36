"""Conditions and ranges of requests for objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from sagelocal.errors import AwsError
from sagelocal.s3.info import Condition, ObjectInfo

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class NotModified(Exception):  # noqa: N818 - an answer, no error
    """The client's copy is the current one."""


def _matches(etags: str, info: ObjectInfo) -> bool:
    listed = {etag.strip().removeprefix("W/").strip('"') for etag in etags.split(",")}
    return "*" in listed or info.etag in listed


def _failed(condition: str) -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", message, 412, Condition=condition)


def _seconds(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None  # HTTP has a date nobody can read ignored
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def check_read(headers: dict[str, str], info: ObjectInfo, prefix: str = "") -> None:
    """Raise `PreconditionFailed`, or NotModified, unless a read's conditions hold.

    `prefix` is `x-amz-copy-source-` for the conditions of a copy on its source.
    """
    match, none_match = headers.get(f"{prefix}if-match"), headers.get(f"{prefix}if-none-match")
    since, unmodified = (
        _seconds(headers.get(f"{prefix}{name}")) for name in ("if-modified-since", "if-unmodified-since")
    )
    modified = int(info.last_modified)  # HTTP's dates have no fractions
    if match is not None and not _matches(match, info):
        raise _failed("If-Match")
    if match is None and unmodified is not None and modified > unmodified:
        raise _failed("If-Unmodified-Since")
    if none_match is not None and _matches(none_match, info):
        raise NotModified
    if none_match is None and since is not None and modified <= since:
        raise NotModified


def write_condition(headers: dict[str, str]) -> Condition | None:
    """Return the condition that a write's headers put on the object there is now; None if they put none."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if none_match is not None and none_match.strip() != "*":
        raise AwsError("NotImplemented", "A write's If-None-Match takes * only.", 501)
    if match is None and none_match is None:
        return None

    def check(info: ObjectInfo | None) -> None:
        if none_match is not None and info is not None:
            raise _failed("If-None-Match")
        if match is not None and info is None:
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
        if match is not None and info is not None and not _matches(match, info):
            raise _failed("If-Match")

    return check


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes of a range; None for the whole object.

    What is no single range is ignored, as S3 does; `InvalidRange` if no byte lies in it.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        raise AwsError(
            "InvalidRange", "The requested range is not satisfiable", 416, RangeRequested=header, ActualObjectSize=size
        )
    return start, stop - start
