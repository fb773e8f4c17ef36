"""Bodies, as they come over the wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.auth import Signature
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest
from sagelocal.s3.payload import ChunkReader, Payload

KEY = b"signing key"
SIGNATURE = Signature("AKIA", "20260101", "us-east-1", "s3", ("host",), "seed", "20260101T000000Z", None)


def payload(body: bytes, headers: dict[str, str]) -> Payload:
    """Return the payload of a request with that body."""
    request = HttpRequest("PUT", "/b/k", "", headers, io.BytesIO(body), {})
    return Payload(request, SIGNATURE, KEY)


def crc32(body: bytes) -> str:
    """Return S3's spelling of a body's CRC32."""
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def chunked(pieces: list[bytes], trailer: bytes = b"") -> bytes:
    """Return pieces in the `aws-chunked` coding."""
    parts = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces if piece]
    return b"".join([*parts, b"0\r\n", trailer, b"\r\n"])


def signed_chunks(pieces: list[bytes], key: bytes) -> bytes:
    """Return pieces in the `aws-chunked` coding with a chain of signatures, as the AWS page describes it."""
    previous, parts = SIGNATURE.signature, []
    for piece in [*(piece for piece in pieces if piece), b""]:
        to_sign = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                SIGNATURE.timestamp,
                "20260101/us-east-1/s3/aws4_request",
                previous,
                hashlib.sha256(b"").hexdigest(),
                hashlib.sha256(piece).hexdigest(),
            )
        )
        previous = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        parts.append(f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n")
    return b"".join(parts)


def test_a_body_that_is_what_was_signed_and_summed_is_read() -> None:
    body = b"hello"
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    sent = payload(
        body,
        {
            "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
            "content-md5": md5,
            "x-amz-checksum-crc32": crc32(body),
        },
    )
    assert sent.document() == body
    assert (sent.algorithm, sent.checksum) == ("CRC32", crc32(body))


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("x-amz-content-sha256", "0" * 64, "XAmzContentSHA256Mismatch"),
        ("content-md5", base64.b64encode(b"0" * 16).decode(), "BadDigest"),
        ("content-md5", "AAAA", "InvalidDigest"),
        ("content-md5", "no base64", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-sha256", "AAAA", "BadDigest"),
        ("x-amz-decoded-content-length", "7", "IncompleteBody"),
    ],
)
def test_a_body_that_is_not_what_a_header_says_is_refused(header: str, value: str, code: str) -> None:
    with pytest.raises(AwsError, match=code):
        payload(b"hello", {header: value}).document()


@given(st.lists(st.binary(max_size=200)), st.integers(1, 64))
def test_chunks_are_joined_whatever_is_read_at_once(pieces: list[bytes], size: int) -> None:
    reader = ChunkReader(io.BytesIO(chunked(pieces, b"x-amz-checksum-crc32: abc\r\n")), None)
    read = b""
    while data := reader.read(size):
        read += data
    assert read == b"".join(pieces)
    assert reader.trailers == {"x-amz-checksum-crc32": "abc"}


def test_a_checksum_that_follows_the_body_is_compared() -> None:
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": "x-amz-checksum-crc32"}
    right = chunked([b"hello"], f"x-amz-checksum-crc32:{crc32(b'hello')}\r\n".encode())
    assert payload(right, headers).document() == b"hello"
    wrong = chunked([b"hello"], f"x-amz-checksum-crc32:{crc32(b'other')}\r\n".encode())
    with pytest.raises(AwsError, match="BadDigest"):
        payload(wrong, headers).document()


@pytest.mark.unverified
@given(st.lists(st.binary(max_size=50), max_size=4))
def test_signed_chunks_are_read(pieces: list[bytes]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html."""
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    assert payload(signed_chunks(pieces, KEY), headers).document() == b"".join(pieces)


def test_chunks_that_another_key_signed_are_refused() -> None:
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        payload(signed_chunks([b"hello"], b"another key"), headers).document()


def test_a_changed_signed_chunk_is_refused() -> None:
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    body = signed_chunks([b"hello", b"world"], KEY).replace(b"world", b"wormy")
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        payload(body, headers).document()


@pytest.mark.parametrize("body", [b"", b"zz\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhelloworld\r\n"])
def test_a_broken_chunked_body_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match=r"IncompleteBody|InvalidRequest"):
        payload(body, {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}).document()
