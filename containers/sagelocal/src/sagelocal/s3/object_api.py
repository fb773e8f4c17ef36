"""The operations on objects."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import BinaryIO

from sagelocal.errors import AwsError
from sagelocal.exchange import FileRange, HttpResponse, content_length, query_pairs
from sagelocal.s3 import checksums
from sagelocal.s3.call import Call, new_version_header, s3_operation, version_header
from sagelocal.s3.conditions import NotModified, check_read, write_condition
from sagelocal.s3.info import DEFAULT_CONTENT_TYPE, DEFAULT_STORAGE_CLASS, ObjectInfo, Properties
from sagelocal.s3.spans import wanted_span

LARGEST_PUT = 5 << 30  # bytes
_SENT_AS_BYTES = 64 << 10  # below this a read and a write cost less than sending the file
_LONGEST_KEY = 1024  # bytes
_LARGEST_METADATA = 2 << 10  # bytes of names and values
_METADATA = "x-amz-meta-"
# Headers that are kept with the object and given back as they came; those of the storage are no copy's to inherit.
STORAGE_HEADERS = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
)
_KEPT_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    *STORAGE_HEADERS,
)
_RESPONSE_OVERRIDES = {
    f"response-{name}": name.title()
    for name in (
        "cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"
    )
}  # fmt: skip


def read_properties(call: Call) -> Properties:
    """Return what a request's headers say of the object it writes, its checksum aside."""
    if len(call.key.encode()) > _LONGEST_KEY:
        raise AwsError("KeyTooLongError", "Your key is too long", Size=len(call.key.encode()))
    headers = call.headers
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    codings = [coding.strip() for coding in kept.pop("content-encoding", "").split(",")]
    content_encoding = ", ".join(coding for coding in codings if coding and coding != "aws-chunked")
    if content_encoding:
        kept["content-encoding"] = content_encoding
    if kept.get("x-amz-storage-class") == DEFAULT_STORAGE_CLASS:
        del kept["x-amz-storage-class"]  # S3 names the others only
    return Properties(
        content_type=headers.get("content-type") or DEFAULT_CONTENT_TYPE,
        metadata=_metadata(headers),
        headers=kept,
        tags=_tags(headers.get("x-amz-tagging", "")),
    )


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    found = {name.removeprefix(_METADATA): value for name, value in headers.items() if name.startswith(_METADATA)}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in found.items())
    if size > _LARGEST_METADATA:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise AwsError("MetadataTooLarge", message, Size=size, MaxSizeAllowed=_LARGEST_METADATA)
    return found


def _tags(header: str) -> dict[str, str]:
    pairs = query_pairs(header)
    tags = dict(pairs)
    if len(tags) < len(pairs):
        message = (
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
            "without tag name duplicates."
        )
        raise AwsError("InvalidArgument", message)
    return check_tags(tags)


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return an object's tags; `InvalidTag` if S3 allows no such tags."""
    if len(tags) > 10:
        raise AwsError("BadRequest", "Object tags cannot be greater than 10")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise AwsError("InvalidTag", "The TagKey or TagValue you have provided is invalid")
    return tags


def checksum_headers(checksum: dict[str, str]) -> dict[str, str]:
    """Return the headers that carry a stored checksum."""
    if not checksum:
        return {}
    name = f"{checksums.PREFIX}{checksum['algorithm'].lower()}"
    return {name: checksum["value"], f"{checksums.PREFIX}type": checksum["type"]}


@s3_operation("PutObject", "PUT", "object")
def put_object(call: Call) -> HttpResponse:
    if not call.headers.keys() & {"content-length", "transfer-encoding"}:
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    properties = read_properties(call)
    condition = write_condition(call.headers)
    call.store.require_bucket(call.bucket)
    with call.store.blobs.new(content_length(call.headers)) as writer:
        writer.write_from(call.payload, LARGEST_PUT)
        if call.payload.algorithm:
            properties.checksum.update(
                algorithm=call.payload.algorithm, value=call.payload.checksum, type=checksums.FULL_OBJECT
            )
        info = call.store.commit(call.bucket, call.key, writer, properties, condition=condition)
    headers = {"ETag": f'"{info.etag}"', **checksum_headers(properties.checksum), **new_version_header(info)}
    return HttpResponse(200, headers)


def _object_headers(call: Call, info: ObjectInfo) -> dict[str, str]:
    headers = {
        "Content-Type": info.content_type,
        "ETag": f'"{info.etag}"',
        "Last-Modified": formatdate(info.last_modified, usegmt=True),
        "Accept-Ranges": "bytes",
        **version_header(info),
        **{name.title(): value for name, value in info.properties.headers.items()},
        **{_METADATA + name: value for name, value in info.metadata.items()},
    }
    if info.properties.tags:
        headers["x-amz-tagging-count"] = str(len(info.properties.tags))
    for parameter, name in _RESPONSE_OVERRIDES.items():
        if parameter in call.query:
            headers[name] = call.query[parameter]
    return headers


def _open(call: Call) -> tuple[ObjectInfo, BinaryIO]:
    """Look an object up and open its blob, which may be replaced and collected in between."""
    info = call.found()
    try:
        return info, info.path.open("rb", buffering=0)
    except FileNotFoundError:
        info = call.found()
        return info, info.path.open("rb", buffering=0)


@s3_operation("GetObject", "GET", "object")
def get_object(call: Call) -> HttpResponse:
    info, file = _open(call)
    try:
        response, start = _read_response(call, info)
    except BaseException:
        file.close()
        raise
    size = int(response.headers.get("Content-Length", "0"))
    if size <= _SENT_AS_BYTES:
        with file:
            file.seek(start)
            response.body = file.read(size)
    else:
        response.body = FileRange(file, start, size)
    return response


@s3_operation("HeadObject", "HEAD", "object")
def head_object(call: Call) -> HttpResponse:
    return _read_response(call, call.found())[0]


def _read_response(call: Call, info: ObjectInfo) -> tuple[HttpResponse, int]:
    """Return the response, its body aside, and where the body begins."""
    headers = _object_headers(call, info)
    try:
        check_read(call.headers, info)
    except NotModified:
        return HttpResponse(304, {name: headers[name] for name in ("ETag", "Last-Modified")}), 0
    span = wanted_span(call, info)
    if call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        headers |= checksum_headers(span.checksum)
    if span.part_count:
        headers["x-amz-mp-parts-count"] = str(span.part_count)
    headers["Content-Length"] = str(span.size)
    if not span.is_partial:
        return HttpResponse(200, headers), 0
    headers["Content-Range"] = f"bytes {span.start}-{span.start + span.size - 1}/{info.size}"
    return HttpResponse(206, headers), span.start


@s3_operation("DeleteObject", "DELETE", "object")
def delete_object(call: Call) -> HttpResponse:
    if call.version is None:
        marker = call.store.delete(call.bucket, call.key, write_condition(call.headers))
        return HttpResponse(204, _deleted_headers(marker) if marker else {})
    if call.headers.keys() & {"if-match", "if-none-match"}:
        raise AwsError("NotImplemented", "sagelocal's S3 does not have conditions on the removal of a version.", 501)
    removed = call.store.delete_version(call.bucket, call.key, call.version)
    return HttpResponse(204, _deleted_headers(removed) if removed else {"x-amz-version-id": call.version})


def _deleted_headers(info: ObjectInfo) -> dict[str, str]:
    return version_header(info) | ({"x-amz-delete-marker": "true"} if info.is_marker else {})
