"""The body of an S3 request: decoded, and proved to be what the client signed and summed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

from sagelocal.auth import UNSIGNED_PAYLOAD, Signature, mismatch
from sagelocal.errors import AwsError
from sagelocal.exchange import CHUNK, HttpRequest, Reader, is_number
from sagelocal.s3 import checksums

LONGEST_DOCUMENT = 4 << 20  # bytes; CompleteMultipartUpload with 10,000 parts stays below
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_BYTES = hashlib.sha256(b"").hexdigest()
_LONGEST_LINE = 16 << 10
_MD5_BYTES = 16


class Payload:
    """Read a body. The read that finds its end raises if anything about it is wrong."""

    def __init__(self, request: HttpRequest, signature: Signature | None, signing_key: bytes) -> None:
        headers = request.headers
        declared = headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
        self.algorithm = checksums.algorithm_of(headers)
        self.checksum = ""  # encoded; known once everything is read
        self._headers = headers
        self._chunks: ChunkReader | None = None
        self._reader: Reader = request.stream
        if declared.startswith("STREAMING-"):
            signer = ChunkSigner(signature, signing_key) if signature and "-AWS4-HMAC-SHA256-" in declared else None
            self._reader = self._chunks = ChunkReader(request.stream, signer)
        self._checks: list[tuple[checksums.Hasher, Callable[[bytes], None]]] = []
        self._left = int(length) if is_number(length := headers.get("x-amz-decoded-content-length", "")) else None
        if _SHA256.fullmatch(declared):
            self._checks.append((hashlib.sha256(), lambda digest: _check_sha256(declared, digest)))
        if "content-md5" in headers:
            _check_is_md5(headers["content-md5"])
            self._checks.append((hashlib.md5(usedforsecurity=False), self._check_md5))
        if self.algorithm:
            self.compute(self.algorithm)

    def compute(self, algorithm: str) -> None:
        """Compute this checksum, and compare it if the client sent one; call before anything is read."""
        self.algorithm = algorithm
        self._checks.append((checksums.hasher(algorithm), self._check_checksum))

    def read(self, size: int, /) -> bytes:
        data = self._reader.read(size)
        if self._left is not None:
            self._left -= len(data)
            if not data and self._left:
                raise AwsError(
                    "IncompleteBody", "The body has not the length that x-amz-decoded-content-length states."
                )
        for hasher, check in self._checks:
            if data:
                hasher.update(data)
            else:
                check(hasher.digest())
        return data

    def document(self) -> bytes:
        """Return the whole body of a call whose parameters come in one."""
        parts = []
        size = 0
        while data := self.read(CHUNK):
            parts.append(data)
            size += len(data)
            if size > LONGEST_DOCUMENT:
                raise AwsError("MaxMessageLengthExceeded", "Your request was too large.")
        return b"".join(parts)

    def _check_md5(self, digest: bytes) -> None:
        if base64.b64encode(digest).decode() != self._headers["content-md5"]:
            raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")

    def _check_checksum(self, digest: bytes) -> None:
        algorithm = str(self.algorithm)
        name = checksums.PREFIX + algorithm.lower()
        trailers = self._chunks.trailers if self._chunks else {}
        self.checksum = checksums.encoded(digest)
        checksums.check(algorithm, trailers.get(name, self._headers.get(name)), self.checksum)


def _check_is_md5(text: str) -> None:
    try:
        is_md5 = len(base64.b64decode(text, validate=True)) == _MD5_BYTES
    except ValueError:
        is_md5 = False
    if not is_md5:
        raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.")


def _check_sha256(declared: str, digest: bytes) -> None:
    if digest.hex() != declared:
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise AwsError("XAmzContentSHA256Mismatch", message)


class ChunkSigner:
    """Follow the chain of chunk signatures that begins with the request's own.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """

    def __init__(self, signature: Signature, key: bytes) -> None:
        self._head = f"{signature.timestamp}\n{signature.scope}"
        self._previous = signature.signature
        self._key = key

    def check_chunk(self, digest: str, signature: str) -> None:
        """Raise unless this is the signature of the next chunk, of which `digest` is the SHA-256."""
        self._check(f"AWS4-HMAC-SHA256-PAYLOAD\n{self._head}\n{self._previous}\n{_NO_BYTES}\n{digest}", signature)

    def check_trailer(self, trailer: bytes, signature: str) -> None:
        """Raise unless this is the signature of the trailing headers."""
        digest = hashlib.sha256(trailer).hexdigest()
        self._check(f"AWS4-HMAC-SHA256-TRAILER\n{self._head}\n{self._previous}\n{digest}", signature)

    def _check(self, to_sign: str, signature: str) -> None:
        expected = hmac.new(self._key, to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise mismatch()
        self._previous = signature


class ChunkReader:
    """Take the `aws-chunked` coding off a body."""

    def __init__(self, source: Reader, signer: ChunkSigner | None) -> None:
        self.trailers: dict[str, str] = {}  # names in lower case; known once everything is read
        self._source = source
        self._signer = signer
        self._buffer = b""
        self._left = 0  # bytes of the current chunk that are still to come
        self._digest = hashlib.sha256()
        self._signature = ""
        self._is_first = True
        self._is_over = False

    def read(self, size: int, /) -> bytes:
        if not self._left and not self._is_over:
            self._next_chunk()
        if self._is_over:
            return b""
        if not self._buffer:
            self._fill(min(size, self._left))
        data, self._buffer = self._buffer[: min(size, self._left)], self._buffer[min(size, self._left) :]
        self._left -= len(data)
        if self._signer:
            self._digest.update(data)
        if not self._left:
            self._end_chunk()
        return data

    def _next_chunk(self) -> None:
        length, _, extension = self._line().partition(b";")
        try:
            self._left = int(length, 16)
        except ValueError:
            raise _malformed() from None
        self._signature = extension.partition(b"=")[2].decode("latin-1")
        self._digest = hashlib.sha256()
        if not self._left:
            self._is_over = True
            if self._signer:
                self._signer.check_chunk(_NO_BYTES, self._signature)
            self._read_trailers()

    def _end_chunk(self) -> None:
        if self._line():
            raise _malformed()
        if self._signer:
            self._signer.check_chunk(self._digest.hexdigest(), self._signature)

    def _read_trailers(self) -> None:
        signed = b""
        while line := self._line(may_end=True):
            name, _, value = line.partition(b":")
            self.trailers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
            if not name.lower().startswith(b"x-amz-trailer-signature"):
                signed += name.strip().lower() + b":" + value.strip() + b"\n"
        if self._signer and signed:
            self._signer.check_trailer(signed, self.trailers.get("x-amz-trailer-signature", ""))

    def _line(self, *, may_end: bool = False) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise _malformed()
            if not self._fill(_LONGEST_LINE, may_end=may_end):
                line, self._buffer = self._buffer, b""
                return line.strip()
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.strip(b"\r")

    def _fill(self, size: int, *, may_end: bool = False) -> bool:
        data = self._source.read(size)
        self._buffer += data
        if not data and not may_end:
            raise AwsError("IncompleteBody", "The request body terminated unexpectedly")
        return bool(data)


def _malformed() -> AwsError:
    return AwsError("InvalidRequest", "The body is no valid aws-chunked content.")
