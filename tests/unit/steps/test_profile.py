"""First checks from the figures of a training set."""

from hypothesis import given
from hypothesis import strategies as st

from boatyard.spec.checks import matching
from boatyard.spec.columns import Column
from boatyard.steps.profile import Figures, figure_queries, figures, first_checks, has_few_values, ranges, values

ROWS = 1000
names = st.lists(st.from_regex(r"[a-c]_?[0-9]{0,2}", fullmatch=True), unique=True, max_size=30)


@given(names)
def test_names_written_as_ranges_stand_for_the_same_names_in_the_same_order(given_names: list[str]) -> None:
    assert [name for pattern in ranges(given_names) for name in matching(pattern, given_names)] == given_names


def test_a_run_of_numbers_is_one_range_and_a_gap_begins_another() -> None:
    listed = ["id", "p_0", "p_1", "p_2", "p_4", "p_5", "p_6", "q_1", "q_2", "p_07"]
    assert ranges(listed) == ["id", "p_{0..2}", "p_{4..6}", "q_1", "q_2", "p_07"]


def test_every_column_is_asked_for_once_in_few_queries() -> None:
    columns = [Column(f"c_{number}", "Fractional") for number in range(450)]
    queries = list(figure_queries(columns, "t"))
    assert len(queries) == 3
    for number in range(450):
        assert sum(f"AS distinct_{number}," in f"{query.partition(chr(10))[0]}," for query in queries) == 1


def test_texts_are_measured_by_their_length_and_numbers_by_themselves() -> None:
    (query,) = figure_queries([Column("name", "String"), Column("age", "Integral")], "t")
    assert 'max(length("name")) AS most_0' in query
    assert 'max("age") AS most_1' in query


def figured(
    name: str, kind: str, least: float | None, most: float | None, present: int = ROWS, distinct: int = ROWS, *few: str
) -> Figures:
    return Figures(Column(name, kind), ROWS, present, least, most, distinct, few)


def test_first_checks_say_what_the_data_show() -> None:
    found = [
        figured("id", "String", 3, 6),
        *(figured(f"pixel_{number}", "Fractional", number, 10 + number) for number in range(4)),
        figured("weight", "Fractional", 0.5, 2.25, 877),
        figured("never", "Fractional", None, None, 0, 0),
        figured("kind", "Integral", 1, 3, ROWS, 3, "3", "1", "2"),
        figured("colour", "String", 3, 5, ROWS, 2, "blue", "red"),
    ]
    assert first_checks(found, "id") == [
        {"expect_table_row_count_to_be_between": {"min_value": 500}},
        {"expect_column_values_to_be_unique": {"column": "id"}},
        {"expect_column_values_to_not_be_null": {"column": "id"}},
        {"expect_column_values_to_not_be_null": {"column": "pixel_{0..3}"}},
        {"expect_column_values_to_not_be_null": {"column": "kind"}},
        {"expect_column_values_to_not_be_null": {"column": "colour"}},
        {"expect_column_values_to_not_be_null": {"column": "weight", "mostly": 0.87}},
        {"expect_column_values_to_be_between": {"column": "pixel_{0..3}", "min_value": 0, "max_value": 13}},
        {"expect_column_values_to_be_between": {"column": "weight", "min_value": 0.5, "max_value": 2.25}},
        {"expect_column_value_lengths_to_be_between": {"column": "id", "min_value": 3, "max_value": 6}},
        {"expect_column_values_to_be_in_set": {"column": "kind", "value_set": [1, 2, 3]}},
        {"expect_column_values_to_be_in_set": {"column": "colour", "value_set": ["blue", "red"]}},
    ]


def test_figures_are_read_from_the_text_of_athenas_answers() -> None:
    answers: dict[str, str | None] = {
        "rows": "10", "present_0": "9", "least_0": "-0.5", "most_0": "2.0E1", "distinct_0": "7",
        "present_1": "0", "least_1": None, "most_1": None, "distinct_1": "0",
    }  # fmt: skip
    first, second = figures([Column("a", "Fractional"), Column("b", "String")], answers)
    assert (first.rows, first.present, first.least, first.most, first.distinct) == (10, 9, -0.5, 20.0, 7)
    assert (second.present, second.least, second.most) == (0, None, None)


def test_only_kinds_are_listed_value_by_value() -> None:
    assert has_few_values(figured("kind", "Integral", 0, 9, ROWS, 10))
    assert not has_few_values(figured("age", "Integral", 0, 99, ROWS, 99))
    assert not has_few_values(figured("score", "Fractional", 0, 1, ROWS, 2))
    assert not has_few_values(figured("rare", "Integral", 0, 9, 12, 10))


def test_a_column_without_values_has_none() -> None:
    assert values(None) == ()
    assert values("a\x1fb") == ("a", "b")
