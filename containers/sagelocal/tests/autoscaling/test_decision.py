"""How many workers a variant should have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.autoscaling.decision import Tracking, desired_count

LONG_AGO = 1e9


@pytest.mark.parametrize(
    ("current", "value", "wanted"),
    [
        (2, 100.0, 2),  # right at the target
        (2, 150.0, 3),
        (2, 1000.0, 4),  # more than the highest number
        (2, 95.0, 2),  # a little below is left alone
        (3, 40.0, 2),
        (2, 0.0, 1),  # less than the lowest number
        (2, None, 2),  # nobody knows
    ],
)
def test_the_number_follows_the_metric_within_the_limits(current: int, value: float | None, wanted: int) -> None:
    assert desired_count(current, 1, 4, [Tracking(100.0, value)], LONG_AGO) == wanted


def test_a_number_outside_of_the_limits_comes_back_at_once() -> None:
    assert desired_count(1, 2, 4, [], 0.0) == 2
    assert desired_count(9, 2, 4, [Tracking(100.0, 1000.0)], 0.0) == 4


def test_a_change_waits_for_its_own_cooldown() -> None:
    policy = Tracking(100.0, 300.0, scale_out_cooldown=10, scale_in_cooldown=1000)
    assert desired_count(1, 1, 4, [policy], 9) == 1
    assert desired_count(1, 1, 4, [policy], 10) == 3
    quiet = Tracking(100.0, 1.0, scale_out_cooldown=10, scale_in_cooldown=1000)
    assert desired_count(3, 1, 4, [quiet], 999) == 3
    assert desired_count(3, 1, 4, [quiet], 1000) == 1


def test_fewer_workers_need_every_policy_to_agree() -> None:
    quiet, busy = Tracking(100.0, 10.0), Tracking(100.0, 100.0)
    assert desired_count(3, 1, 4, [quiet, busy], LONG_AGO) == 3
    assert desired_count(3, 1, 4, [quiet, quiet], LONG_AGO) == 1


def test_a_policy_that_may_not_scale_in_keeps_what_there_is() -> None:
    assert desired_count(3, 1, 4, [Tracking(100.0, 0.0, disable_scale_in=True)], LONG_AGO) == 3


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 20), st.floats(0, 1e6), st.floats(0.1, 1e4))
def test_the_number_never_leaves_its_limits(current: int, low: int, more: int, value: float, target: float) -> None:
    assert low <= desired_count(current, low, low + more, [Tracking(target, value)], LONG_AGO) <= low + more
