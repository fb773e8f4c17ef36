"""checksum(): the same for the same rows, whatever their order and files; another for others."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-2, 2) | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.sampled_from([0.0, -1.5, 1e300]) | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.text(max_size=3),
        st.none() | st.booleans(),
    ),
    max_size=12,
)
SCHEMA = pa.schema([("n", pa.int64()), ("x", pa.float64()), ("s", pa.string()), ("b", pa.bool_())])


def checksum(lake: Any, files: list[list[Any]]) -> tuple[str, str]:
    for info in list(lake.objects.list("lake", "t/")):
        lake.objects.delete("lake", info.key)
    lake.create("t", {"n": "bigint", "x": "double", "s": "string", "b": "boolean"})
    for number, rows in enumerate(files):
        columns = list(zip(*rows, strict=True)) or [()] * 4
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        lake.put(f"t/{number}", pa.Table.from_arrays(arrays, schema=SCHEMA))
    ((row_hash, column_hash),) = lake.rows("SELECT to_hex(checksum(row(n, x, s, b))), to_hex(checksum(n)) FROM t")
    return row_hash, column_hash


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, data=st.data())
def test_a_checksum_knows_neither_order_nor_files(shared_lake: Any, rows: list[Any], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    files = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert checksum(shared_lake, [rows]) == checksum(shared_lake, files)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS.filter(bool), data=st.data())
def test_one_row_more_or_less_changes_a_checksum(shared_lake: Any, rows: list[Any], data: st.DataObject) -> None:
    twice = [*rows, data.draw(st.sampled_from(rows))]  # rows count as often as they come, zeros and NULLs too
    first, second = checksum(shared_lake, [rows]), checksum(shared_lake, [twice])
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_values_that_change_columns_or_rows_change_a_checksum(shared_lake: Any) -> None:
    sets = (
        [(0, 0.0, None, None)],
        [(0, None, None, None)],
        [(None, 0.0, None, None)],
        [(0, 0.0, "", None)],
        [(0, 0.0, None, False)],
        [(1, 0.0, "a", None), (2, 0.0, "b", None)],
        [(1, 0.0, "b", None), (2, 0.0, "a", None)],
    )
    assert len({checksum(shared_lake, [list(rows)])[0] for rows in sets}) == len(sets)


def test_the_checksum_of_no_rows_is_null(shared_lake: Any) -> None:
    assert checksum(shared_lake, [[]]) == ("", "")


def test_a_checksum_may_be_filtered_and_windowed(lake: Any) -> None:
    lake.store("t", [pa.table({"k": [1, 1, 2], "n": [5, 6, 5]})])
    ((filtered, plain),) = lake.rows(
        "SELECT checksum(n) FILTER (WHERE k = 2), checksum(n) FILTER (WHERE n = 5 AND k = 1) FROM t"
    )
    assert filtered == plain
    windows = lake.rows("SELECT DISTINCT k, checksum(n) OVER (PARTITION BY k) FROM t ORDER BY k")
    assert windows[1][1] == filtered
    assert windows[0][1] != filtered
