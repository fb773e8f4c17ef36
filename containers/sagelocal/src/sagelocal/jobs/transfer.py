"""Between S3 and a job's folders. A job that writes to its input alters no object: it gets copies, or cannot write."""

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sagelocal.errors import AwsError
from sagelocal.jobs.unpacking import unpack
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri

_BLOCK = 1 << 20
_GZIP_LEVEL = 1  # a model is packed while somebody waits


class TransferError(Exception):
    """Data could not be moved; the text is the reason."""


def relative_path(prefix: str, key: str) -> str:
    """Return where an object of a prefix lies below the folder that the prefix is copied to."""
    if key == prefix:
        return prefix.rstrip("/").rpartition("/")[2]
    if prefix.endswith("/") or key[len(prefix)] == "/":
        return key[len(prefix) :].lstrip("/")
    return key[prefix.rfind("/") + 1 :]  # the prefix ends within a name: `data/part` of `data/part-0.csv`


def safe_path(path: str, key: str) -> str:
    """Refuse a key that would lie outside of its folder or is no file name."""
    parts = path.rstrip("/").split("/")
    if path.startswith("/") or not {"", ".", ".."}.isdisjoint(parts) or "\0" in path:
        raise TransferError(f"The object key '{key}' cannot be a file's path.")
    return path


def copy_object(info: ObjectInfo, target: Path) -> None:
    """Copy an object into a file."""
    _place(info, target, shutil.copyfile)


def link_object(info: ObjectInfo, target: Path) -> None:
    """Show an object as a file, for a folder that the job cannot write to; where no link can be made, copy it."""
    try:
        _place(info, target, os.link)
    except OSError:  # another file system, or one without links
        target.unlink(missing_ok=True)
        copy_object(info, target)


def _place(info: ObjectInfo, target: Path, place: Callable[[Path, Path], object]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        place(info.path, target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise TransferError(
            f"The object '{info.key}' cannot be a file: another object's key makes '{target.name}' or a part of its "
            "path both a file and a folder."
        ) from error


def upload_folder(objects: ObjectStore, folder: Path, uri: str) -> int:
    """Store every file of a folder under an S3 prefix and return how many there were."""
    bucket, prefix = split_uri(uri)
    count = 0
    for file in files(folder):
        key = "/".join(part for part in (prefix.rstrip("/"), file.relative_to(folder).as_posix()) if part)
        objects.put(bucket, key, file)
        count += 1
    return count


def files(folder: Path) -> Iterator[Path]:
    """Yield a folder's files in the order of their paths; symbolic links that lead out of it are left out."""
    if not folder.is_dir():
        return
    inside = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(inside):
            yield path


def upload_archive(objects: ObjectStore, folders: Sequence[Path], uri: str, scratch: Path) -> str:
    """Store what folders hold as one .tar.gz object and return its URI; `scratch` is where it is packed.

    Of entries of the same path, that of the first folder is kept.
    """
    scratch.parent.mkdir(parents=True, exist_ok=True)
    entries = {path.relative_to(folder).as_posix(): path for folder in reversed(folders) for path in folder.rglob("*")}
    with (
        scratch.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for name in sorted(entries):
            archive.add(entries[name], arcname=name, recursive=False)
    bucket, key = split_uri(uri)
    objects.put(bucket, key, scratch)
    scratch.unlink()
    return uri


def download_archive(objects: ObjectStore, uri: str, folder: Path) -> None:
    """Unpack a .tar.gz object into a folder; TransferError if it is no archive or a member would lie outside."""
    bucket, key = split_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = objects.get(bucket, key).path
    except AwsError as error:
        raise TransferError(f"Could not find model data at {uri}.") from error
    try:
        with gzip.open(path) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as archive:
                unpack(archive, folder)
            while unpacked.read(_BLOCK):  # to the checksum at its end, which tells a half archive from a whole one
                continue
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise TransferError(f"The model data at {uri} is no sound tar.gz archive: {error}") from error
