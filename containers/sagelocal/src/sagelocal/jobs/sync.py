"""Folders of a running job that are kept in S3: its checkpoints, and outputs that are uploaded continuously.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

from pathlib import Path

from sagelocal.jobs.transfer import files
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri

Look = tuple[int, int]  # a file's size in bytes and its time of change in nanoseconds


class Sync:
    """Upload what changes in some folders; nothing is ever deleted from S3."""

    def __init__(self, objects: ObjectStore, folders: list[tuple[Path, str]]) -> None:
        self.folders = folders  # and the S3 URIs that they are kept at
        self._objects = objects
        self._stored: dict[Path, Look] = {}
        self._seen: dict[Path, Look] = {}

    def remember(self) -> None:
        """Take what is there for stored already: it was just downloaded."""
        self._stored = {file: _look(file) for folder, _ in self.folders for file in files(folder)}

    def upload_settled(self) -> None:
        """Upload every changed file that is as it was when this was last called: nobody is writing it."""
        self._upload(settled=True)

    def upload(self) -> None:
        """Upload every changed file."""
        self._upload(settled=False)

    def _upload(self, *, settled: bool) -> None:
        for folder, uri in self.folders:
            bucket, prefix = split_uri(uri)
            for file in files(folder):
                look = _look(file)
                if self._stored.get(file) == look:
                    continue
                if settled and self._seen.get(file) != look:
                    self._seen[file] = look
                    continue
                parts = (prefix.rstrip("/"), file.relative_to(folder).as_posix())
                self._objects.put(bucket, "/".join(part for part in parts if part), file)
                self._stored[file] = look


def _look(file: Path) -> Look:
    status = file.stat()
    return status.st_size, status.st_mtime_ns
