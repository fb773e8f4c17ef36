"""Does an endpoint answer as the evaluation did? No effects."""

from __future__ import annotations

import math
from collections.abc import Sequence

from boatyard.aws.errors import WrongAnswersError

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


def compare_answers(answers: Sequence[str], expected: Sequence[str]) -> None:
    """Raise `WrongAnswersError` unless an endpoint's lines equal the evaluation's, numbers within rounding."""
    if len(answers) != len(expected):
        raise WrongAnswersError(f"the endpoint answered {len(answers)} lines to {len(expected)} rows")
    wrong = [number for number, pair in enumerate(zip(answers, expected, strict=True), 1) if not _equal(*pair)]
    if wrong:
        first = wrong[0]
        raise WrongAnswersError(
            f"the endpoint answers {len(wrong)} of {len(expected)} rows otherwise than the evaluation did; "
            f"first row {first}: {answers[first - 1]!r} instead of {expected[first - 1]!r}"
        )


def _equal(answer: str, expected: str) -> bool:
    cells, wanted = answer.split(","), expected.split(",")
    return len(cells) == len(wanted) and all(map(_equal_cell, cells, wanted))


def _equal_cell(cell: str, wanted: str) -> bool:
    try:
        return math.isclose(float(cell), float(wanted), rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    except ValueError:
        return cell.strip() == wanted.strip()
