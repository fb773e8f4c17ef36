"""The operations on buckets."""

from __future__ import annotations

import re
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import versions, xml
from sagelocal.s3.call import Call, answer_xml, s3_operation
from sagelocal.s3.errors import no_such_version

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@s3_operation("ListBuckets", "GET", "service")
def list_buckets(call: Call) -> HttpResponse:
    prefix, after = call.query.get("prefix", ""), call.query.get("continuation-token", "")
    found = [bucket for bucket in call.store.buckets() if bucket[0].startswith(prefix) and bucket[0] > after]
    page = found[: call.number("max-buckets", 10_000, 10_000)]
    buckets = [("Bucket", [("Name", name), ("CreationDate", xml.iso8601(created))]) for name, created in page]
    members = [
        ("Owner", [("ID", call.account)]),
        ("Buckets", buckets),
        ("Prefix", prefix or None),
        ("ContinuationToken", page[-1][0] if page and len(page) < len(found) else None),
    ]
    return answer_xml("ListAllMyBucketsResult", members)


@s3_operation("CreateBucket", "PUT", "bucket")
def create_bucket(call: Call) -> HttpResponse:
    _check_location(call)
    if not _NAME.fullmatch(call.bucket) or _ADDRESS.fullmatch(call.bucket) or ".." in call.bucket:
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", BucketName=call.bucket)
    # S3 in us-east-1, and only there, lets an owner create a bucket once more
    if not call.store.create_bucket(call.bucket) and call.region != "us-east-1":
        message = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError("BucketAlreadyOwnedByYou", message, 409, BucketName=call.bucket)
    return HttpResponse(200, {"Location": f"/{call.bucket}"})


def _check_location(call: Call) -> None:
    body = call.payload.document()
    element = xml.parse(body).find("LocationConstraint") if body else None
    location = element.text if element is not None else None
    wanted = None if call.region == "us-east-1" else call.region
    if location != wanted:
        message = f"The {location or 'unspecified'} location constraint is incompatible for the region served here."
        raise AwsError("IllegalLocationConstraintException", f"{message} It is {call.region}.")


@s3_operation("HeadBucket", "HEAD", "bucket")
def head_bucket(call: Call) -> HttpResponse:
    call.store.require_bucket(call.bucket)
    return HttpResponse(200, {"x-amz-bucket-region": call.region})


@s3_operation("DeleteBucket", "DELETE", "bucket")
def delete_bucket(call: Call) -> HttpResponse:
    call.store.delete_bucket(call.bucket)
    return HttpResponse(204, {})


@s3_operation("GetBucketLocation", "GET", "bucket", "location")
def get_bucket_location(call: Call) -> HttpResponse:
    call.store.require_bucket(call.bucket)
    region = "" if call.region == "us-east-1" else call.region
    namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint {namespace}>{region}</LocationConstraint>'
    return HttpResponse(200, {"Content-Type": "application/xml"}, body.encode())


@s3_operation("GetBucketVersioning", "GET", "bucket", "versioning")
def get_bucket_versioning(call: Call) -> HttpResponse:
    # no status: versions were never kept
    return answer_xml("VersioningConfiguration", [("Status", call.store.versioning(call.bucket))])


@s3_operation("PutBucketVersioning", "PUT", "bucket", "versioning")
def put_bucket_versioning(call: Call) -> HttpResponse:
    root = xml.parse(call.payload.document())
    status = root.findtext("Status")
    call.store.require_bucket(call.bucket)
    if status is None:
        message = "The Versioning element must be specified"
        raise AwsError("IllegalVersioningConfigurationException", message)
    if status not in (versions.ENABLED, versions.SUSPENDED):
        raise xml.malformed()
    if root.findtext("MfaDelete") == "Enabled":
        raise AwsError("NotImplemented", "sagelocal's S3 does not have MfaDelete.", 501)
    call.store.set_versioning(call.bucket, status)
    return HttpResponse(200, {})


@s3_operation("DeleteObjects", "POST", "bucket", "delete")
def delete_objects(call: Call) -> HttpResponse:
    root = xml.parse(call.payload.document())
    call.store.require_bucket(call.bucket)
    objects = root.findall("Object")
    if not objects or len(objects) > 1000:
        raise xml.malformed()
    is_quiet = root.findtext("Quiet") == "true"
    results = [_delete(call, element.findtext("Key") or "", element.findtext("VersionId")) for element in objects]
    return answer_xml("DeleteResult", [result for result in results if not is_quiet or result[0] == "Error"])


def _delete(call: Call, key: str, version: str | None) -> tuple[str, Any]:
    """Delete one of many objects; return the member of the answer that tells of it."""
    if version is None:
        marker = call.store.delete(call.bucket, key)
        hidden = [("DeleteMarker", True), ("DeleteMarkerVersionId", marker.version)] if marker else []
        return "Deleted", [("Key", key), *hidden]
    if not versions.is_identifier(version):
        error = no_such_version(key, version)
        return "Error", [("Key", key), ("VersionId", version), ("Code", error.code), ("Message", error.message)]
    removed = call.store.delete_version(call.bucket, key, version)
    is_marker = removed is not None and removed.is_marker
    marked = [("DeleteMarker", True), ("DeleteMarkerVersionId", version)] if is_marker else []
    return "Deleted", [("Key", key), ("VersionId", version), *marked]
