"""Buckets: what holds objects, uploads and a few settings."""

from __future__ import annotations

import sqlite3
import time

from sagelocal.errors import AwsError
from sagelocal.s3.errors import no_such_bucket, no_such_upload
from sagelocal.s3.index import Index


class Buckets:
    """Keep the buckets of one index."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def create_bucket(self, bucket: str) -> bool:
        """Make a bucket; return False if there is one of that name."""
        with self.index.transaction() as connection:
            statement = "INSERT OR IGNORE INTO bucket (name, created) VALUES (?, ?)"
            return connection.execute(statement, (bucket, time.time())).rowcount == 1

    def has_bucket(self, bucket: str) -> bool:
        """Return whether there is such a bucket."""
        return self.index.row("SELECT 1 FROM bucket WHERE name = ?", bucket) is not None

    def require_bucket(self, bucket: str) -> None:
        """Raise `NoSuchBucket` if there is none."""
        if not self.has_bucket(bucket):
            raise no_such_bucket(bucket)

    def buckets(self) -> list[tuple[str, float]]:
        """Return every bucket's name and time of creation."""
        return [(name, created) for name, created in self.index.rows("SELECT name, created FROM bucket ORDER BY name")]

    def delete_bucket(self, bucket: str) -> None:
        """Remove an empty bucket."""
        with self.index.transaction() as connection:
            for table in ("object", "version"):
                if connection.execute(f"SELECT 1 FROM {table} WHERE bucket = ? LIMIT 1", (bucket,)).fetchone():
                    raise self._not_empty(bucket)
            for (upload,) in connection.execute("SELECT id FROM upload WHERE bucket = ?", (bucket,)).fetchall():
                self.end_upload(connection, upload, time.time())
            if connection.execute("DELETE FROM bucket WHERE name = ?", (bucket,)).rowcount != 1:
                raise no_such_bucket(bucket)
            connection.execute("DELETE FROM setting WHERE bucket = ?", (bucket,))

    def _not_empty(self, bucket: str) -> AwsError:
        detail = ". You must delete all versions in the bucket." if self.versioning(bucket) else ""
        message = f"The bucket you tried to delete is not empty{detail}"
        return AwsError("BucketNotEmpty", message, 409, BucketName=bucket)

    def versioning(self, bucket: str) -> str | None:
        """Return whether a bucket keeps versions: `Enabled`, `Suspended`, or None if it never did."""
        row = self.index.row("SELECT versioning FROM bucket WHERE name = ?", bucket)
        if row is None:
            raise no_such_bucket(bucket)
        found: str | None = row[0]
        return found

    def set_versioning(self, bucket: str, versioning: str) -> None:
        """Keep versions from now on, or suspend that."""
        with self.index.transaction() as connection:
            statement = "UPDATE bucket SET versioning = ? WHERE name = ?"
            if connection.execute(statement, (versioning, bucket)).rowcount != 1:
                raise no_such_bucket(bucket)

    def setting(self, bucket: str, name: str) -> bytes | None:
        """Return the document of a setting, None if there is none."""
        row = self.index.row("SELECT document FROM setting WHERE bucket = ? AND name = ?", bucket, name)
        if row is None:
            self.require_bucket(bucket)
            return None
        document: bytes = row[0]
        return document

    def set_setting(self, bucket: str, name: str, document: bytes | None) -> None:
        """Keep the document of a setting, or forget it."""
        with self.index.transaction() as connection:
            if not connection.execute("SELECT 1 FROM bucket WHERE name = ?", (bucket,)).fetchone():
                raise no_such_bucket(bucket)
            connection.execute("DELETE FROM setting WHERE bucket = ? AND name = ?", (bucket, name))
            if document is not None:
                connection.execute("INSERT INTO setting VALUES (?, ?, ?)", (bucket, name, document))

    @staticmethod
    def end_upload(connection: sqlite3.Connection, upload: str, now: float) -> None:
        """Forget a multipart upload and its parts, within a transaction."""
        connection.execute("INSERT OR IGNORE INTO garbage SELECT blob, ? FROM part WHERE upload = ?", (now, upload))
        connection.execute("DELETE FROM part WHERE upload = ?", (upload,))
        if connection.execute("DELETE FROM upload WHERE id = ?", (upload,)).rowcount != 1:
            raise no_such_upload(upload)
