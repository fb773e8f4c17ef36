"""From a file to the requests that a container gets, and from its answers to a file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sagelocal.jobs.transform.formats import Format, FormatError, format_of
from sagelocal.jobs.transform.jsonpath import JsonPathError, compile_path
from sagelocal.jobs.transform.settings import Settings
from sagelocal.jobs.transform.splitting import SPLITS, SplitError


class RecordError(Exception):
    """The data of an input file, or what was answered to it, cannot be worked with."""


@dataclass(frozen=True)
class Payload:
    """One request: what is sent, and the records that it stands for, as they were in the file."""

    body: bytes
    records: list[bytes]


class Records:
    """Read files and put answers together as one job's settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._format = format_of(settings.content_type)
        self._select = compile_path(settings.input_filter) if settings.input_filter != "$" else None
        self._keep = compile_path(settings.output_filter) if settings.output_filter != "$" else None

    def payloads(self, file: Path) -> Iterator[Payload]:
        """Yield a file's requests in order; RecordError where one cannot be made."""
        try:
            with gzip.open(file) if self._settings.gzip else file.open("rb") as stream:
                yield from self._packed(stream)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise RecordError(f"it is no sound gzip file: {error}") from error
        except (FormatError, JsonPathError, SplitError) as error:
            raise RecordError(str(error)) from error

    def assembled(self, payload: Payload, answer: bytes) -> bytes:
        """Return what the output file gets for an answer; RecordError if it does not fit its request."""
        if self._settings.join or self._keep is not None:
            answer = self._associated(payload, answer)
        # The records of an answer of several lines are apart already, except for the last one.
        needs_end = self._settings.assemble_lines and not answer.endswith(b"\n")
        return answer + b"\n" if needs_end else answer

    def _packed(self, stream: BinaryIO | gzip.GzipFile) -> Iterator[Payload]:
        split, limit = SPLITS.get(self._settings.split), self._settings.max_payload
        if split is None:
            content = stream.read(limit + 1 if limit else -1)  # no more than needed to see that it is too much
            self._check(content)
            if content:
                yield self._payload([self._sent(content)], [content])
            return
        packed: list[bytes] = []
        records: list[bytes] = []
        size = 0
        for record in split.records(stream):
            # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html: only a single record
            # is sent without what a binary format wraps it in
            sent = self._sent(record.content if self._settings.single_record else record.framed)
            added = len(split.between) + len(sent)
            if packed and (self._settings.single_record or (limit and size + added > limit)):
                yield self._payload(packed, records, split.between)
                packed, records, size = [], [], 0
            size += added if packed else len(sent)
            packed.append(sent)
            records.append(record.content)
        if packed:
            yield self._payload(packed, records, split.between)

    def _sent(self, record: bytes) -> bytes:
        if self._select is None or self._format is None:
            return record
        return self._format.write(self._select(self._format.read(record)))

    def _payload(self, packed: list[bytes], records: list[bytes], between: bytes = b"") -> Payload:
        body = between.join(packed)
        self._check(body)
        return Payload(body, records)

    def _check(self, body: bytes) -> None:
        limit = self._settings.max_payload
        if limit and len(body) > limit:
            what = "a record" if self._settings.split in SPLITS else "the file"
            raise RecordError(f"{what} is larger than the MaxPayloadInMB limit of {limit >> 20} MB")

    def _associated(self, payload: Payload, answer: bytes) -> bytes:
        data = self._format
        if data is None:
            raise RecordError(f"the content type {self._settings.content_type!r} has no records to join or to filter")
        # A single JSON answer may be written over several lines.
        whole = len(payload.records) == 1 and not self._settings.by_line
        answers = [answer] if whole else [line for line in answer.splitlines() if line.strip()]
        if len(answers) != len(payload.records):
            raise RecordError(f"the container answered {len(answers)} records to {len(payload.records)}")
        try:
            pairs = zip(payload.records, answers, strict=True)
            return b"\n".join(self._record(data, given, answered) for given, answered in pairs)
        except (FormatError, JsonPathError) as error:
            raise RecordError(str(error)) from error

    def _record(self, data: Format, given: bytes, answered: bytes) -> bytes:
        value = data.read(answered)
        if self._settings.join:
            value = data.joined(data.read(given), value)
        return data.write(value if self._keep is None else self._keep(value))
