"""What an object has, by name."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse, is_number
from sagelocal.s3 import checksums
from sagelocal.s3.call import Call, answer_xml, s3_operation, version_header
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.spans import MOST_PARTS

_LONGEST_PAGE = 1000


@s3_operation("GetObjectAttributes", "GET", "object", "attributes")
def get_object_attributes(call: Call) -> HttpResponse:
    asked = {name.strip() for name in call.headers.get("x-amz-object-attributes", "").split(",")}
    if not asked <= _ATTRIBUTES.keys():
        raise AwsError("InvalidArgument", "Invalid attribute name specified.")
    info = call.found()
    members = [(name, attribute(call, info)) for name, attribute in _ATTRIBUTES.items() if name in asked]
    headers = {"Last-Modified": formatdate(info.last_modified, usegmt=True), **version_header(info)}
    return answer_xml("GetObjectAttributesResponse", members, headers)


def _checksum(_: Call, info: ObjectInfo) -> Any:
    checksum = info.properties.checksum
    if not checksum:
        return None
    value = checksum["value"].partition("-")[0]  # a composite one comes without the number of its parts here
    return [(f"Checksum{checksum['algorithm']}", value), ("ChecksumType", checksum["type"])]


def _parts(call: Call, info: ObjectInfo) -> Any:
    parts = call.store.parts(info)
    if not parts:
        return None
    checksum = info.properties.checksum
    count = ("PartsCount", len(parts))
    if checksum.get("type") != checksums.COMPOSITE:
        return [count]
    marker, longest = _number(call, "x-amz-part-number-marker", 0), _number(call, "x-amz-max-parts", _LONGEST_PAGE)
    left = [part for part in parts if part[0] > marker]
    page = left[: min(longest, _LONGEST_PAGE)]
    return [
        count,
        ("PartNumberMarker", marker),
        ("NextPartNumberMarker", page[-1][0] if page else 0),
        ("MaxParts", longest),
        ("IsTruncated", len(left) > len(page)),
        *(
            ("Part", [("PartNumber", number), ("Size", size), (f"Checksum{checksum['algorithm']}", value)])
            for number, size, value in page
        ),
    ]


def _number(call: Call, header: str, default: int) -> int:
    text = call.headers.get(header, str(default))
    if not is_number(text) or int(text) > MOST_PARTS:
        raise AwsError("InvalidArgument", f"Provided {header} not an integer or within integer range")
    return int(text)


_ATTRIBUTES: dict[str, Callable[[Call, ObjectInfo], Any]] = {
    "ETag": lambda _, info: info.etag,
    "Checksum": _checksum,
    "ObjectParts": _parts,
    "StorageClass": lambda _, info: info.properties.storage_class,
    "ObjectSize": lambda _, info: info.size,
}
