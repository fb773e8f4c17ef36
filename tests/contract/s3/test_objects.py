"""S3 through boto3.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from pyarrow import fs
from tests.contract.s3.answers import keys, refusal

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

Client = Callable[..., Any]
pytestmark = pytest.mark.unverified


ODD_KEYS = ["a", "a/b", "dir/", "a//b", "ü/日本", "plus+and space", "per%20cent", "q?x=1&y#z", "..", "a/../b", "~!*'()"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_gives_back_its_own_object(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert keys(s3.list_objects_v2(Bucket=bucket)) == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == []


def test_an_object_keeps_what_was_said_of_it(s3: Any, bucket: str) -> None:
    said = {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"a_b": "1", "a-b": "2"}, Tagging="t=1&u=a%20b", **said)
    for answer in (s3.get_object(Bucket=bucket, Key="k"), s3.head_object(Bucket=bucket, Key="k")):
        assert {name: answer[name] for name in said} == said
        assert answer["Metadata"] == {"a_b": "1", "a-b": "2"}
        assert answer["ETag"] == f'"{hashlib.md5(b"x", usedforsecurity=False).hexdigest()}"'
        assert answer["ContentLength"] == 1
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}, {"Key": "u", "Value": "a b"}]


def test_tags_are_replaced_and_removed(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="t=1")
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "u", "Value": "2"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "u", "Value": "2"}]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_what_is_missing_says_so(s3: Any, bucket: str) -> None:
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="no")) == ("NoSuchKey", 404)
    assert refusal(lambda: s3.head_object(Bucket=bucket, Key="no")) == ("404", 404)
    assert refusal(lambda: s3.get_object(Bucket="no-such-bucket", Key="no")) == ("NoSuchBucket", 404)
    assert refusal(lambda: s3.put_object(Bucket="no-such-bucket", Key="k", Body=b"")) == ("NoSuchBucket", 404)
    assert refusal(lambda: s3.list_objects_v2(Bucket="no-such-bucket")) == ("NoSuchBucket", 404)
    assert refusal(lambda: s3.head_bucket(Bucket="no-such-bucket")) == ("404", 404)
    assert refusal(lambda: s3.delete_bucket(Bucket="no-such-bucket")) == ("NoSuchBucket", 404)
    s3.delete_object(Bucket=bucket, Key="no")


def test_what_sagelocal_has_not_says_so(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    not_there = ("NotImplemented", 501)
    assert refusal(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read")) == not_there
    assert refusal(lambda: s3.get_object_torrent(Bucket=bucket, Key="k")) == not_there
    locked = {"Bucket": f"{bucket}-locked", "ObjectLockEnabledForBucket": True}
    assert refusal(lambda: s3.create_bucket(**locked)) == not_there
    assert refusal(lambda: s3.put_bucket_policy(Bucket=bucket, Policy="{}")) == not_there
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    lifecycle = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [rule]}}
    assert refusal(lambda: s3.put_bucket_lifecycle_configuration(**lifecycle)) == not_there


def test_a_bucket_is_made_listed_and_deleted_when_empty(s3: Any, bucket: str) -> None:
    s3.create_bucket(Bucket=bucket)  # once more is no error in us-east-1
    assert bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert refusal(lambda: s3.delete_bucket(Bucket=bucket)) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert bucket not in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]


def test_a_bucket_with_a_wrong_name_or_place_is_refused(s3: Any) -> None:
    assert refusal(lambda: s3.create_bucket(Bucket="Upper_Case")) == ("InvalidBucketName", 400)
    elsewhere = {"LocationConstraint": "eu-west-1"}
    code, _ = refusal(lambda: s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration=elsewhere))
    assert code == "IllegalLocationConstraintException"


def test_pages_and_delimiters_give_every_entry_once(s3: Any, bucket: str) -> None:
    names = [f"{folder}/{number}" for folder in ("a", "b", "c") for number in range(3)] + ["d", "a", "é/1"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    for operation in ("list_objects_v2", "list_objects"):
        paginator = s3.get_paginator(operation)
        flat = [
            key for page in paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}) for key in keys(page)
        ]
        assert flat == sorted(names, key=str.encode)
        folders: list[str] = []
        found: list[str] = []
        for page in paginator.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}):
            folders += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
            found += keys(page)
        assert (folders, found) == (["a/", "b/", "c/", "é/"], ["a", "d"])
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="b/", StartAfter="b/0", MaxKeys=1)
    assert (keys(inside), inside["IsTruncated"], inside["KeyCount"]) == (["b/1"], True, 1)
    assert keys(s3.list_objects_v2(Bucket=bucket, MaxKeys=0)) == []


def test_many_objects_are_deleted_at_once(s3: Any, bucket: str) -> None:
    for name in ("a", "b <&>", "c"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    wanted = {"Objects": [{"Key": "a"}, {"Key": "b <&>"}, {"Key": "never there"}]}
    deleted = s3.delete_objects(Bucket=bucket, Delete=wanted)["Deleted"]
    assert [entry["Key"] for entry in deleted] == ["a", "b <&>", "never there"]
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["c"]
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "c"}], "Quiet": True})


def test_a_range_gives_its_bytes(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * 1000
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    answer = s3.get_object(Bucket=bucket, Key="k", Range="bytes=100-199999", ChecksumMode="ENABLED")
    assert answer["Body"].read() == body[100:200_000]
    assert answer["ContentRange"] == "bytes 100-199999/256000"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert "ChecksumCRC32" not in answer  # it is the whole object's, and clients would compare it
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=-5")["Body"].read() == body[-5:]
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="k", Range="bytes=256000-")) == ("InvalidRange", 416)


def test_conditions_decide_reads_and_writes(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    failed = ("PreconditionFailed", 412)
    assert refusal(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")) == failed
    assert refusal(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch='"x"')) == failed
    assert refusal(lambda: s3.put_object(Bucket=bucket, Key="no", Body=b"2", IfMatch='"x"')) == ("NoSuchKey", 404)
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="k", IfMatch='"x"')) == failed
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)) == ("304", 304)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert refusal(lambda: s3.head_object(Bucket=bucket, Key="k", IfModifiedSince=later)) == ("304", 304)
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"1"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_a_copy_keeps_or_replaces_what_was_said(s3: Any, bucket: str) -> None:
    source = {"Bucket": bucket, "Key": "a b/ü+"}
    s3.put_object(Bucket=bucket, Key="a b/ü+", Body=b"x", Metadata={"m": "1"}, Tagging="t=1", ContentType="text/csv")
    copied = s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)["CopyObjectResult"]
    kept = s3.get_object(Bucket=bucket, Key="kept")
    assert (kept["Body"].read(), kept["Metadata"], kept["ContentType"]) == (b"x", {"m": "1"}, "text/csv")
    assert (kept["ETag"], kept["TagCount"]) == (copied["ETag"], 1)
    s3.copy_object(Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"})
    new = s3.get_object(Bucket=bucket, Key="new")
    assert (new["Body"].read(), new["Metadata"], new["ContentType"]) == (b"x", {"n": "2"}, "binary/octet-stream")
    itself = {"Bucket": bucket, "Key": "kept"}
    assert refusal(lambda: s3.copy_object(Bucket=bucket, Key="kept", CopySource=itself)) == ("InvalidRequest", 400)
    missing = {"Bucket": bucket, "Key": "no"}
    assert refusal(lambda: s3.copy_object(Bucket=bucket, Key="x", CopySource=missing)) == ("NoSuchKey", 404)
    stale = {"Bucket": bucket, "Key": "x", "CopySource": source, "CopySourceIfMatch": '"x"'}
    assert refusal(lambda: s3.copy_object(**stale)) == ("PreconditionFailed", 412)


def test_a_copy_has_its_own_storage_class_and_so_changes_an_object_in_place(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"m": "1"}, StorageClass="GLACIER_IR")
    source = {"Bucket": bucket, "Key": "k"}
    s3.copy_object(Bucket=bucket, Key="other", CopySource=source)
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="other")
    s3.copy_object(Bucket=bucket, Key="k", CopySource=source, StorageClass="STANDARD_IA")
    changed = s3.get_object(Bucket=bucket, Key="k")
    assert (changed["StorageClass"], changed["Metadata"], changed["Body"].read()) == ("STANDARD_IA", {"m": "1"}, b"x")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x", StorageClass="STANDARD")
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="plain")
    listed = {entry["Key"]: entry["StorageClass"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert listed == {"k": "STANDARD_IA", "other": "STANDARD", "plain": "STANDARD"}
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["StorageClass"])
    assert attributes["StorageClass"] == "STANDARD_IA"


def test_what_is_said_of_an_object_has_its_bounds(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""
    target = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**target, Body=b"x", Metadata={"n": "v" * 2047})
    assert refusal(lambda: s3.put_object(**target, Metadata={"n": "v" * 2048})) == ("MetadataTooLarge", 400)
    assert refusal(lambda: s3.put_object(**target, Tagging="a=1&a=2")) == ("InvalidArgument", 400)
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    assert refusal(lambda: s3.put_object_tagging(**target, Tagging=twice)) == ("InvalidTag", 400)
    assert s3.get_object(**target)["Body"].read() == b"x"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_is_stored_and_given_back(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["ChecksumType"] == "FULL_OBJECT"
    assert f"Checksum{algorithm}" not in s3.head_object(Bucket=bucket, Key="k")


def test_a_body_with_another_checksum_is_refused_and_stored_nowhere(s3: Any, bucket: str) -> None:
    code, _ = refusal(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumCRC32="AAAAAA=="))
    assert code == "BadDigest"
    assert keys(s3.list_objects_v2(Bucket=bucket)) == []


@pytest.mark.parametrize(("version", "expired"), [("s3", "403"), ("s3v4", "400")])
def test_a_presigned_url_reads_and_writes(client: Client, bucket: str, version: str, expired: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html."""
    s3 = client("s3", config=Config(signature_version=version))
    target = {"Bucket": bucket, "Key": "a b+ü"}
    put = urllib.request.Request(s3.generate_presigned_url("put_object", target), data=b"body", method="PUT")
    put.add_header("Content-Type", "")
    with urllib.request.urlopen(put) as answer:
        assert answer.status == 200
    url = s3.generate_presigned_url("get_object", {**target, "ResponseContentType": "text/plain"})
    with urllib.request.urlopen(url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"body", "text/plain")
    with pytest.raises(urllib.error.HTTPError, match="403") as changed:
        urllib.request.urlopen(url.replace("a%20b", "other"))
    changed.value.close()
    with pytest.raises(urllib.error.HTTPError, match=expired) as late:
        urllib.request.urlopen(s3.generate_presigned_url("get_object", target, ExpiresIn=-1))
    late.value.close()


def test_arrow_reads_and_writes(aws: LocalServer, s3: Any, bucket: str) -> None:
    """Arrow's client is the AWS SDK for C++, which sends chunks with trailing checksums."""
    keys_of = aws.environment
    arrow = fs.S3FileSystem(
        access_key=keys_of["AWS_ACCESS_KEY_ID"],
        secret_key=keys_of["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=aws.url,
        region="us-east-1",
    )
    with arrow.open_output_stream(f"{bucket}/dir/file") as stream:
        stream.write(b"from arrow")
    assert s3.get_object(Bucket=bucket, Key="dir/file")["Body"].read() == b"from arrow"
    s3.put_object(Bucket=bucket, Key="dir/other", Body=b"from boto3")
    with arrow.open_input_file(f"{bucket}/dir/other") as file:
        file.seek(5)
        assert file.read() == b"boto3"
    listed = arrow.get_file_info(fs.FileSelector(f"{bucket}/dir"))
    assert sorted(info.base_name for info in listed) == ["file", "other"]
    arrow.move(f"{bucket}/dir/file", f"{bucket}/moved")
    assert keys(s3.list_objects_v2(Bucket=bucket, Delimiter="/")) == ["moved"]
