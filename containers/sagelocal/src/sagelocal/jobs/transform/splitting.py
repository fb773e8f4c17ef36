"""From a file to its records: by line, or by the frames of a binary record format.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

MAGIC = struct.pack("<I", 0xCED7230A)  # begins every part of a RecordIO record
_WHOLE, _BEGIN, _MIDDLE, _END = range(4)  # RecordIO's parts


class Stream(Protocol):
    """Read bytes, by size or by line."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self) -> bytes: ...


class SplitError(ValueError):
    """A file is not of the record format that it should be."""


@dataclass(frozen=True)
class Record:
    """A record and how it stands in its file: a binary format wraps it."""

    content: bytes
    framed: bytes


def _lines(stream: Stream) -> Iterator[Record]:
    while line := stream.readline():
        content = line.rstrip(b"\r\n")
        if content:
            yield Record(content, content)


def _recordio(stream: Stream) -> Iterator[Record]:
    """Read MXNet's RecordIO: magic, 3 bits of part and 29 of length, the data, and zeros up to four bytes.

    A record that holds the magic number itself is kept in parts without it.
    https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading
    """
    parts: list[bytes] = []
    framed = b""
    while magic := stream.read(4):
        if magic != MAGIC:
            raise SplitError("it is no RecordIO file: a record does not begin with RecordIO's number")
        head = _exactly(stream, 4, "RecordIO")
        (word,) = struct.unpack("<I", head)
        part, size = word >> 29, word & ((1 << 29) - 1)
        if part > _END or (part in (_WHOLE, _BEGIN)) != (not parts):
            raise SplitError("it is no RecordIO file: the parts of a record do not follow each other")
        data = _exactly(stream, size, "RecordIO")
        padding = _exactly(stream, -size % 4, "RecordIO")
        parts.append(data)
        framed += magic + head + data + padding
        if part in (_WHOLE, _END):
            yield Record(MAGIC.join(parts), framed)
            parts, framed = [], b""
    if parts:
        raise SplitError("it is no whole RecordIO file: it ends within a record")


def _tfrecord(stream: Stream) -> Iterator[Record]:
    """Read TensorFlow's TFRecord: the length and its checksum, the data and its checksum.

    https://www.tensorflow.org/tutorials/load_data/tfrecord
    """
    while head := stream.read(12):
        if len(head) < 12:
            raise SplitError("it is no whole TFRecord file: it ends within a record")
        (size,) = struct.unpack("<Q", head[:8])
        if struct.unpack("<I", head[8:])[0] != _masked_crc(head[:8]):
            raise SplitError("it is no TFRecord file: the checksum of a record's length is wrong")
        data = _exactly(stream, size, "TFRecord")
        yield Record(data, head + data + _exactly(stream, 4, "TFRecord"))


def _exactly(stream: Stream, size: int, name: str) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) < size:
        raise SplitError(f"it is no whole {name} file: it ends within a record")
    return data


def _masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)  # Castagnoli's polynomial; eight bytes are done at once
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@dataclass(frozen=True)
class Split:
    """One way of splitting a file."""

    records: Callable[[Stream], Iterator[Record]]
    between: bytes  # what stands between the records of one request


SPLITS = {"Line": Split(_lines, b"\n"), "RecordIO": Split(_recordio, b""), "TFRecord": Split(_tfrecord, b"")}
