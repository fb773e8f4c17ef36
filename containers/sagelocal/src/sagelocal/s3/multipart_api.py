"""The operations on multipart uploads."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse, content_length, is_number
from sagelocal.s3 import checksums, xml
from sagelocal.s3.call import Call, answer_xml, new_version_header, s3_operation
from sagelocal.s3.conditions import write_condition
from sagelocal.s3.copy_api import copy_source, source_version_header
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.listing import key_encoder
from sagelocal.s3.multipart import Upload
from sagelocal.s3.object_api import LARGEST_PUT, read_properties
from sagelocal.s3.spans import MOST_PARTS, part_number

_COPIED_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_FULL_ONLY = frozenset({"CRC64NVME"})
_COMPOSITE_ONLY = frozenset({"SHA1", "SHA256"})


def _asked_checksum(call: Call) -> dict[str, str]:
    algorithm = call.headers.get("x-amz-checksum-algorithm", "").upper()
    if not algorithm:
        return {}
    checksums.hasher(algorithm)
    default = checksums.FULL_OBJECT if algorithm in _FULL_ONLY else checksums.COMPOSITE
    kind = call.headers.get("x-amz-checksum-type", default).upper()
    wrong = {checksums.COMPOSITE: _FULL_ONLY, checksums.FULL_OBJECT: _COMPOSITE_ONLY}.get(kind, checksums.ALGORITHMS)
    if algorithm in wrong:
        message = f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        raise AwsError("InvalidRequest", message)
    return {"algorithm": algorithm, "type": kind}


@s3_operation("CreateMultipartUpload", "POST", "object", "uploads")
def create_multipart_upload(call: Call) -> HttpResponse:
    asked = _asked_checksum(call)
    upload = call.uploads.create(call.bucket, call.key, replace(read_properties(call), checksum=asked))
    headers = {f"{checksums.PREFIX}{name}": value for name, value in asked.items()}
    members = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload.identifier)]
    return answer_xml("InitiateMultipartUploadResult", members, headers)


def _upload(call: Call) -> Upload:
    return call.uploads.get(call.bucket, call.key, call.query["uploadId"])


@s3_operation("UploadPart", "PUT", "object", "uploadId")
def upload_part(call: Call) -> HttpResponse:
    upload, number = _upload(call), part_number(call)
    wanted, algorithm = upload.properties.checksum.get("algorithm"), call.payload.algorithm
    if wanted and algorithm != wanted:
        types = f"expected checksum Type: {wanted.lower()}, actual checksum Type: {(algorithm or 'null').lower()}"
        raise AwsError("InvalidRequest", f"Checksum Type mismatch occurred, {types}")
    with call.store.blobs.new(content_length(call.headers)) as writer:
        writer.write_from(call.payload, LARGEST_PUT)
        part = call.uploads.add_part(upload, number, writer, call.payload.checksum if wanted else "")
    sent = {f"{checksums.PREFIX}{algorithm.lower()}": call.payload.checksum} if algorithm else {}
    return HttpResponse(200, {"ETag": f'"{part.etag}"', **sent})


def _copied_range(call: Call, source: ObjectInfo) -> tuple[int, int]:
    """Return the first byte and the number of bytes; unlike a range that is read it must lie within the object."""
    header = call.headers.get("x-amz-copy-source-range")
    if header is None:
        return 0, source.size
    found = _COPIED_RANGE.fullmatch(header)
    if found is None or int(found[2]) < int(found[1]):
        message = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise AwsError("InvalidArgument", message)
    if int(found[2]) >= source.size:
        raise AwsError("InvalidArgument", f"Range specified is not valid for source object of size: {source.size}")
    return int(found[1]), int(found[2]) - int(found[1]) + 1


@s3_operation("UploadPartCopy", "PUT", "object", "uploadId copy")
def upload_part_copy(call: Call) -> HttpResponse:
    upload, number = _upload(call), part_number(call)
    source = copy_source(call)
    start, size = _copied_range(call, source)
    algorithm = upload.properties.checksum.get("algorithm")
    hasher = checksums.hasher(algorithm) if algorithm else None
    with call.store.blobs.new() as writer, source.path.open("rb", buffering=0) as file:
        file.seek(start)
        while size and (data := file.read(min(size, 1 << 20))):
            size -= len(data)
            writer.write(data)
            if hasher:
                hasher.update(data)
        part = call.uploads.add_part(upload, number, writer, checksums.encoded(hasher.digest()) if hasher else "")
    members = [("LastModified", xml.iso8601(part.modified)), ("ETag", f'"{part.etag}"')]
    return answer_xml("CopyPartResult", members, source_version_header(source))


@s3_operation("CompleteMultipartUpload", "POST", "object", "uploadId")
def complete_multipart_upload(call: Call) -> HttpResponse:
    root = xml.parse(call.payload.document())
    wanted = []
    for element in root.findall("Part"):
        number = element.findtext("PartNumber") or ""
        if not is_number(number):
            raise xml.malformed()
        wanted.append((int(number), element.findtext("ETag") or ""))
    if not wanted:
        raise xml.malformed()
    info = call.uploads.completed(call.bucket, call.key, call.query["uploadId"]) or _complete(call, wanted)
    checksum = info.properties.checksum
    members = [
        ("Location", f"http://{call.headers['host']}/{call.bucket}/{call.key}"),
        ("Bucket", call.bucket),
        ("Key", call.key),
        ("ETag", f'"{info.etag}"'),
        (f"Checksum{checksum.get('algorithm')}", checksum.get("value")),
        ("ChecksumType", checksum.get("type")),
    ]
    return answer_xml("CompleteMultipartUploadResult", members, new_version_header(info))


def _complete(call: Call, wanted: list[tuple[int, str]]) -> ObjectInfo:
    upload = _upload(call)
    algorithm = upload.properties.checksum.get("algorithm", "")
    expected = call.headers.get(f"{checksums.PREFIX}{algorithm.lower()}")
    return call.uploads.complete(upload, wanted, write_condition(call.headers), expected)


@s3_operation("AbortMultipartUpload", "DELETE", "object", "uploadId")
def abort_multipart_upload(call: Call) -> HttpResponse:
    call.uploads.abort(_upload(call))
    return HttpResponse(204, {})


@s3_operation("ListParts", "GET", "object", "uploadId")
def list_parts(call: Call) -> HttpResponse:
    upload = _upload(call)
    marker = call.number("part-number-marker", 0, MOST_PARTS)
    count = call.number("max-parts", 1000, 1000)
    left = [part for part in call.uploads.parts(upload) if part.number > marker]
    page = left[:count]
    algorithm = upload.properties.checksum.get("algorithm", "")
    parts: list[tuple[str, Any]] = [
        (
            "Part",
            [
                ("PartNumber", part.number),
                ("LastModified", xml.iso8601(part.modified)),
                ("ETag", f'"{part.etag}"'),
                ("Size", part.size),
                (f"Checksum{algorithm}", part.checksum or None),
            ],
        )
        for part in page
    ]
    members = [
        ("Bucket", call.bucket),
        ("Key", call.key),
        ("UploadId", upload.identifier),
        ("StorageClass", upload.properties.storage_class),
        ("PartNumberMarker", marker),
        ("NextPartNumberMarker", page[-1].number if page else marker),
        ("MaxParts", count),
        ("IsTruncated", len(left) > len(page)),
        ("ChecksumAlgorithm", algorithm or None),
        ("ChecksumType", upload.properties.checksum.get("type")),
        *parts,
    ]
    return answer_xml("ListPartsResult", members)


@s3_operation("ListMultipartUploads", "GET", "bucket", "uploads")
def list_multipart_uploads(call: Call) -> HttpResponse:
    prefix = call.query.get("prefix", "")
    if call.query.get("delimiter"):
        raise AwsError("NotImplemented", "sagelocal does not have ListMultipartUploads with a delimiter.", 501)
    encode = key_encoder(call)
    count = call.number("max-uploads", 1000, 1000)
    after = (call.query.get("key-marker", ""), call.query.get("upload-id-marker", ""))
    everything = call.uploads.of_bucket(call.bucket, prefix)
    left = everything[_position(everything, after) :]
    page = left[:count]
    uploads: list[tuple[str, Any]] = [
        (
            "Upload",
            [
                ("Key", encode(upload.key)),
                ("UploadId", upload.identifier),
                ("Initiator", [("ID", call.account)]),
                ("Owner", [("ID", call.account)]),
                ("StorageClass", upload.properties.storage_class),
                ("Initiated", xml.iso8601(upload.initiated)),
            ],
        )
        for upload in page
    ]
    is_truncated = len(left) > len(page)
    members = [
        ("Bucket", call.bucket),
        ("KeyMarker", encode(after[0])),
        ("UploadIdMarker", after[1]),
        ("NextKeyMarker", encode(page[-1].key) if is_truncated else None),
        ("NextUploadIdMarker", page[-1].identifier if is_truncated else None),
        ("Prefix", encode(prefix)),
        ("EncodingType", call.query.get("encoding-type")),
        ("MaxUploads", count),
        ("IsTruncated", is_truncated),
        *uploads,
    ]
    return answer_xml("ListMultipartUploadsResult", members)


def _position(uploads: list[Upload], after: tuple[str, str]) -> int:
    key, identifier = after
    if not key:
        return 0
    for index, upload in enumerate(uploads):
        if upload.key > key:
            return index
        if upload.key == key and upload.identifier == identifier:
            return index + 1
    return len(uploads)
