"""The operations on objects."""

from __future__ import annotations

from email.utils import formatdate
from typing import BinaryIO

from sagelocal.errors import AwsError
from sagelocal.exchange import FileRange, HttpResponse, content_length, query_pairs
from sagelocal.s3 import checksums, xml
from sagelocal.s3.call import Call, answer_xml, s3_operation, split_path
from sagelocal.s3.conditions import NotModified, byte_range, check_read, write_condition
from sagelocal.s3.objects import DEFAULT_CONTENT_TYPE, ObjectInfo, Properties

LARGEST_PUT = 5 << 30  # bytes
_SENT_AS_BYTES = 64 << 10  # below this a read and a write cost less than sending the file
_LONGEST_KEY = 1024  # bytes
_METADATA = "x-amz-meta-"
# Headers that are kept with the object and given back as they came.
_KEPT_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
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
    return Properties(
        content_type=headers.get("content-type") or DEFAULT_CONTENT_TYPE,
        metadata={name.removeprefix(_METADATA): value for name, value in headers.items() if name.startswith(_METADATA)},
        headers=kept,
        tags=check_tags(dict(query_pairs(headers.get("x-amz-tagging", "")))),
    )


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
    return HttpResponse(200, {"ETag": f'"{info.etag}"', **checksum_headers(properties.checksum)})


def _object_headers(call: Call, info: ObjectInfo) -> dict[str, str]:
    headers = {
        "Content-Type": info.content_type,
        "ETag": f'"{info.etag}"',
        "Last-Modified": formatdate(info.last_modified, usegmt=True),
        "Accept-Ranges": "bytes",
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
    info = call.store.get(call.bucket, call.key)
    try:
        return info, info.path.open("rb", buffering=0)
    except FileNotFoundError:
        info = call.store.get(call.bucket, call.key)
        return info, info.path.open("rb", buffering=0)


@s3_operation("GetObject", "GET", "object")
def get_object(call: Call) -> HttpResponse:
    info, file = _open(call)
    try:
        response = _read_response(call, info)
        start, size = byte_range(call.headers.get("range"), info.size) or (0, info.size)
    except BaseException:
        file.close()
        raise
    if response.status == 304:
        file.close()
    elif size <= _SENT_AS_BYTES:
        with file:
            file.seek(start)
            response.body = file.read(size)
    else:
        response.body = FileRange(file, start, size)
    return response


@s3_operation("HeadObject", "HEAD", "object")
def head_object(call: Call) -> HttpResponse:
    return _read_response(call, call.store.get(call.bucket, call.key))


def _read_response(call: Call, info: ObjectInfo) -> HttpResponse:
    headers = _object_headers(call, info)
    try:
        check_read(call.headers, info)
    except NotModified:
        return HttpResponse(304, {name: headers[name] for name in ("ETag", "Last-Modified")})
    wanted = byte_range(call.headers.get("range"), info.size)
    if wanted is not None:
        start, size = wanted
        headers["Content-Range"] = f"bytes {start}-{start + size - 1}/{info.size}"
        headers["Content-Length"] = str(size)
        return HttpResponse(206, headers)  # without the checksum, which is the whole object's
    if call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        headers |= checksum_headers(info.properties.checksum)
    headers["Content-Length"] = str(info.size)
    return HttpResponse(200, headers)


@s3_operation("DeleteObject", "DELETE", "object")
def delete_object(call: Call) -> HttpResponse:
    call.store.delete_if(call.bucket, call.key, write_condition(call.headers))
    return HttpResponse(204, {})


def copy_source(call: Call) -> ObjectInfo:
    """Return the object that a copy reads, if the copy's conditions allow."""
    source, _, version = call.headers["x-amz-copy-source"].partition("?")
    if version:
        raise AwsError("NotImplemented", "sagelocal does not have versions: x-amz-copy-source names one.", 501)
    info = call.store.get(*split_path("/" + source.lstrip("/")))
    try:
        check_read(call.headers, info, "x-amz-copy-source-")
    except NotModified:
        message = "At least one of the pre-conditions you specified did not hold"
        raise AwsError("PreconditionFailed", message, 412) from None
    return info


@s3_operation("CopyObject", "PUT", "object", "copy")
def copy_object(call: Call) -> HttpResponse:
    source = copy_source(call)
    asked = read_properties(call)
    is_replaced = call.headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
    if not is_replaced and (source.bucket, source.key) == (call.bucket, call.key):
        message = (
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
        raise AwsError("InvalidRequest", message)
    kept = asked if is_replaced else source.properties
    are_tags_replaced = call.headers.get("x-amz-tagging-directive", "COPY") == "REPLACE"
    tags = asked.tags if are_tags_replaced else source.properties.tags
    is_single = "-" not in source.etag
    checksum = source.properties.checksum if is_single else {}
    properties = Properties(kept.content_type, kept.metadata, kept.headers, tags, checksum)
    with call.store.blobs.new() as writer, source.path.open("rb", buffering=0) as file:
        if is_single:
            writer.append_file(file, source.size)
        else:
            writer.write_from(file, LARGEST_PUT)
        info = call.store.commit(
            call.bucket,
            call.key,
            writer,
            properties,
            etag=source.etag if is_single else None,
            condition=write_condition(call.headers),
        )
    members = [("LastModified", xml.iso8601(info.last_modified)), ("ETag", f'"{info.etag}"')]
    return answer_xml("CopyObjectResult", members)


@s3_operation("GetObjectTagging", "GET", "object", "tagging")
def get_object_tagging(call: Call) -> HttpResponse:
    tags = call.store.get(call.bucket, call.key).properties.tags
    members = [("Tag", [("Key", key), ("Value", value)]) for key, value in tags.items()]
    return answer_xml("Tagging", [("TagSet", members)])


@s3_operation("PutObjectTagging", "PUT", "object", "tagging")
def put_object_tagging(call: Call) -> HttpResponse:
    found = xml.parse(call.payload.document()).iterfind("TagSet/Tag")
    tags = {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in found}
    call.store.set_tags(call.bucket, call.key, check_tags(tags))
    return HttpResponse(200, {})


@s3_operation("DeleteObjectTagging", "DELETE", "object", "tagging")
def delete_object_tagging(call: Call) -> HttpResponse:
    call.store.set_tags(call.bucket, call.key, {})
    return HttpResponse(204, {})
