"""Multipart uploads: parts are blobs that an upload names, until they become an object in one step."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import CHUNK
from sagelocal.s3 import checksums
from sagelocal.s3.blobs import BlobWriter
from sagelocal.s3.errors import no_such_upload
from sagelocal.s3.info import Condition, ObjectInfo, Properties
from sagelocal.s3.objects import ObjectStore

LEAST_PART = 5 << 20  # bytes; the last part may be shorter


@dataclass(frozen=True)
class Upload:
    """Describe an upload in progress. `properties.checksum` names the algorithm and type its object will have."""

    identifier: str
    bucket: str
    key: str
    initiated: float
    properties: Properties


@dataclass(frozen=True)
class Part:
    """Describe a part; `checksum` is encoded, empty if the client sent none."""

    number: int
    size: int
    etag: str
    modified: float
    checksum: str
    path: Path


class Uploads:
    """Keep the uploads of one object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def create(self, bucket: str, key: str, properties: Properties) -> Upload:
        """Begin an upload."""
        self._store.require_bucket(bucket)
        upload = Upload(uuid.uuid4().hex, bucket, key, time.time(), properties)
        with self._store.index.transaction() as connection:
            values = (upload.identifier, bucket, key, upload.initiated, properties.as_json())
            connection.execute("INSERT INTO upload VALUES (?, ?, ?, ?, ?)", values)
        return upload

    def get(self, bucket: str, key: str, identifier: str) -> Upload:
        """Return an upload; `NoSuchUpload` if there is none for that object."""
        statement = "SELECT initiated, properties FROM upload WHERE id = ? AND bucket = ? AND key = ?"
        row = self._store.index.row(statement, identifier, bucket, key)
        if row is None:
            self._store.require_bucket(bucket)
            raise no_such_upload(identifier)
        return Upload(identifier, bucket, key, row[0], Properties.from_json(row[1]))

    def of_bucket(self, bucket: str, prefix: str) -> list[Upload]:
        """Return a bucket's uploads by key and time."""
        self._store.require_bucket(bucket)
        rows = self._store.index.rows(
            "SELECT id, key, initiated, properties FROM upload WHERE bucket = ? ORDER BY key, initiated", bucket
        )
        return [
            Upload(identifier, bucket, key, initiated, Properties.from_json(text))
            for identifier, key, initiated, text in rows
            if key.startswith(prefix)
        ]

    def add_part(self, upload: Upload, number: int, writer: BlobWriter, checksum: str) -> Part:
        """Make a written blob the part of that number; it replaces an earlier one."""
        now = time.time()
        name = writer.path.name
        with self._store.index.transaction() as connection:
            if not connection.execute("SELECT 1 FROM upload WHERE id = ?", (upload.identifier,)).fetchone():
                raise no_such_upload(upload.identifier)
            connection.execute(
                "INSERT OR IGNORE INTO garbage SELECT blob, ? FROM part WHERE upload = ? AND number = ?",
                (now, upload.identifier, number),
            )
            values = (upload.identifier, number, name, writer.size, writer.md5, now, checksum)
            connection.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            writer.keep()
        return Part(number, writer.size, writer.md5, now, checksum, writer.path)

    def parts(self, upload: Upload) -> list[Part]:
        """Return an upload's parts by number."""
        rows = self._store.index.rows(
            "SELECT number, blob, size, etag, modified, checksum FROM part WHERE upload = ? ORDER BY number",
            upload.identifier,
        )
        return [
            Part(number, size, etag, modified, checksum, self._store.blobs.path(blob))
            for number, blob, size, etag, modified, checksum in rows
        ]

    def abort(self, upload: Upload) -> None:
        """End an upload without an object."""
        with self._store.index.transaction() as connection:
            self._store.end_upload(connection, upload.identifier, time.time())

    def complete(
        self, upload: Upload, wanted: list[tuple[int, str]], condition: Condition | None, expected: str | None
    ) -> ObjectInfo:
        """Join the wanted parts, given by number and ETag, into the object; `expected` is its encoded checksum."""
        chosen = _chosen(self.parts(upload), wanted)
        etags = b"".join(bytes.fromhex(part.etag) for part in chosen)
        etag = f"{hashlib.md5(etags, usedforsecurity=False).hexdigest()}-{len(chosen)}"
        with self._joined(upload, chosen) as (writer, checksum):
            if checksum:
                checksums.check(checksum["algorithm"], expected, checksum["value"])
            properties = replace(upload.properties, checksum=checksum)
            return self._store.commit(
                upload.bucket,
                upload.key,
                writer,
                properties,
                etag=etag,
                condition=condition,
                upload=upload.identifier,
                parts=[(part.number, part.size, part.checksum) for part in chosen],
            )

    def completed(self, bucket: str, key: str, identifier: str) -> ObjectInfo | None:
        """Return the object that an upload became a short while ago: the answer may have been lost on its way."""
        row = self._store.index.row("SELECT etag, version FROM completed WHERE upload = ?", identifier)
        if row is None:
            return None
        info = self._store.find(bucket, key, row[1])
        return info if info and info.etag == row[0] else None

    @contextmanager
    def _joined(self, upload: Upload, parts: list[Part]) -> Iterator[tuple[BlobWriter, dict[str, str]]]:
        asked = upload.properties.checksum
        algorithm, kind = asked.get("algorithm", ""), asked.get("type", "")
        with self._store.blobs.new() as writer:
            hasher = checksums.hasher(algorithm) if kind == checksums.FULL_OBJECT else None
            for part in parts:
                with part.path.open("rb", buffering=0) as file:
                    while hasher and (data := file.read(CHUNK)):
                        hasher.update(data)
                    file.seek(0)
                    writer.append_file(file, part.size)
            if hasher:
                yield writer, {"algorithm": algorithm, "value": checksums.encoded(hasher.digest()), "type": kind}
            elif kind and all(part.checksum for part in parts):
                value = checksums.composite(algorithm, [part.checksum for part in parts])
                yield writer, {"algorithm": algorithm, "value": value, "type": kind}
            else:
                yield writer, {}


def _chosen(parts: list[Part], wanted: list[tuple[int, str]]) -> list[Part]:
    by_number = {part.number: part for part in parts}
    numbers = [number for number, _ in wanted]
    if not numbers or numbers != sorted(set(numbers)):
        message = "The list of parts was not in ascending order. Parts must be ordered by part number."
        raise AwsError("InvalidPartOrder", message)
    for number, etag in wanted:
        if number not in by_number or by_number[number].etag != etag.strip('"'):
            message = (
                "One or more of the specified parts could not be found. The part may not have been uploaded, "
                "or the specified entity tag may not match the part's entity tag."
            )
            raise AwsError("InvalidPart", message, PartNumber=number, ETag=etag)
    chosen = [by_number[number] for number in numbers]
    for part in chosen[:-1]:
        if part.size < LEAST_PART:
            fields: dict[str, Any] = {
                "ProposedSize": part.size,
                "MinSizeAllowed": LEAST_PART,
                "PartNumber": part.number,
            }
            message = "Your proposed upload is smaller than the minimum allowed size"
            raise AwsError("EntityTooSmall", message, **fields)
    return chosen
