"""Objects that become one: for whoever lists them there are the old ones or the new one, never both, never neither."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sagelocal.s3.blobs import BlobWriter
from sagelocal.s3.info import ObjectInfo, Properties
from sagelocal.s3.objects import GRACE, ObjectStore

# A merged blob stays as long as a query may take on AWS: one that listed it before still reads it.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
KEPT = 30 * 60.0  # seconds


class _ChangedError(Exception):
    """An object is not as it was when it was listed."""


def merge(objects: ObjectStore, old: Sequence[ObjectInfo], key: str, content: bytes) -> bool:
    """Put an object in the place of others; False, and no change, if one is not as it was or versions are kept."""
    try:
        with objects.blobs.new(len(content)) as writer:
            writer.write(content)
            writer.finish()
            _exchange(objects, old, key, writer)
    except _ChangedError:
        return False
    return True


def _exchange(objects: ObjectStore, old: Sequence[ObjectInfo], key: str, writer: BlobWriter) -> None:
    bucket, now = old[0].bucket, time.time()
    with objects.index.transaction() as connection:
        if objects.versioning(bucket):  # which keeps whatever was there
            raise _ChangedError
        for info in old:
            values = (bucket, info.key, info.path.name)
            gone = connection.execute("DELETE FROM object WHERE bucket = ? AND key = ? AND blob = ?", values)
            if gone.rowcount != 1:
                raise _ChangedError
            connection.execute("INSERT INTO garbage VALUES (?, ?)", (info.path.name, now + KEPT - GRACE))
        objects.enter(connection, bucket, key, writer, Properties(), writer.md5, now, None)
        writer.keep()
