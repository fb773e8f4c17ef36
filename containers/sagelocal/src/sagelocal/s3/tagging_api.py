"""The tags of objects, or of single versions of them."""

from __future__ import annotations

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import xml
from sagelocal.s3.call import Call, answer_xml, s3_operation, version_header
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.object_api import check_tags


def _tagged(call: Call) -> ObjectInfo:
    version, store = call.version, call.store
    newest = store.newest(call.bucket, call.key) if version is None else store.version(call.bucket, call.key, version)
    return call.no_marker(newest)


@s3_operation("GetObjectTagging", "GET", "object", "tagging")
def get_object_tagging(call: Call) -> HttpResponse:
    info = _tagged(call)
    members = [("Tag", [("Key", key), ("Value", value)]) for key, value in info.properties.tags.items()]
    return answer_xml("Tagging", [("TagSet", members)], version_header(info))


@s3_operation("PutObjectTagging", "PUT", "object", "tagging")
def put_object_tagging(call: Call) -> HttpResponse:
    found = xml.parse(call.payload.document()).findall("TagSet/Tag")
    tags = {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in found}
    if len(tags) < len(found):
        raise AwsError("InvalidTag", "Cannot provide multiple Tags with the same key")
    info = _tagged(call)
    call.store.set_tags(info, check_tags(tags))
    return HttpResponse(200, version_header(info))


@s3_operation("DeleteObjectTagging", "DELETE", "object", "tagging")
def delete_object_tagging(call: Call) -> HttpResponse:
    info = _tagged(call)
    call.store.set_tags(info, {})
    return HttpResponse(204, version_header(info))
