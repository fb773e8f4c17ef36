"""Ranges, scales and what the search proposes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.errors import AwsError
from sagelocal.tuning.search import Search, Trial, grid_size
from sagelocal.tuning.space import Parameter, parameters


def _numeric(low: str, high: str, scaling: str | None = None, kind: str = "Continuous") -> Parameter:
    item = {"Name": "p", "MinValue": low, "MaxValue": high, **({"ScalingType": scaling} if scaling else {})}
    (found,) = parameters({f"{kind}ParameterRanges": [item]})
    return found


def _search(*found: Parameter, strategy: str = "Bayesian", maximize: bool = False, seed: int = 1) -> Search:
    return Search(strategy, maximize, found, budget=40, seed=seed)


@pytest.mark.parametrize(
    ("low", "high", "scaling"),
    [("0.001", "1", "Logarithmic"), ("1", "50", "Linear"), ("0", "1000", "Linear"), ("-5", "1000", "Linear")],
)
def test_a_scale_is_chosen_where_none_is_asked_for(low: str, high: str, scaling: str) -> None:
    assert _numeric(low, high).scaling == _numeric(low, high, "Auto").scaling == scaling


@pytest.mark.parametrize("scaling", ["Linear", "Logarithmic", "ReverseLogarithmic"])
@given(number=st.integers(0, 500), seed=st.integers(0, 2**31))
def test_a_proposal_lies_in_its_range_and_is_understood_again(scaling: str, number: int, seed: int) -> None:
    parameter = _numeric("0.0001", "0.9999", scaling)
    text = _search(parameter, strategy="Random", seed=seed).propose(number, [])["p"]
    assert 0.0001 <= float(text) <= 0.9999
    sampled = parameter.sampled(text)
    assert sampled is not None
    assert float(parameter.text(sampled)) == pytest.approx(float(text))


def test_a_reverse_logarithmic_range_is_searched_where_it_comes_near_one() -> None:
    search = _search(_numeric("0", "0.9999", "ReverseLogarithmic"), strategy="Random")
    values = [float(search.propose(number, [])["p"]) for number in range(60)]
    assert sum(value > 0.9 for value in values) > 30


def test_integers_stay_integers() -> None:
    search = _search(_numeric("1", "1000", "Logarithmic", "Integer"), strategy="Random")
    assert all(search.propose(number, [])["p"].isdigit() for number in range(20))


def test_a_bayesian_search_comes_nearer_to_the_best_than_chance() -> None:
    parameter = _numeric("-10", "10", "Linear")

    def best(strategy: str) -> float:
        search = _search(parameter, strategy=strategy)
        past: list[Trial] = []
        for number in range(40):
            proposed = search.propose(number, past)
            past.append(Trial(proposed, (float(proposed["p"]) - 3) ** 2))
        return sum(sorted(trial.value for trial in past if trial.value is not None)[:20])

    assert best("Bayesian") < best("Random")


def test_what_runs_at_the_same_time_is_kept_apart() -> None:
    parameter = _numeric("0", "1", "Linear")
    search = _search(parameter)
    past = [Trial({"p": str(number / 10)}, (number / 10 - 0.5) ** 2) for number in range(10)]
    for number in range(10, 14):
        past.append(Trial(search.propose(number, past), None))
    assert len({trial.parameters["p"] for trial in past}) == 14


def test_a_past_outside_of_the_ranges_is_left_out() -> None:
    past = [Trial({"p": "70"}, 1.0), Trial({"other": "x"}, 1.0), Trial({"p": "no number"}, 1.0)]
    assert 0 <= float(_search(_numeric("0", "1")).propose(0, past)["p"]) <= 1


def test_a_grid_has_every_combination_in_order() -> None:
    one, two = Parameter("a", values=("1", "2")), Parameter("b", values=("x", "y", "z"))
    search = _search(one, two, strategy="Grid")
    found = [tuple(search.propose(number, []).values()) for number in range(grid_size((one, two)))]
    assert found == [("1", "x"), ("1", "y"), ("1", "z"), ("2", "x"), ("2", "y"), ("2", "z")]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({}, "needs the range of one hyperparameter"),
        ({"IntegerParameterRanges": [{"Name": "p", "MinValue": "1.5", "MaxValue": "2"}]}, "not made of numbers"),
        (
            {
                "ContinuousParameterRanges": [
                    {"Name": "p", "MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic"}
                ]
            },
            "only for ranges above 0",
        ),
        (
            {
                "ContinuousParameterRanges": [
                    {"Name": "p", "MinValue": "0", "MaxValue": "1", "ScalingType": "ReverseLogarithmic"}
                ]
            },
            "0<=x<1.0",
        ),
        (
            {
                "CategoricalParameterRanges": [{"Name": "p", "Values": ["a"]}],
                "IntegerParameterRanges": [{"Name": "p", "MinValue": "1", "MaxValue": "2"}],
            },
            "one range only",
        ),
    ],
)
def test_a_range_that_is_none_is_refused(ranges: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message):
        parameters(ranges)
