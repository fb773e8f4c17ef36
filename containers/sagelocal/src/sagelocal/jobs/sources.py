"""Which objects an input source names, and which of them an instance gets."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sagelocal.errors import AwsError
from sagelocal.jobs.transfer import TransferError, copy_object, link_object, relative_path, safe_path
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri


@dataclass(frozen=True)
class Found:
    """An object and the path of its file below the input's folder; "" for a mark that only shows a folder."""

    info: ObjectInfo
    path: str


def under_prefix(objects: ObjectStore, uri: str) -> Iterator[Found]:
    """Yield the objects under a prefix, by key in order.

    A file's path is its key without the prefix; a prefix that is a whole key makes a file named by its last part.
    """
    bucket, prefix = split_uri(uri)
    for info in objects.list(bucket, prefix):
        folder = info.key.endswith("/")  # what consoles make to show a folder
        yield Found(info, "" if folder else safe_path(relative_path(prefix, info.key), info.key))


def in_manifest(objects: ObjectStore, uri: str) -> Iterator[Found]:
    """Yield the objects that a manifest names: `[{"prefix": "s3://bucket/some/"}, "path/to/one", ...]`.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
    """
    bucket, key = split_uri(uri)
    try:
        first, *names = json.loads(objects.get(bucket, key).path.read_bytes())
        data_bucket, prefix = split_uri(first["prefix"])
    except (ValueError, TypeError, KeyError) as error:
        raise TransferError(
            f'The manifest {uri} is not a list that begins with {{"prefix": "s3://..."}}: {error}'
        ) from error
    for name in names:
        if not isinstance(name, str):
            raise TransferError(f"The manifest {uri} names {name!r}, which is no part of a key.")
        try:
            yield Found(objects.get(data_bucket, prefix + name), safe_path(name.lstrip("/"), name))
        except AwsError as error:
            raise TransferError(
                f"The object s3://{data_bucket}/{prefix}{name} of manifest {uri}: {error.message}"
            ) from error


SOURCES: dict[str, Callable[[ObjectStore, str], Iterator[Found]]] = {
    "S3Prefix": under_prefix,
    "ManifestFile": in_manifest,
}


def copy_all(found: Iterable[Found], folder: Path) -> int:
    """Copy objects into a folder and return how many there were, marks of folders counted."""
    return _lay_out(found, folder, copy_object)


def link_all(found: Iterable[Found], folder: Path) -> int:
    """Show objects in a folder that its reader cannot write to; return how many there were."""
    return _lay_out(found, folder, link_object)


def _lay_out(found: Iterable[Found], folder: Path, place: Callable[[ObjectInfo, Path], None]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for each in found:
        count += 1
        if each.path:
            place(each.info, folder / each.path)
    return count


def download_prefix(objects: ObjectStore, uri: str, folder: Path) -> int:
    """Copy every object under an S3 prefix into a folder and return how many there were."""
    return copy_all(under_prefix(objects, uri), folder)


def share(found: Sequence[Found], index: int, count: int, seed: int | None = None) -> list[Found]:
    """Return what the instance `index` of `count` gets of objects that are sharded by key, shuffled first by a seed."""
    members = list(found)
    if seed is not None:
        random.Random(seed).shuffle(members)
    return members[index::count]
