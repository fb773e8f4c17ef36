"""Versions of objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
"""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.s3.answers import keys, refusal

pytestmark = pytest.mark.unverified


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    """Give a bucket that keeps versions."""
    status(s3, bucket, "Enabled")
    return bucket


def status(s3: Any, bucket: str, wanted: str) -> None:
    """Enable or suspend versions."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": wanted})


def put(s3: Any, bucket: str, body: bytes, key: str = "k", **said: Any) -> str:
    """Put an object; return its version."""
    answer = s3.put_object(Bucket=bucket, Key=key, Body=body, **said)
    version: str = answer.get("VersionId", "")
    return version


def body(s3: Any, bucket: str, version: str | None = None, key: str = "k") -> bytes:
    """Return the bytes of an object, or of one version of it."""
    named = {"VersionId": version} if version else {}
    data: bytes = s3.get_object(Bucket=bucket, Key=key, **named)["Body"].read()
    return data


def listed(s3: Any, bucket: str, **asked: Any) -> list[tuple[str, str, bool, bool]]:
    """Return key, version, whether it is the latest and whether it is a delete marker, of every entry."""
    answer = s3.list_object_versions(Bucket=bucket, **asked)
    entries = [(entry, is_marker) for name, is_marker in (("Versions", False), ("DeleteMarkers", True))
               for entry in answer.get(name, [])]  # fmt: skip
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"], is_marker) for entry, is_marker in entries]


def failed(s3: Any, **named: Any) -> dict[str, str]:
    """Return the headers of a read that fails."""
    with pytest.raises(ClientError) as caught:
        s3.get_object(**named)
    headers: dict[str, str] = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    return headers


def test_a_bucket_tells_whether_it_keeps_versions(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html."""
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for wanted in ("Enabled", "Suspended", "Enabled"):
        status(s3, bucket, wanted)
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == wanted
    assert refusal(lambda: status(s3, bucket, "enabled")) == ("MalformedXML", 400)
    code, _ = refusal(lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={}))
    assert code == "IllegalVersioningConfigurationException"
    assert refusal(lambda: status(s3, "no-such-bucket", "Enabled")) == ("NoSuchBucket", 404)


def test_an_overwritten_object_stays_as_a_version(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"first", Metadata={"n": "1"})
    second = put(s3, versioned, b"second")
    assert first != second
    assert (body(s3, versioned), body(s3, versioned, first), body(s3, versioned, second)) == (
        b"second", b"first", b"second",
    )  # fmt: skip
    old = s3.head_object(Bucket=versioned, Key="k", VersionId=first)
    assert (old["Metadata"], old["VersionId"], old["ContentLength"]) == ({"n": "1"}, first, 5)
    assert s3.get_object(Bucket=versioned, Key="k")["VersionId"] == second
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=first, Range="bytes=1-2")["Body"].read() == b"ir"
    assert keys(s3.list_objects_v2(Bucket=versioned)) == ["k"]


def test_a_deleted_object_is_hidden_by_a_marker_and_comes_back_without_it(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html."""
    version = put(s3, versioned, b"body")
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"] is True
    marker = deleted["VersionId"]
    assert refusal(lambda: body(s3, versioned)) == ("NoSuchKey", 404)
    headers = failed(s3, Bucket=versioned, Key="k")
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker)
    assert refusal(lambda: s3.head_object(Bucket=versioned, Key="k")) == ("404", 404)
    assert refusal(lambda: body(s3, versioned, marker)) == ("MethodNotAllowed", 405)
    headers = failed(s3, Bucket=versioned, Key="k", VersionId=marker)
    assert (headers["x-amz-delete-marker"], headers["allow"]) == ("true", "DELETE")
    assert "last-modified" in headers
    assert refusal(lambda: s3.head_object(Bucket=versioned, Key="k", VersionId=marker)) == ("405", 405)
    assert keys(s3.list_objects_v2(Bucket=versioned)) == []
    assert body(s3, versioned, version) == b"body"
    undone = s3.delete_object(Bucket=versioned, Key="k", VersionId=marker)
    assert (undone["DeleteMarker"], undone["VersionId"]) == (True, marker)
    assert body(s3, versioned) == b"body"


def test_a_version_is_removed_for_good_and_the_one_before_comes_to_light(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html."""
    first, second, third = (put(s3, versioned, text) for text in (b"1", b"2", b"3"))
    s3.delete_object(Bucket=versioned, Key="k", VersionId=second)
    assert refusal(lambda: body(s3, versioned, second)) == ("NoSuchVersion", 404)
    assert body(s3, versioned) == b"3"
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=third)["VersionId"] == third
    assert body(s3, versioned) == b"1"
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=third)["VersionId"] == third  # again is no error
    s3.delete_object(Bucket=versioned, Key="k", VersionId=first)
    assert refusal(lambda: body(s3, versioned)) == ("NoSuchKey", 404)
    assert listed(s3, versioned) == []


