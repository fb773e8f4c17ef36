"""Lists of versions, newest first within each key.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import versions, xml
from sagelocal.s3.call import Call, answer_xml, check_identifier, s3_operation
from sagelocal.s3.keys import successor
from sagelocal.s3.listing import LONGEST_PAGE, common_prefix, key_encoder
from sagelocal.s3.objects import ListedVersion, ObjectStore, Position


@s3_operation("ListObjectVersions", "GET", "bucket", "versions")
def list_object_versions(call: Call) -> HttpResponse:
    call.store.require_bucket(call.bucket)
    encode = key_encoder(call)
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    count = call.number("max-keys", LONGEST_PAGE, LONGEST_PAGE)
    entries = _entries(call.store, call.bucket, prefix, delimiter, _start(call, prefix, delimiter), count + 1)
    found = list(entries) if count else []
    page, is_truncated = found[:count], len(found) > count
    return answer_xml(
        "ListVersionsResult",
        [
            ("Name", call.bucket),
            ("Prefix", encode(prefix)),
            ("KeyMarker", encode(call.query.get("key-marker", ""))),
            ("VersionIdMarker", call.query.get("version-id-marker", "")),
            *(_next(page[-1], encode) if is_truncated else ()),
            ("MaxKeys", count),
            ("Delimiter", encode(delimiter) if delimiter else None),
            ("EncodingType", call.query.get("encoding-type")),
            ("IsTruncated", is_truncated),
            *(_members(entry, encode, call.account) for entry in page if isinstance(entry, ListedVersion)),
            *(("CommonPrefixes", [("Prefix", encode(entry))]) for entry in page if isinstance(entry, str)),
        ],
    )


def _entries(
    store: ObjectStore, bucket: str, prefix: str, delimiter: str, after: Position | None, count: int
) -> Iterator[ListedVersion | str]:
    """Yield at most `count` versions and common prefixes beyond a position."""
    left = count
    while after is not None:
        page = store.page_of_versions(bucket, after, prefix, left)
        after = page[-1].position if len(page) == left else None
        for version in page:
            common = common_prefix(version.info.key, prefix, delimiter)
            yield version if common is None else common
            left -= 1
            if not left:
                return
            if common is not None:
                after = _beyond(common)
                break


def _beyond(common: str) -> Position | None:
    """Return the position after all that a common prefix stands for."""
    key = successor(common)
    return None if key is None else (key, versions.BEFORE_ALL)


def _start(call: Call, prefix: str, delimiter: str) -> Position | None:
    key, version = call.query.get("key-marker", ""), call.query.get("version-id-marker", "")
    if version and not key:
        message = "A version-id marker cannot be specified without a key marker."
        raise AwsError("InvalidArgument", message, ArgumentName="version-id-marker", ArgumentValue=version)
    if not key:
        return prefix, versions.BEFORE_ALL
    if common := common_prefix(key, prefix, delimiter):
        return _beyond(common)
    return key, _rank(call, key, version) if version else versions.AFTER_ALL


def _rank(call: Call, key: str, version: str) -> int:
    """Return the rank of a version, which may have been deleted since its page was listed."""
    check_identifier(version, "version-id-marker")
    rank = versions.rank_of(version)
    return call.store.rank_of_null(call.bucket, key) if rank is None else rank


def _next(last: ListedVersion | str, encode: Callable[[str], str]) -> list[tuple[str, Any]]:
    if isinstance(last, str):
        return [("NextKeyMarker", encode(last))]
    key, rank = last.position
    marker = last.info.version
    if marker in (None, versions.NULL):
        marker = versions.new_identifier(rank)  # unlike "null" it still names the place when that is deleted
    return [("NextKeyMarker", encode(key)), ("NextVersionIdMarker", marker)]


def _members(version: ListedVersion, encode: Callable[[str], str], owner: str) -> tuple[str, Any]:
    info = version.info
    checksum = info.properties.checksum
    of_a_version = [
        ("ETag", f'"{info.etag}"'),
        ("ChecksumAlgorithm", checksum.get("algorithm")),
        ("ChecksumType", checksum.get("type")),
        ("Size", info.size),
        ("StorageClass", info.properties.storage_class),
    ]
    members = [
        ("Key", encode(info.key)),
        ("VersionId", info.version or versions.NULL),
        ("IsLatest", version.is_latest),
        ("LastModified", xml.iso8601(info.last_modified)),
        *([] if info.is_marker else of_a_version),
        ("Owner", [("ID", owner)]),
    ]
    return "DeleteMarker" if info.is_marker else "Version", members
