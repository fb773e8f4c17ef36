"""The checksums that S3 knows.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Protocol

import anycrc

from sagelocal.errors import AwsError

COMPOSITE = "COMPOSITE"  # a checksum of the parts' checksums
FULL_OBJECT = "FULL_OBJECT"


class Hasher(Protocol):
    """Take bytes and give their digest."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc:
    """Compute a cyclic redundancy check by a function of the bytes and the value so far."""

    def __init__(self, add: Callable[[bytes, int], int], size: int) -> None:
        self._add = add
        self._size = size  # bytes
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._add(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


_HASHERS: dict[str, Callable[[], Hasher]] = {
    "CRC32": lambda: Crc(anycrc.Model("CRC32").calc, 4),
    "CRC32C": lambda: Crc(anycrc.Model("CRC32C").calc, 4),
    "CRC64NVME": lambda: Crc(anycrc.Model("CRC64-NVME").calc, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}
ALGORITHMS = tuple(_HASHERS)
PREFIX = "x-amz-checksum-"


def hasher(algorithm: str) -> Hasher:
    """Return a new hasher; `InvalidRequest` for an algorithm that S3 does not know."""
    if algorithm not in _HASHERS:
        message = (
            f"Checksum algorithm provided is unsupported. Please try again with any of the valid types: {ALGORITHMS}"
        )
        raise AwsError("InvalidRequest", message)
    return _HASHERS[algorithm]()


def algorithm_of(headers: dict[str, str]) -> str | None:
    """Return the algorithm of the checksum that comes with a body, in a header or after it."""
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    if trailer.startswith(PREFIX):
        return trailer.removeprefix(PREFIX).upper()
    for algorithm in ALGORITHMS:
        if f"{PREFIX}{algorithm.lower()}" in headers:
            return algorithm
    asked = headers.get("x-amz-sdk-checksum-algorithm")
    return asked.upper() if asked else None


def encoded(digest: bytes) -> str:
    """Return a digest as S3's headers carry it."""
    return base64.b64encode(digest).decode()


def composite(algorithm: str, parts: list[str]) -> str:
    """Return the checksum of an object from its parts' encoded checksums."""
    whole = hasher(algorithm)
    for part in parts:
        whole.update(base64.b64decode(part))
    return f"{encoded(whole.digest())}-{len(parts)}"


def check(algorithm: str, expected: str | None, actual: str) -> None:
    """Raise `BadDigest` if the client computed another checksum than arrived."""
    if expected is not None and expected != actual:
        raise AwsError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
