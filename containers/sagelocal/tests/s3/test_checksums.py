"""Checksums."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.errors import AwsError
from sagelocal.s3 import checksums

# the check values of https://reveng.sourceforge.io/crc-catalogue/all.htm, of the text 123456789
CHECK_VALUES = {"CRC32": "cbf43926", "CRC32C": "e3069283", "CRC64NVME": "ae8b14860a799888"}


@pytest.mark.parametrize(("algorithm", "value"), CHECK_VALUES.items())
def test_a_crc_has_its_catalogue_s_check_value(algorithm: str, value: str) -> None:
    hasher = checksums.hasher(algorithm)
    hasher.update(b"123456789")
    assert hasher.digest().hex() == value


@given(st.lists(st.binary()))
def test_a_crc_does_not_depend_on_how_the_bytes_come(pieces: list[bytes]) -> None:
    for algorithm in CHECK_VALUES:
        whole, by_piece = checksums.hasher(algorithm), checksums.hasher(algorithm)
        whole.update(b"".join(pieces))
        for piece in pieces:
            by_piece.update(piece)
        assert whole.digest() == by_piece.digest()


def test_a_composite_checksum_sums_the_parts_checksums_and_counts_them() -> None:
    parts = [zlib.crc32(part).to_bytes(4, "big") for part in (b"a", b"b")]
    expected = base64.b64encode(zlib.crc32(b"".join(parts)).to_bytes(4, "big")).decode()
    assert checksums.composite("CRC32", [base64.b64encode(part).decode() for part in parts]) == f"{expected}-2"


def test_an_unknown_algorithm_is_an_invalid_request() -> None:
    with pytest.raises(AwsError, match="InvalidRequest"):
        checksums.hasher("MD4")


@pytest.mark.parametrize(
    ("headers", "algorithm"),
    [
        ({}, None),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "CRC32"),
        ({"x-amz-trailer": "x-amz-checksum-crc64nvme"}, "CRC64NVME"),
        ({"x-amz-sdk-checksum-algorithm": "SHA256"}, "SHA256"),
        ({"x-amz-checksum-mode": "ENABLED"}, None),
    ],
)
def test_the_algorithm_is_the_one_that_the_headers_name(headers: dict[str, str], algorithm: str | None) -> None:
    assert checksums.algorithm_of(headers) == algorithm
