"""The bench's own arithmetic: what a bar means and what is written."""

import json
from pathlib import Path

import pytest
from tests.bench.measure import Row, alternate, table, write_rows

FASTER = Row("faster", 3.0, 2.0, "s", "lower", bar_ratio=1.5)
SLOWER = Row("slower", 3.1, 2.0, "s", "lower", bar_ratio=1.5)


@pytest.mark.parametrize(
    ("row", "is_met"),
    [
        (FASTER, True),
        (SLOWER, False),
        (Row("more", 4.0, 2.0, "MB/s", "higher", bar_ratio=2.0), True),
        (Row("less", 3.9, 2.0, "MB/s", "higher", bar_ratio=2.0), False),
        (Row("near", 150.0, 100.0, "ms", "lower", bar_difference=50.0), True),
        (Row("far", 151.0, 100.0, "ms", "lower", bar_difference=50.0), False),
    ],
    ids=lambda value: value.name if isinstance(value, Row) else "",
)
def test_a_bar_limits_the_ratio_or_the_difference(row: Row, is_met: bool) -> None:
    assert row.is_met is is_met


def test_the_table_names_every_row_and_says_which_missed() -> None:
    _, faster, slower = table([FASTER, SLOWER]).splitlines()
    assert faster.startswith("faster")
    assert faster.endswith("met")
    assert slower.endswith("MISSED")


def test_the_file_holds_the_members_that_the_design_names(tmp_path: Path) -> None:
    write_rows(tmp_path / "build" / "bench.json", [FASTER])
    expected = {"name": "faster", "ours": 3.0, "reference": 2.0, "unit": "s", "better": "lower", "bar_ratio": 1.5}
    assert json.loads((tmp_path / "build" / "bench.json").read_text()) == [expected]
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["bench.json"]


def test_samples_are_taken_in_turns_and_their_medians_returned() -> None:
    order: list[str] = []
    ours, reference = iter([5.0, 1.0, 2.0]), iter([7.0, 9.0, 8.0])

    def own() -> float:
        order.append("ours")
        return next(ours)

    def other() -> float:
        order.append("reference")
        return next(reference)

    assert alternate(own, other, rounds=3) == (2.0, 8.0)
    assert order == ["ours", "reference"] * 3
