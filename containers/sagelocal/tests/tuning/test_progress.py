"""When a tuning job has seen enough, and when one of its training jobs has."""

from typing import Any

import pytest

from sagelocal.tuning import progress
from sagelocal.tuning.early_stopping import hopeless


def _ended(*objectives: float | None) -> list[dict[str, Any]]:
    return [
        {"status": "Completed", "objective": objective, "ended": float(number)}
        for number, objective in enumerate(objectives)
    ]


@pytest.mark.parametrize(
    ("objectives", "maximize", "count"),
    [
        ([], True, 0),
        ([1.0], True, 0),
        ([1.0, 1.005, 1.009], True, 2),
        ([1.0, 1.005, 1.02], True, 0),
        ([1.0, 0.98, 0.975, None], False, 2),
        ([0.0, 0.0], False, 1),
        ([-1.0, -0.5], True, 0),
    ],
)
def test_less_than_one_percent_is_no_improvement(objectives: list[float | None], maximize: bool, count: int) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BestObjectiveNotImproving.html"""
    assert progress.not_improving(_ended(*objectives), maximize) == count


def test_jobs_count_in_the_order_in_which_they_ended() -> None:
    first, second = _ended(2.0, 1.0)
    first["ended"], second["ended"] = 2.0, 1.0
    assert progress.not_improving([first, second], maximize=True) == 0
    assert progress.not_improving([first, second], maximize=False) == 1


def test_the_best_is_the_first_of_equals() -> None:
    rows = _ended(None, 3.0, 5.0, 5.0)
    assert progress.best_child(rows, maximize=True) is rows[2]
    assert progress.best_child(rows, maximize=False) is rows[1]
    assert progress.best_child(_ended(None), maximize=True) is None


@pytest.mark.parametrize(
    ("current", "others", "maximize", "stops"),
    [
        ([0.5], [], True, False),
        ([0.5], [[0.6, 0.7]], True, True),
        ([0.5], [[0.6, 0.7]], False, False),
        ([0.1, 0.65], [[0.6, 0.8]], True, True),  # 0.65 against an average of 0.7
        ([0.1, 0.75], [[0.6, 0.8]], True, False),
        ([1.0, 1.0, 1.0], [[2.0, 2.0]], True, False),  # nobody came so far
        ([0.5], [[0.1], [0.4], [0.9]], True, False),  # above the median
        ([], [[1.0]], True, False),
    ],
)
def test_a_job_is_hopeless_below_the_median_of_the_running_averages(
    current: list[float], others: list[list[float]], maximize: bool, stops: bool
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html"""
    assert hopeless(current, others, maximize) is stops
