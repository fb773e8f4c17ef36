"""Queries that need not run: a training set made by the same statements from the same records is taken again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from boatyard.aws import athena
from boatyard.aws.cache import entries
from boatyard.aws.cache.contents import UnknownContentsError, digest
from boatyard.aws.cache.entries import Entry, Rule
from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import Clients
from boatyard.aws.records.journal import kept, note_cached

log = logging.getLogger(__name__)

VERSION = 1


@dataclass(frozen=True)
class QueryCache:
    """The cache as one try of a step that leaves a table sees it."""

    clients: Clients
    rule: Rule
    me: Claimant
    record: str | None = None  # the URI of this step's record

    def once(self, asked: Callable[[], Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what an earlier run's `work` returned for what is `asked`, else do it, and keep what it returns.

        `asked` answers a JSON value of all that decides about the result, contents in place of places; it is asked
        again afterwards, and nothing is kept if something has come in between.
        """
        with kept():  # what the cache asks of AWS is no part of the step's own journal
            key = _key(asked)
            entry = self._find(key) if key else None
        if entry is not None:
            note_cached(entry)
            log.info("cached: run %s of %s made the same from the same records", entry["run"], entry["dag"])
            found: dict[str, Any] = entry["result"]
            return found
        result = work()
        with kept():
            if key is not None and _key(asked) == key:
                self._keep(key, result)
        return result

    def _find(self, key: str) -> Entry | None:
        if self.rule.force or self.me.generation:
            log.info("the cache is not asked: %s", "force is set" if self.rule.force else "the task was cleared")
            return None
        entry = entries.read(self.clients.get("s3"), self.rule, key)
        return entry if entry is not None and self._has_table(entry["result"]) else None

    def _has_table(self, result: dict[str, Any]) -> bool:
        name = result["table"]
        there = athena.tables(self.clients.get("athena"), result["database"], name)
        return any(table["Name"] == name for table in there)

    def _keep(self, key: str, result: dict[str, Any]) -> None:
        owner = self.me.owner
        entry = {
            "result": result,
            "dag": owner.dag,
            "run": owner.run,
            "task": owner.task,
            "record": self.record,
            "kept_at": datetime.now(UTC).isoformat(),
        }
        entries.write(self.clients.get("s3"), self.rule, key, entry, {"data": result["location"]})


def _key(asked: Callable[[], Any]) -> str | None:
    try:
        return digest({"version": VERSION, "asked": asked()})
    except UnknownContentsError as reason:
        log.info("not cached: %s", reason)
        return None
