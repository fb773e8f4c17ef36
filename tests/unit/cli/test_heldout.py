"""What the demo says of an endpoint's answers: right or wrong for classes, near or far for numbers."""

import math

import pytest

from boatyard.cli.heldout import HeldOut, Row


def test_of_classes_the_accuracy_is_told() -> None:
    held_out = HeldOut("digits", (Row(3, 3), Row(5, 6), Row(1, 1), Row(0, 0)), regression=False)
    assert held_out.figures == {"accuracy": 0.75}
    assert held_out.verdict() == "Accuracy 0.7500 on 4 held-out rows"
    assert [held_out.sentence(row) for row in held_out.rows[:2]] == [
        "it is a 3, the endpoint says 3   right",
        "it is a 5, the endpoint says 6   wrong",
    ]


def test_of_numbers_rmse_and_r2_are_told() -> None:
    held_out = HeldOut("diabetes", (Row(10, 12), Row(20, 18), Row(30, 32), Row(40, 38)), regression=True)
    assert held_out.figures == pytest.approx({"rmse": 2.0, "r2": 1 - 16 / 500})
    assert held_out.verdict() == "RMSE 2.0000, R2 0.9680 on 4 held-out rows"
    assert held_out.sentence(held_out.rows[1]) == "it is 20, the endpoint says 18.0   -2.0"


def test_of_equal_labels_r2_says_nothing() -> None:
    assert math.isnan(HeldOut("diabetes", (Row(1, 2), Row(1, 1)), regression=True).figures["r2"])
