"""Copies of objects."""

from __future__ import annotations

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import xml
from sagelocal.s3.call import Call, answer_xml, check_identifier, read_query, s3_operation, split_path, version_header
from sagelocal.s3.conditions import NotModified, check_read, write_condition
from sagelocal.s3.info import ObjectInfo, Properties
from sagelocal.s3.object_api import LARGEST_PUT, STORAGE_HEADERS, read_properties
from sagelocal.s3.versions import NULL


def copy_source(call: Call) -> ObjectInfo:
    """Return the object that a copy reads, if the copy's conditions allow."""
    path, version = _source(call)
    bucket, key = split_path("/" + path.lstrip("/"))
    info = call.store.get(bucket, key) if version is None else call.store.version(bucket, key, version)
    if info.is_marker:
        message = "The source of a copy request may not specifically refer to a delete marker by version id."
        raise AwsError("InvalidRequest", message)
    try:
        check_read(call.headers, info, "x-amz-copy-source-")
    except NotModified:
        message = "At least one of the pre-conditions you specified did not hold"
        raise AwsError("PreconditionFailed", message, 412) from None
    return info


def _source(call: Call) -> tuple[str, str | None]:
    path, _, query = call.headers["x-amz-copy-source"].partition("?")
    version = read_query(query).get("versionId")
    if version is not None:
        check_identifier(version)
    return path, version


def source_version_header(source: ObjectInfo) -> dict[str, str]:
    """Return the header that names the version a copy was made of."""
    return {"x-amz-copy-source-version-id": source.version} if source.version and source.version != NULL else {}


@s3_operation("CopyObject", "PUT", "object", "copy")
def copy_object(call: Call) -> HttpResponse:
    source = copy_source(call)
    asked = read_properties(call)
    is_replaced = call.headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
    is_itself = (source.bucket, source.key) == (call.bucket, call.key)
    is_changed = is_replaced or any(name in call.headers for name in STORAGE_HEADERS)
    if is_itself and not is_changed and _source(call)[1] is None:
        message = (
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
        raise AwsError("InvalidRequest", message)
    kept = asked if is_replaced else source.properties
    headers = {name: value for name, value in kept.headers.items() if name not in STORAGE_HEADERS}
    headers |= {name: value for name, value in asked.headers.items() if name in STORAGE_HEADERS}
    are_tags_replaced = call.headers.get("x-amz-tagging-directive", "COPY") == "REPLACE"
    tags = asked.tags if are_tags_replaced else source.properties.tags
    is_single = "-" not in source.etag
    checksum = source.properties.checksum if is_single else {}
    properties = Properties(kept.content_type, kept.metadata, headers, tags, checksum)
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
    return answer_xml("CopyObjectResult", members, version_header(info) | source_version_header(source))
