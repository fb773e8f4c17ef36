"""The operations on buckets."""

from __future__ import annotations

import re
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import xml
from sagelocal.s3.call import Call, answer_xml, s3_operation

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
    call.store.require_bucket(call.bucket)
    return answer_xml("VersioningConfiguration", [])  # no status: versioning was never enabled


@s3_operation("DeleteObjects", "POST", "bucket", "delete")
def delete_objects(call: Call) -> HttpResponse:
    root = xml.parse(call.payload.document())
    call.store.require_bucket(call.bucket)
    objects = root.findall("Object")
    if not objects or len(objects) > 1000:
        raise xml.malformed()
    is_quiet = root.findtext("Quiet") == "true"
    results: list[tuple[str, Any]] = []
    for element in objects:
        key = element.findtext("Key") or ""
        if element.find("VersionId") is not None and element.findtext("VersionId") != "null":
            error = [("Key", key), ("Code", "NotImplemented"), ("Message", "sagelocal does not have versions.")]
            results.append(("Error", error))
            continue
        call.store.delete(call.bucket, key)
        if not is_quiet:
            results.append(("Deleted", [("Key", key)]))
    return answer_xml("DeleteResult", results)
