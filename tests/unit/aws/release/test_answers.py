"""Does an endpoint answer as the evaluation did?"""

import pytest

from boatyard.aws.errors import WrongAnswersError
from boatyard.aws.release.answers import compare_answers


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(["7"], ["7"]), (["7.0"], ["7"]), (["0.3333333", "cat"], ["0.33333333", "cat"]), (["0.1,0.9"], ["0.1, 0.9"])],
)
def test_answers_that_mean_the_same_are_equal(answers: list[str], expected: list[str]) -> None:
    compare_answers(answers, expected)


def test_a_wrong_answer_is_shown_with_its_row() -> None:
    with pytest.raises(WrongAnswersError, match=r"1 of 3 rows .* first row 2: '4' instead of '9'"):
        compare_answers(["1", "4", "3"], ["1", "9", "3"])


def test_a_missing_answer_is_an_error() -> None:
    with pytest.raises(WrongAnswersError, match="1 lines to 2 rows"):
        compare_answers(["1"], ["1", "2"])


def test_half_an_answer_is_wrong() -> None:
    with pytest.raises(WrongAnswersError):
        compare_answers(["0.1"], ["0.1,0.9"])
