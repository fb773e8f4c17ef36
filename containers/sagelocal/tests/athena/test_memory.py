"""Queries that want more memory than they may have."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sagelocal.athena.engine import Engine, Limits
from sagelocal.athena.errors import QueryError

# Every row is kept until the last one is known: some 400 MB.
SORTED = (
    "SELECT count(*), max(place) FROM (SELECT row_number() OVER (ORDER BY word) AS place FROM "
    "(SELECT to_hex(md5(to_utf8(CAST(a.n * 1000 + b.n AS varchar)))) || rpad('', 100, 'x') AS word "
    "FROM UNNEST(sequence(1, 3000)) AS a(n) CROSS JOIN UNNEST(sequence(1, 1000)) AS b(n)) AS words) AS numbered"
)


def test_a_query_larger_than_its_memory_spills_to_its_own_folder_and_succeeds(lake: Any, tmp_path: Path) -> None:
    engine = Engine(lake.objects, lake.catalog, tmp_path / "query", Limits("100MiB", 2))
    spilled = threading.Event()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            if any(path.stat().st_size for path in (tmp_path / "query" / "spill").glob("*")):
                spilled.set()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        path, _ = engine.select(SORTED, "db")
        assert path.read_text().splitlines()[1] == '"3000000","3000000"'
    finally:
        ended.set()
        watcher.join()
        engine.close()
    assert spilled.is_set()
    assert not (tmp_path / "query").exists()


def test_a_query_that_cannot_spill_fails_with_its_reason(lake: Any, tmp_path: Path) -> None:
    engine = Engine(lake.objects, lake.catalog, tmp_path / "query", Limits("40MiB", 1))
    try:
        with pytest.raises(QueryError, match="EXCEEDED_LOCAL_MEMORY_LIMIT"):
            engine.select(
                "SELECT cardinality(array_agg(rpad(CAST(n AS varchar), 1000, 'x'))) "
                "FROM UNNEST(sequence(1, 400000)) AS t(n)",
                "db",
            )
    finally:
        engine.close()
