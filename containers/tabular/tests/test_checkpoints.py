"""XGBoost that is interrupted and goes on, in other processes, comes to the very same model."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from tabular import checkpoints

DIE = """
import os, sys
from pathlib import Path
from test_checkpoints import At, trained

trained("random", Path(sys.argv[1]), [At(13, lambda: os._exit(9))])  # no time for anything: the machine is taken away
"""
TRAININGS = {
    "plain": {},
    "random": {"subsample": 0.5, "colsample_bynode": 0.5, "seed": 7},
    "dart": {"booster": "dart", "rate_drop": 0.3},
}
ROUNDS = 60


def rows(number: int, seed: int) -> xgb.DMatrix:
    random = np.random.default_rng(seed)
    columns = random.normal(size=(number, 8))
    return xgb.DMatrix(columns, label=(columns[:, 0] * columns[:, 1] + random.normal(size=number) > 0).astype(int))


def trained(name: str, folder: Path, callbacks: list[xgb.callback.TrainingCallback]) -> xgb.Booster:
    stopping = xgb.callback.EarlyStopping(rounds=10, data_name="validation", metric_name="logloss", save_best=True)
    data, validation = rows(400, seed=1), rows(200, seed=2)
    return checkpoints.train(
        {"objective": "binary:logistic", "eta": 0.1, "max_depth": 3, "nthread": 1, **TRAININGS[name]},  # type: ignore[dict-item]  # XGBoost takes any
        data,
        ROUNDS,
        evals=[(data, "train"), (validation, "validation")],
        callbacks=[*callbacks, stopping],
        folder=folder,
    )


class LostError(Exception):
    """The machine is gone."""


class At(xgb.callback.TrainingCallback):
    """Do something in the round of a number, after it was trained and before anything is saved."""

    def __init__(self, number: int, do: Callable[[], object]) -> None:
        self.number, self.do = number, do

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch == self.number:
            self.do()
        return False


def lose() -> None:
    raise LostError


def interrupt(name: str, number: int, folder: Path) -> None:
    with pytest.raises(LostError):
        trained(name, folder, [At(number, lose)])


@pytest.mark.parametrize("name", TRAININGS)
def test_an_interrupted_training_comes_to_the_same_model(name: str, tmp_path: Path) -> None:
    uninterrupted = trained(name, tmp_path / "nowhere", [])
    for number in (5, 13):
        interrupt(name, number, tmp_path)
    assert trained(name, tmp_path, []).save_raw("ubj") == uninterrupted.save_raw("ubj")


def test_a_killed_process_is_gone_on_with_in_another(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    uninterrupted = trained("random", tmp_path / "nowhere", [])
    command = [sys.executable, "-c", DIE, str(tmp_path)]
    assert subprocess.run(command, cwd=Path(__file__).parent, check=False).returncode == 9
    again = trained("random", tmp_path, [])
    assert "Going on after 12 of 60 rounds" in capfd.readouterr().out
    assert again.save_raw("ubj") == uninterrupted.save_raw("ubj")


def test_early_stopping_counts_on_over_an_interruption(tmp_path: Path) -> None:
    uninterrupted = trained("plain", tmp_path / "nowhere", [])
    assert uninterrupted.num_boosted_rounds() < ROUNDS
    interrupt("plain", uninterrupted.best_iteration + 3, tmp_path)
    again = trained("plain", tmp_path, [])
    assert (again.best_iteration, again.best_score) == (uninterrupted.best_iteration, uninterrupted.best_score)
    # what was stopped early stays so: whoever dies after that has nothing left to train
    assert trained("plain", tmp_path, []).save_raw("ubj") == uninterrupted.save_raw("ubj")


def test_only_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    rounds = trained("dart", tmp_path, [])
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == checkpoints.KEPT
    assert all(path.name.startswith("xgboost-checkpoint.") for path in kept)
    assert rounds.attributes().keys() <= {"best_iteration", "best_score"}


def test_without_a_folder_for_checkpoints_nothing_is_saved(tmp_path: Path) -> None:
    trained("plain", tmp_path / "nowhere", [])
    assert list(tmp_path.iterdir()) == []
