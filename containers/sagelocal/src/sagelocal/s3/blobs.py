"""The bytes of objects: one file each, written once, never changed."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from io import FileIO
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import BinaryIO

from sagelocal.errors import AwsError
from sagelocal.exchange import CHUNK, Reader

_LARGE = 4 << 20  # bytes; from here on a second thread pays
_AHEAD = 32  # empty files


class BackgroundMd5:
    """Compute an MD5 beside the thread that receives and writes: it is the slowest of their three tasks."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        self._room = threading.Semaphore(4)  # pieces in memory at once
        self._thread = threading.Thread(target=self._run, name="md5", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._md5.update(piece)
            self._room.release()

    def update(self, data: bytes) -> None:
        self._room.acquire()
        self._pieces.put(data)

    def hexdigest(self) -> str:
        self.close()
        return self._md5.hexdigest()

    def close(self) -> None:
        """Wait until everything is summed; nothing can be added any more."""
        self._pieces.put(None)
        self._thread.join()


class BlobWriter:
    """Write one blob; it is gone again unless `keep` was called."""

    def __init__(self, path: Path, file: FileIO, announced: int = 0) -> None:
        self.path = path
        self.size = 0
        self._md5 = BackgroundMd5() if announced >= _LARGE else hashlib.md5(usedforsecurity=False)
        self._file = file
        self._is_kept = False

    def write(self, data: bytes) -> None:
        self._md5.update(data)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)

    def write_from(self, source: Reader, limit: int | None = None) -> None:
        """Write everything a reader has; `EntityTooLarge` if it is more than `limit` bytes."""
        while data := source.read(CHUNK):
            self.write(data)
            if limit is not None and self.size > limit:
                raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")

    def append_file(self, file: BinaryIO, size: int) -> None:
        """Append a file's bytes, in the kernel where it can; they do not count in `md5`."""
        start = self.size
        if hasattr(os, "copy_file_range"):
            try:
                while self.size < start + size:
                    count = start + size - self.size
                    copied = os.copy_file_range(file.fileno(), self._file.fileno(), count)
                    if not copied:
                        break
                    self.size += copied
            except OSError:
                pass  # not between these file systems; the rest is copied below
        while data := file.read(CHUNK):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            self.size += len(data)
        if self.size != start + size:
            raise OSError(f"{file.name} has {self.size - start} bytes, not {size}")

    @property
    def md5(self) -> str:
        """Return the MD5 of what was written, in hexadecimal."""
        return self._md5.hexdigest()

    def finish(self) -> None:
        """Close the file before the end: nothing more will be written."""
        self._file.close()
        if isinstance(self._md5, BackgroundMd5):
            self._md5.close()

    def keep(self) -> None:
        """Keep the blob: the index is about to name it."""
        self._is_kept = True

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        if not self._is_kept:
            self.path.unlink(missing_ok=True)


class BlankFiles:
    """Make empty files before anybody wants them: on many disks it takes longer than all else a small object needs."""

    def __init__(self, make: Callable[[], tuple[Path, FileIO]], count: int) -> None:
        self._make = make
        self._made: SimpleQueue[tuple[Path, FileIO]] = SimpleQueue()
        self._wanted = threading.Semaphore(count)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="blank files", daemon=True)
        self._thread.start()

    def take(self) -> tuple[Path, FileIO]:
        """Return one that is there, or make one."""
        try:
            made = self._made.get_nowait()
        except Empty:
            return self._make()
        self._wanted.release()
        return made

    def close(self) -> None:
        """Remove what nobody wanted."""
        self._closed = True
        self._wanted.release()
        self._thread.join()
        while not self._made.empty():
            path, file = self._made.get()
            file.close()
            path.unlink()

    def _run(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closed:
                return
            try:
                self._made.put(self._make())
            except OSError:  # no room: whoever writes next is told, and may find room again
                self._wanted.release()
                time.sleep(1.0)


class BlobFolder:
    """Keep blobs in 256 folders by the first two digits of their random names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._blank: BlankFiles | None = None
        self._reserved: set[str] = set()  # names of blank files, which are no blobs yet

    def path(self, blob: str) -> Path:
        """Return the file of a blob."""
        return self._folder / f"{blob[:2]}/{blob}"

    def new(self, announced: int = 0) -> BlobWriter:
        """Return the writer of a new blob, whose name is its path's, of about `announced` bytes."""
        path, file = self._blank.take() if self._blank else self._make()
        self._reserved.discard(path.name)
        return BlobWriter(path, file, announced)

    def make_ahead(self) -> None:
        """Have files ready from now on; before, a sweep would take them for what a dead process left."""
        self._blank = BlankFiles(self._make, _AHEAD)

    def close(self) -> None:
        """Remove the files that were made ahead."""
        blank, self._blank = self._blank, None
        if blank is not None:
            blank.close()

    def _make(self) -> tuple[Path, FileIO]:
        name = uuid.uuid4().hex
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        self._reserved.add(name)
        # unbuffered: what was written is the kernel's, and outlives this process
        return path, path.open("xb", buffering=0)

    def remove(self, blobs: Iterable[str]) -> None:
        """Remove blobs; those already gone are no error."""
        for blob in blobs:
            self.path(blob).unlink(missing_ok=True)

    def names(self) -> set[str]:
        """Return the names of all blobs."""
        found = {entry.name for part in os.scandir(self._folder) for entry in os.scandir(part.path)}
        return found - self._reserved