def test_what_is_no_version_is_refused(s3: Any, versioned: str) -> None:
    put(s3, versioned, b"x")
    assert refusal(lambda: body(s3, versioned, "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD")) == ("InvalidArgument", 400)
    assert refusal(lambda: body(s3, versioned, "null")) == ("NoSuchVersion", 404)
    assert refusal(lambda: s3.delete_object(Bucket=versioned, Key="k", VersionId="x")) == ("InvalidArgument", 400)


def test_objects_from_before_are_null_versions(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersioningSuspendedBuckets.html."""
    assert put(s3, bucket, b"before") == ""
    assert "VersionId" not in s3.get_object(Bucket=bucket, Key="k")
    assert body(s3, bucket, "null") == b"before"
    assert listed(s3, bucket) == [("k", "null", True, False)]
    status(s3, bucket, "Enabled")
    assert s3.head_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    kept = put(s3, bucket, b"kept")
    assert body(s3, bucket, "null") == b"before"
    status(s3, bucket, "Suspended")
    assert put(s3, bucket, b"suspended") == ""
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    assert (body(s3, bucket, "null"), body(s3, bucket, kept)) == (b"suspended", b"kept")
    assert listed(s3, bucket) == [("k", "null", True, False), ("k", kept, False, False)]


def test_a_delete_where_versions_are_suspended_replaces_the_null_version(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectsfromVersioningSuspendedBuckets.html."""
    kept = put(s3, versioned, b"kept")
    status(s3, versioned, "Suspended")
    put(s3, versioned, b"null")
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert (deleted["DeleteMarker"], deleted["VersionId"]) == (True, "null")
    assert refusal(lambda: body(s3, versioned, "null")) == ("MethodNotAllowed", 405)
    assert listed(s3, versioned) == [("k", kept, False, False), ("k", "null", True, True)]
    put(s3, versioned, b"again")
    assert listed(s3, versioned) == [("k", "null", True, False), ("k", kept, False, False)]


def test_versions_are_listed_in_pages_newest_first(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html."""
    made = [("a", put(s3, versioned, b"1", "a")), ("a", put(s3, versioned, b"2", "a"))]
    made.append(("a", s3.delete_object(Bucket=versioned, Key="a")["VersionId"]))
    made += [("b é", put(s3, versioned, b"1", "b é")), ("b é", put(s3, versioned, b"2", "b é"))]
    expected = [made[2], made[1], made[0], made[4], made[3]]
    for size in (1, 2, 3, 10):
        found = []
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": size})
        for page in pages:
            entries = page.get("DeleteMarkers", []) + page.get("Versions", [])
            assert len(entries) <= size
            found += [(entry["Key"], entry["VersionId"]) for entry in entries]
        assert sorted(found) == sorted(expected)
    assert {(key, version) for key, version, is_latest, _ in listed(s3, versioned) if is_latest} == {made[2], made[4]}
    after = listed(s3, versioned, KeyMarker="a", VersionIdMarker=made[1][1])
    assert [version for _, version, _, _ in after] == [made[0][1], made[4][1], made[3][1]]
    assert [key for key, _, _, _ in listed(s3, versioned, KeyMarker="a")] == ["b é", "b é"]
    assert listed(s3, versioned, Prefix="b", MaxKeys=1) == [("b é", made[4][1], True, False)]
    alone = refusal(lambda: s3.list_object_versions(Bucket=versioned, VersionIdMarker=made[1][1]))
    assert alone == ("InvalidArgument", 400)


def test_common_prefixes_stand_for_versions_too(s3: Any, versioned: str) -> None:
    for key in ("d/a", "d/a", "d/b", "e"):
        put(s3, versioned, b"", key)
    first = s3.list_object_versions(Bucket=versioned, Delimiter="/", MaxKeys=1)
    assert [entry["Prefix"] for entry in first["CommonPrefixes"]] == ["d/"]
    assert (first["NextKeyMarker"], first["IsTruncated"], "Versions" in first) == ("d/", True, False)
    for marker in ("d/", "d/a"):
        rest = s3.list_object_versions(Bucket=versioned, Delimiter="/", KeyMarker=marker)
        assert ("CommonPrefixes" in rest, keys({"Contents": rest["Versions"]})) == (False, ["e"])


def test_all_versions_are_deleted_page_by_page(s3: Any, versioned: str) -> None:
    for number in range(7):
        put(s3, versioned, b"x", f"k{number % 2}")
    status(s3, versioned, "Suspended")
    put(s3, versioned, b"x", "k0")
    s3.delete_object(Bucket=versioned, Key="k1")
    assert refusal(lambda: s3.delete_bucket(Bucket=versioned)) == ("BucketNotEmpty", 409)
    paginator = s3.get_paginator("list_object_versions")
    for page in paginator.paginate(Bucket=versioned, PaginationConfig={"PageSize": 2}):
        entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
        named = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        deleted = s3.delete_objects(Bucket=versioned, Delete={"Objects": named})
        assert len(deleted["Deleted"]) == len(named)
    assert listed(s3, versioned) == []
    s3.delete_bucket(Bucket=versioned)


def test_many_deletions_tell_what_became_of_each(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html."""
    version = put(s3, versioned, b"x")
    [hidden] = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k"}]})["Deleted"]
    assert hidden["DeleteMarker"] is True
    marker = hidden["DeleteMarkerVersionId"]
    wanted = [{"Key": "k", "VersionId": marker}, {"Key": "k", "VersionId": "none"}]
    answer = s3.delete_objects(Bucket=versioned, Delete={"Objects": wanted})
    expected = {"Key": "k", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    assert answer["Deleted"] == [expected]
    assert [(error["Code"], error["VersionId"]) for error in answer["Errors"]] == [("NoSuchVersion", "none")]
    [gone] = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k", "VersionId": version}]})["Deleted"]
    assert gone == {"Key": "k", "VersionId": version}


def test_tags_belong_to_a_version(s3: Any, versioned: str) -> None:
    first, second = put(s3, versioned, b"1", Tagging="n=1"), put(s3, versioned, b"2", Tagging="n=2")
    named = {"Bucket": versioned, "Key": "k"}
    s3.put_object_tagging(**named, VersionId=first, Tagging={"TagSet": [{"Key": "n", "Value": "one"}]})
    assert s3.get_object_tagging(**named, VersionId=first)["TagSet"] == [{"Key": "n", "Value": "one"}]
    current = s3.get_object_tagging(**named)
    assert (current["TagSet"], current["VersionId"]) == ([{"Key": "n", "Value": "2"}], second)
    s3.delete_object_tagging(**named, VersionId=first)
    assert s3.get_object_tagging(**named, VersionId=first)["TagSet"] == []
    s3.delete_object(**named)
    assert refusal(lambda: s3.get_object_tagging(**named)) == ("MethodNotAllowed", 405)


def test_a_copy_reads_the_version_it_names(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"first")
    put(s3, versioned, b"second")
    source = {"Bucket": versioned, "Key": "k", "VersionId": first}
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource=source)  # how an old version becomes current again
    assert copied["CopySourceVersionId"] == first
    assert (body(s3, versioned), s3.head_object(Bucket=versioned, Key="k")["VersionId"]) == (
        b"first", copied["VersionId"],
    )  # fmt: skip
    upload = {"Bucket": versioned, "Key": "joined"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)
    assert part["CopySourceVersionId"] == first
    parts = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
    joined = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert body(s3, versioned, joined["VersionId"], "joined") == b"first"
    again = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert again["VersionId"] == joined["VersionId"]
    assert len(listed(s3, versioned, Prefix="joined")) == 1
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    hidden = {"Bucket": versioned, "Key": "k", "VersionId": marker}
    assert refusal(lambda: s3.copy_object(Bucket=versioned, Key="x", CopySource=hidden)) == ("InvalidRequest", 400)


def test_a_write_on_condition_that_nothing_is_there_succeeds_behind_a_marker(s3: Any, versioned: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html."""
    put(s3, versioned, b"1", IfNoneMatch="*")
    assert refusal(lambda: put(s3, versioned, b"2", IfNoneMatch="*")) == ("PreconditionFailed", 412)
    s3.delete_object(Bucket=versioned, Key="k")
    put(s3, versioned, b"3", IfNoneMatch="*")
    assert body(s3, versioned) == b"3"


def test_a_presigned_url_names_a_version(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"first")
    put(s3, versioned, b"second")
    url = s3.generate_presigned_url("get_object", {"Bucket": versioned, "Key": "k", "VersionId": first})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"first"


def test_attributes_are_those_of_a_version(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, b"first")
    put(s3, versioned, b"the second")
    found = s3.get_object_attributes(Bucket=versioned, Key="k", VersionId=first, ObjectAttributes=["ObjectSize"])
    assert (found["ObjectSize"], found["VersionId"]) == (5, first)
