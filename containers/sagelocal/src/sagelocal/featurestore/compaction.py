"""Small files of the offline store become larger ones, so that a query opens few.

AWS gathers records for minutes before it writes a file, and compacts Iceberg tables:
https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-storage-configurations-offline-store.html
Here a record is in its file within a second, and the files are merged afterwards.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable

from sagelocal.featurestore.offline import parquet, token
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.merging import merge
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri

_LOG = logging.getLogger(__name__)

FEW = 8  # files of about one size in a folder are left alone
LARGE = 16 << 20  # bytes; a file of this size is
_MOST_BYTES = 64 << 20  # of one merge, which is held in memory
_MOST_FILES = 64
# As the offline store names its files; whatever else lies there is somebody else's.
_NAME = re.compile(r"([0-9]{8}T[0-9]{6}Z)_[A-Za-z0-9]{16}\.parquet")


def mergeable(files: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    """Return the files of a folder that are to become one, none if they are few.

    Only files of about one size are merged, eight or more of them: so each row is written again a few times at most,
    however many files come.
    """
    by_size: dict[int, list[ObjectInfo]] = {}
    for info in files:
        if info.size < LARGE and _NAME.fullmatch(info.key.rpartition("/")[2]):
            by_size.setdefault(info.size.bit_length() // 3, []).append(info)
    for size in sorted(by_size):
        chosen = _bounded(by_size[size])
        if len(chosen) >= FEW:
            return chosen
    return []


def _bounded(files: list[ObjectInfo]) -> list[ObjectInfo]:
    chosen: list[ObjectInfo] = []
    total = 0
    for info in files[:_MOST_FILES]:
        total += info.size
        if total > _MOST_BYTES:
            break
        chosen.append(info)
    return chosen


def merged_key(files: list[ObjectInfo]) -> str:
    """Return the key of the file that those of one folder become, named by their latest event time."""
    folder = files[0].key.rpartition("/")[0]
    latest = max(info.key.rpartition("/")[2].partition("_")[0] for info in files)
    seed = hashlib.sha256("/".join(info.path.name for info in files).encode()).hexdigest()
    return f"{folder}/{latest}_{token(seed)}.parquet"


def merged(files: list[ObjectInfo]) -> bytes:
    """Return the rows of files as one file; a column that one of them lacks is NULL there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.ParquetFile(info.path).read() for info in files]
    return parquet(pa.concat_tables(tables, promote_options="default").combine_chunks())


class Compactor:
    """Merge the files of folders that were written to, one merge at a time."""

    def __init__(self, objects: ObjectStore, is_open: Callable[[str], bool]) -> None:
        """`is_open` tells whether a group has a batch that may be written once more, under the names it had."""
        self._objects = objects
        self._is_open = is_open
        self._locations: dict[str, str] = {}  # S3 URI -> key of the group
        self._folders: dict[str, str] = {}

    def add(self, folder: str, group_key: str) -> None:
        """Look at a folder, `s3://bucket/.../hour=10`, as soon as there is time."""
        self._folders[folder] = group_key

    def add_all(self, location: str, group_key: str) -> None:
        """Look at every folder below the location of a group's table."""
        self._locations[location] = group_key

    def step(self) -> bool:
        """Make one merge if there is one to make; return whether to come back."""
        for place, look in ((self._locations, self._list), (self._folders, self._merge)):
            for uri, group_key in list(place.items()):
                if self._is_open(group_key):
                    continue  # and come back when its batch is written
                try:
                    if look(uri, group_key):
                        return True
                except Exception:  # noqa: BLE001 - the files stay as they are, which is right if slow
                    _LOG.exception("the files in %s could not be merged", uri)
                del place[uri]
        return False

    def _list(self, location: str, group_key: str) -> bool:
        bucket, prefix = split_uri(f"{location}/")
        if self._objects.has_bucket(bucket):
            for info in self._objects.list(bucket, prefix):
                self.add(f"s3://{bucket}/{info.key.rpartition('/')[0]}", group_key)
        return False

    def _merge(self, folder: str, _: str) -> bool:
        bucket, prefix = split_uri(f"{folder}/")
        files = mergeable(self._objects.list(bucket, prefix)) if self._objects.has_bucket(bucket) else []
        return bool(files) and merge(self._objects, files, merged_key(files), merged(files))
