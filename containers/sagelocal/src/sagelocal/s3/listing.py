"""Lists of objects, with prefixes, delimiters and pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import xml
from sagelocal.s3.call import Call, answer_xml, s3_operation
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.keys import successor
from sagelocal.s3.objects import ObjectStore

LONGEST_PAGE = 1000


@dataclass(frozen=True)
class Page:
    """Hold one page of a list. An entry is an object, or a common prefix."""

    entries: list[ObjectInfo | str]
    is_truncated: bool

    @property
    def last(self) -> str:
        """Return the last entry's key or common prefix."""
        entry = self.entries[-1]
        return entry if isinstance(entry, str) else entry.key


def list_page(store: ObjectStore, bucket: str, prefix: str, delimiter: str, after: str, count: int) -> Page:
    """Return at most `count` entries above `after`; a common prefix there is not given once more."""
    if not count:
        return Page([], is_truncated=False)
    entries: list[ObjectInfo | str] = []
    for entry in _entries(store, bucket, prefix, delimiter, after, count + 1):
        if len(entries) == count:
            return Page(entries, is_truncated=True)
        entries.append(entry)
    return Page(entries, is_truncated=False)


def _entries(
    store: ObjectStore, bucket: str, prefix: str, delimiter: str, after: str, count: int
) -> Iterator[ObjectInfo | str]:
    start: str | None = _start(prefix, delimiter, after)
    while start is not None:
        page = store.page(bucket, start, prefix, count)
        start = page[-1].key + "\0" if len(page) == count else None
        for info in page:
            common = common_prefix(info.key, prefix, delimiter)
            if common is None:
                yield info
                continue
            yield common
            start = successor(common)  # one look-up passes over all that the common prefix stands for
            break


def _start(prefix: str, delimiter: str, after: str) -> str | None:
    if not after:
        return prefix
    is_common = common_prefix(after, prefix, delimiter) == after  # the last entry of the page before
    return successor(after) if is_common else after + "\0"


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """Return the key up to the first delimiter after the prefix; None without one."""
    if not delimiter or not key.startswith(prefix):
        return None
    end = key.find(delimiter, len(prefix))
    return None if end < 0 else key[: end + len(delimiter)]


def key_encoder(call: Call) -> Callable[[str], str]:
    """Return what encodes keys in the answer, as the call asks for."""
    encoding = call.query.get("encoding-type")
    if encoding not in (None, "url"):
        raise AwsError("InvalidArgument", "Invalid Encoding Method specified in Request")
    return (lambda text: quote(text, safe="/~")) if encoding else str


def _content(info: ObjectInfo, encode: Callable[[str], str], owner: str | None) -> list[tuple[str, Any]]:
    checksum = info.properties.checksum
    return [
        ("Key", encode(info.key)),
        ("LastModified", xml.iso8601(info.last_modified)),
        ("ETag", f'"{info.etag}"'),
        ("ChecksumAlgorithm", checksum.get("algorithm")),
        ("ChecksumType", checksum.get("type")),
        ("Size", info.size),
        ("Owner", [("ID", owner)] if owner else None),
        ("StorageClass", info.properties.storage_class),
    ]


def _entry_members(page: Page, encode: Callable[[str], str], owner: str | None) -> list[tuple[str, Any]]:
    contents = [("Contents", _content(entry, encode, owner)) for entry in page.entries if isinstance(entry, ObjectInfo)]
    prefixes = [("CommonPrefixes", [("Prefix", encode(entry))]) for entry in page.entries if isinstance(entry, str)]
    return [*contents, *prefixes]


@s3_operation("ListObjects", "GET", "bucket")
def list_objects(call: Call) -> HttpResponse:
    if call.query.get("list-type") == "2":
        return _list_objects_v2(call)
    call.store.require_bucket(call.bucket)
    encode = key_encoder(call)
    prefix, delimiter, marker = (call.query.get(name, "") for name in ("prefix", "delimiter", "marker"))
    count = call.number("max-keys", LONGEST_PAGE, LONGEST_PAGE)
    after = common_prefix(marker, prefix, delimiter) or marker  # what the marker lies in was given before
    page = list_page(call.store, call.bucket, prefix, delimiter, after, count)
    return answer_xml(
        "ListBucketResult",
        [
            ("Name", call.bucket),
            ("Prefix", encode(prefix)),
            ("Marker", encode(marker)),
            ("NextMarker", encode(page.last) if page.is_truncated and delimiter else None),
            ("MaxKeys", count),
            ("Delimiter", encode(delimiter) if delimiter else None),
            ("EncodingType", call.query.get("encoding-type")),
            ("IsTruncated", page.is_truncated),
            *_entry_members(page, encode, call.account),
        ],
    )


def _list_objects_v2(call: Call) -> HttpResponse:
    call.store.require_bucket(call.bucket)
    encode = key_encoder(call)
    prefix, delimiter, start_after = (call.query.get(name, "") for name in ("prefix", "delimiter", "start-after"))
    token = call.query.get("continuation-token")
    count = call.number("max-keys", LONGEST_PAGE, LONGEST_PAGE)
    after = start_after if token is None else _from_token(token)
    page = list_page(call.store, call.bucket, prefix, delimiter, after, count)
    owner = call.account if call.query.get("fetch-owner") == "true" else None
    return answer_xml(
        "ListBucketResult",
        [
            ("Name", call.bucket),
            ("Prefix", encode(prefix)),
            ("StartAfter", encode(start_after) if start_after else None),
            ("ContinuationToken", token),
            ("NextContinuationToken", _to_token(page.last) if page.is_truncated else None),
            ("KeyCount", len(page.entries)),
            ("MaxKeys", count),
            ("Delimiter", encode(delimiter) if delimiter else None),
            ("EncodingType", call.query.get("encoding-type")),
            ("IsTruncated", page.is_truncated),
            *_entry_members(page, encode, owner),
        ],
    )


def _to_token(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _from_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect") from None
