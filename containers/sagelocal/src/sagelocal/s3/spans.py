"""Which bytes of an object a read asks for: all, a range, or a part that was uploaded."""

from __future__ import annotations

from dataclasses import dataclass

from sagelocal.errors import AwsError
from sagelocal.exchange import is_number
from sagelocal.s3 import checksums
from sagelocal.s3.call import Call
from sagelocal.s3.conditions import byte_range
from sagelocal.s3.info import ObjectInfo

MOST_PARTS = 10_000


@dataclass(frozen=True)
class Span:
    """Hold what is read. Its checksum is the one of these very bytes, empty if none is stored."""

    start: int
    size: int
    checksum: dict[str, str]
    is_partial: bool
    part_count: int = 0  # known where a part of several was asked for


def wanted_span(call: Call, info: ObjectInfo) -> Span:
    """Return what a call reads of an object."""
    header = call.headers.get("range")
    if "partNumber" not in call.query:
        wanted = byte_range(header, info.size)
        return Span(*wanted, {}, is_partial=True) if wanted else _whole(info, is_partial=False)
    if header is not None:
        raise AwsError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    return _part(call, info, part_number(call))


def part_number(call: Call) -> int:
    """Return the number of the part that a call names."""
    text = call.query.get("partNumber", "")
    if not is_number(text) or not 1 <= int(text) <= MOST_PARTS:
        raise AwsError("InvalidArgument", f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive")
    return int(text)


def _whole(info: ObjectInfo, *, is_partial: bool, part_count: int = 0) -> Span:
    return Span(0, info.size, info.properties.checksum, is_partial, part_count)


def _part(call: Call, info: ObjectInfo, wanted: int) -> Span:
    parts = call.store.parts(info)
    if len(parts) <= 1 and wanted == 1:
        return _whole(info, is_partial=info.size > 0, part_count=len(parts))
    start = 0
    for number, size, checksum in parts:
        if number == wanted:
            return Span(start, size, _part_checksum(info, checksum), is_partial=size > 0, part_count=len(parts))
        start += size
    message = "The requested partnumber is not satisfiable"
    fields = {"PartNumberRequested": wanted, "ActualPartCount": len(parts) or 1}
    raise AwsError("InvalidPartNumber", message, 416, **fields)


def _part_checksum(info: ObjectInfo, value: str) -> dict[str, str]:
    whole = info.properties.checksum
    return {**whole, "value": value} if value and whole.get("type") == checksums.COMPOSITE else {}
