"""Result files read back page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sagelocal.athena.results import Row, read_csv_page

VALUES = st.none() | st.text(st.sampled_from('ab"\n,\r é'), max_size=5)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=6), limit=st.integers(1, 4), width=st.integers(1, 2))
def test_pages_give_every_value_as_it_was(
    shared_lake: Any, tmp_path_factory: Any, rows: list[tuple[str | None, str | None]], limit: int, width: int
) -> None:
    for info in list(shared_lake.objects.list("lake", "t/")):
        shared_lake.objects.delete("lake", info.key)
    columns = {"n": list(range(len(rows)))} | {
        name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate("ab")
    }
    shared_lake.put("t/0", pa.table(columns))
    shared_lake.create("t", {"n": "bigint", "a": "string", "b": "string"})
    names = ["a", "b"][:width]
    with shared_lake.engine() as engine:
        path, _ = engine.select(f"SELECT {', '.join(names)} FROM t ORDER BY n", "db")
        found = pages(path, limit, width)
    assert found == [names, *(list(row[:width]) for row in rows)]


def pages(path: Path, limit: int, width: int) -> list[Row]:
    rows: list[Row] = []
    offset = 0
    while True:
        page, offset = read_csv_page(path, offset, limit, width)
        rows += page
        if len(page) < limit:
            return rows
