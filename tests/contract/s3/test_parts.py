"""Objects that are sent and read in parts.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import io
import os
from functools import partial
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from tests.contract.s3.answers import keys, refusal

pytestmark = pytest.mark.unverified

PART = 5 << 20


def test_a_large_file_goes_up_in_parts_and_comes_back(s3: Any, bucket: str) -> None:
    body = os.urandom(3 * PART + 12_345)
    s3.upload_fileobj(io.BytesIO(body), bucket, "large", ExtraArgs={"Metadata": {"m": "1"}})
    head = s3.head_object(Bucket=bucket, Key="large", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["Metadata"], head["ETag"][-3:]) == (len(body), {"m": "1"}, '-2"')
    assert head["ChecksumCRC32"].endswith("-2")
    received = io.BytesIO()
    s3.download_fileobj(bucket, "large", received)
    assert received.getvalue() == body
    by_parts = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy", Config=by_parts)
    copy = s3.get_object(Bucket=bucket, Key="copy")
    assert (copy["Body"].read() == body, copy["ETag"][-3:]) == (True, '-4"')


def test_an_upload_shows_its_parts_until_it_is_aborted(s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    for number in (3, 1, 2):
        s3.upload_part(**upload, PartNumber=number, Body=b"x" * number)
    page = s3.list_parts(**upload, MaxParts=2)
    assert [(part["PartNumber"], part["Size"]) for part in page["Parts"]] == [(1, 1), (2, 2)]
    rest = s3.list_parts(**upload, PartNumberMarker=page["NextPartNumberMarker"])
    assert ([part["PartNumber"] for part in rest["Parts"]], rest["IsTruncated"]) == ([3], False)
    assert [entry["UploadId"] for entry in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload["UploadId"]]
    assert keys(s3.list_objects_v2(Bucket=bucket)) == []
    s3.abort_multipart_upload(**upload)
    assert refusal(lambda: s3.list_parts(**upload)) == ("NoSuchUpload", 404)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_an_upload_is_completed_by_the_parts_that_there_are_in_order(s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    etags = {number: s3.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)}

    def complete(*parts: tuple[int, str]) -> dict[str, Any]:
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        answer: dict[str, Any] = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
        return answer

    assert refusal(lambda: complete((2, etags[2]), (1, etags[1]))) == ("InvalidPartOrder", 400)
    assert refusal(lambda: complete((1, '"x"'))) == ("InvalidPart", 400)
    assert refusal(lambda: complete((1, etags[1]), (2, etags[2]))) == ("EntityTooSmall", 400)
    assert refusal(complete) == ("MalformedXML", 400)
    first = complete((1, etags[1]))
    assert complete((1, etags[1]))["ETag"] == first["ETag"]  # a client whose answer was lost asks once more
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_a_part_is_copied_from_within_an_object(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html"""
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}

    def copy(wanted: str) -> str:
        part = {"PartNumber": 1, "CopySource": f"{bucket}/source", "CopySourceRange": wanted}
        etag: str = s3.upload_part_copy(**upload, **part)["CopyPartResult"]["ETag"]
        return etag

    for wrong in ("bytes=5-10", "bytes=5-", "bytes=-5", "bytes=5-2", "5-6"):
        assert refusal(partial(copy, wrong)) == ("InvalidArgument", 400)
    parts = {"Parts": [{"PartNumber": 1, "ETag": copy("bytes=5-9")}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"56789"


def test_uploads_are_listed_in_pages(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html."""
    made = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in ("a", "a", "b é+", "c")]
    for size in (1, 3, 10):
        pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        found = [(upload["Key"], upload["UploadId"]) for page in pages for upload in page["Uploads"]]
        assert found == made
    encoded = s3.list_multipart_uploads(Bucket=bucket, Prefix="b", EncodingType="url")
    assert [upload["Key"] for upload in encoded["Uploads"]] == ["b%20%C3%A9%2B"]


def joined(s3: Any, bucket: str, bodies: list[bytes], **asked: str) -> None:
    """Upload an object of these parts."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **asked)["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    parts = []
    for number, body in enumerate(bodies, 1):
        sent = s3.upload_part(**named, PartNumber=number, Body=body, **asked)
        checksums = {name: value for name, value in sent.items() if name.startswith("Checksum")}
        parts.append({"PartNumber": number, "ETag": sent["ETag"], **(checksums if asked else {})})
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})


def test_a_part_is_read_by_its_number(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, partNumber."""
    joined(s3, bucket, [b"x" * PART, b"the end"])
    for read in (s3.get_object, s3.head_object):
        answer: dict[str, Any] = read(Bucket=bucket, Key="k", PartNumber=2)
        assert (answer["PartsCount"], answer["ContentLength"]) == (2, 7)
        assert answer["ContentRange"] == f"bytes {PART}-{PART + 6}/{PART + 7}"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.get_object(Bucket=bucket, Key="k", PartNumber=2)["Body"].read() == b"the end"
    assert s3.get_object(Bucket=bucket, Key="k", PartNumber=1)["Body"].read() == b"x" * PART
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="k", PartNumber=3)) == ("InvalidPartNumber", 416)
    assert refusal(lambda: s3.head_object(Bucket=bucket, Key="k", PartNumber=3)) == ("416", 416)
    both = refusal(lambda: s3.get_object(Bucket=bucket, Key="k", PartNumber=1, Range="bytes=0-1"))
    assert both == ("InvalidRequest", 400)


def test_an_object_that_was_put_whole_is_its_own_first_part(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"whole")
    answer = s3.get_object(Bucket=bucket, Key="k", PartNumber=1, ChecksumMode="ENABLED")
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"whole", "bytes 0-4/5")
    assert "PartsCount" not in answer
    assert answer["ChecksumType"] == "FULL_OBJECT"
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="k", PartNumber=2)) == ("InvalidPartNumber", 416)


def test_a_part_comes_with_its_own_checksum(s3: Any, bucket: str) -> None:
    joined(s3, bucket, [b"x" * PART, b"the end"], ChecksumAlgorithm="SHA256")
    alone = s3.put_object(Bucket=bucket, Key="alone", Body=b"the end", ChecksumAlgorithm="SHA256")
    answer = s3.get_object(Bucket=bucket, Key="k", PartNumber=2, ChecksumMode="ENABLED")
    assert answer["ChecksumSHA256"] == alone["ChecksumSHA256"]
    assert answer["ChecksumType"] == "COMPOSITE"
    assert answer["Body"].read() == b"the end"  # botocore compares the checksum


def test_attributes_tell_of_size_checksum_and_parts(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html."""
    joined(s3, bucket, [b"x" * PART, b"the end"], ChecksumAlgorithm="SHA256")
    names = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=names, MaxParts=1)
    assert (found["ETag"], found["ObjectSize"], found["StorageClass"]) == (
        head["ETag"].strip('"'),
        PART + 7,
        "STANDARD",
    )
    assert found["Checksum"]["ChecksumSHA256"] + "-2" == head["ChecksumSHA256"]
    parts = found["ObjectParts"]
    assert (parts["TotalPartsCount"], parts["IsTruncated"], parts["NextPartNumberMarker"]) == (2, True, 1)
    assert [(part["PartNumber"], part["Size"]) for part in parts["Parts"]] == [(1, PART)]
    rest = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"], PartNumberMarker=1)
    assert [part["Size"] for part in rest["ObjectParts"]["Parts"]] == [7]
    assert "ObjectSize" not in rest
    s3.put_object(Bucket=bucket, Key="k", Body=b"whole")
    assert "ObjectParts" not in s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=names)


def test_a_part_with_another_kind_of_checksum_than_its_upload_is_refused(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1}
    assert refusal(lambda: s3.upload_part(**named, Body=b"x", ChecksumAlgorithm="CRC32")) == ("InvalidRequest", 400)
    s3.upload_part(**named, Body=b"x", ChecksumAlgorithm="SHA256")
    assert len(s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"]) == 1
