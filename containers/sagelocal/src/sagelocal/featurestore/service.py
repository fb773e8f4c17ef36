"""The Feature Store: groups, their records, and the thread that fills the offline store."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from sagelocal.athena.catalog import Catalog
from sagelocal.athena.ddl_run import repair_table
from sagelocal.athena.partitions import partition_at, values_in
from sagelocal.featurestore.compaction import Compactor
from sagelocal.featurestore.group import (
    KIND,
    OFFLINE_KIND,
    Document,
    FeatureGroup,
    glue_table,
    group_from,
    key_at,
    name_of,
    not_found,
    offline_document,
)
from sagelocal.featurestore.offline import files_of
from sagelocal.featurestore.record_log import RecordLog

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_LOG = logging.getLogger(__name__)
_GATHER = 0.2  # seconds that rows are gathered before they become a file
_RETRY = 1.0  # seconds until a blocked offline store is tried again


class FeatureStore:
    """Hold the feature groups of one backend.

    A write is durable before it is acknowledged; a thread moves what was written to the offline store, each row
    exactly once whenever the process dies.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.catalog = Catalog(backend.store)
        self.records = RecordLog(backend.folder / "feature-store.sqlite")
        self._groups: dict[str, FeatureGroup] = {}
        self._groups_lock = threading.Lock()
        self._blocked: dict[str, float] = {}  # group key -> when to try again
        self._compactor = Compactor(backend.objects, self.records.has_open_batch)
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="offline-store", daemon=True)

    def start(self) -> None:
        """Start filling the offline store, first with what a former process left."""
        keys = {document["key"] for document in self._backend.store.list(KIND)}
        for key in self.records.online_keys() - keys:  # the process died while it deleted the group
            self.records.forget(key)
        for document in self._backend.store.list(KIND):
            self._know_table(document)
        for target in self._backend.store.list(OFFLINE_KIND):
            self._compactor.add_all(target["location"], key_at(target["location"]))
        self._thread.start()
        self._wake.set()

    def _know_table(self, document: Document) -> None:
        """Give the table of a group, made before tables had partitions in the catalog, those it has in S3."""
        target = self._backend.store.get(OFFLINE_KIND, document["key"])
        described = glue_table(document["describe"])
        if target is None or "table" in target or described is None:
            return
        table = self.catalog.table(described.database, described.name)
        if table is not None:
            repair_table(self.catalog, self._backend.objects, table)
        self._backend.store.update(OFFLINE_KIND, document["key"], lambda _: offline_document(document))

    def close(self) -> None:
        """Stop the thread; rows that are not in the offline store yet stay in the log."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self.records.close()

    def group(self, name_or_arn: str) -> FeatureGroup:
        """Return a feature group; AwsError ResourceNotFound if there is none."""
        name = name_of(name_or_arn)
        group = self._groups.get(name)
        if group is None:
            with self._groups_lock:  # or a document read before a change could be kept after it
                document = self._backend.store.get(KIND, name)
                if document is None:
                    raise not_found(name)
                group = self._groups[name] = group_from(document)
        return group

    def group_changed(self, name: str) -> None:
        """Forget what was known of a group and look at it anew."""
        with self._groups_lock:
            self._groups.pop(name, None)
        self._wake.set()

    def rows_written(self) -> None:
        """Let the offline store know of new rows."""
        self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            try:
                pause = self._step()
            except Exception:  # noqa: BLE001 - whatever one round meets, the next must come
                _LOG.exception("the offline store could not be filled")
                pause = _RETRY
            self._wake.wait(pause)
            self._wake.clear()
            if not self._closing:
                time.sleep(_GATHER)

    def _step(self) -> float | None:
        """Settle groups, flush what is due, merge some files; return the seconds until there is more to do, if ever."""
        self._settle()
        for group_key, oldest in self.records.oldest_waiting().items():
            due = time.time() - self._backend.offline_store_lag
            if oldest <= due * 1e6 and self._blocked.get(group_key, 0) <= time.time() and not self._closing:
                self._flush(group_key, int(due * 1e6))
        return 0.0 if self._compactor.step() else self._pause()

    def _pause(self) -> float | None:
        now = time.time()
        lag = self._backend.offline_store_lag
        waits = [
            max(oldest / 1e6 + lag - now, self._blocked.get(group_key, 0) - now, 0.0)
            for group_key, oldest in self.records.oldest_waiting().items()
        ]
        return min(waits, default=None)

    def _settle(self) -> None:
        for document in self._backend.store.list(KIND):
            if document["describe"]["FeatureGroupStatus"] == "Creating":
                name = document["describe"]["FeatureGroupName"]
                self._backend.store.update(KIND, name, _created)
                self.group_changed(name)

    def _flush(self, group_key: str, due: int) -> None:
        target = self._backend.store.get(OFFLINE_KIND, group_key)
        batch = self.records.take_batch(group_key, due)
        if target is None or batch is None:
            return
        bucket, _, prefix = target["location"].removeprefix("s3://").partition("/")
        paths = []
        try:
            for path, content in files_of(batch, [(name, kind) for name, kind in target["features"]]):
                self._add_partition(target, path)
                self._backend.objects.put(bucket, f"{prefix}/{path}", content)
                paths.append(path)
        except Exception as error:  # noqa: BLE001 - one group's trouble must not hold up the others
            if group_key not in self._blocked:
                _LOG.warning("the offline store of feature group %s is blocked", target["group"], exc_info=error)
            self._blocked[group_key] = time.time() + _RETRY
            self._report(target["group"], group_key, {"Status": "Blocked", "BlockedReason": str(error)[:1024]})
            return
        self.records.finish_batch(batch)
        for path in paths:
            self._compactor.add(f"{target['location']}/{path.rpartition('/')[0]}", group_key)
        if self._blocked.pop(group_key, None) is not None:
            self._report(target["group"], group_key, {"Status": "Active"})

    def _add_partition(self, target: Document, path: str) -> None:
        """Tell the catalog of a file's partition, before the file is there: no row is ever in a place nobody reads."""
        table = self.catalog.table(*target["table"]) if target.get("table") else None
        if table is None:  # none was made, or somebody dropped it
            return
        values = values_in(table, path)
        if values is not None:
            self.catalog.add_partitions(table, [partition_at(table, values)])

    def _report(self, name: str, group_key: str, status: Document) -> None:
        def change(document: Document) -> None:
            if document["key"] == group_key:
                document["describe"]["OfflineStoreStatus"] = status

        self._backend.store.update(KIND, name, change)


def _created(document: Document) -> None:
    if document["describe"]["FeatureGroupStatus"] == "Creating":
        document["describe"]["FeatureGroupStatus"] = "Created"
