"""XGBoost that survives interruptions: where SageMaker keeps checkpoints, training goes on from the newest one.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xgboost as xgb

from tabular.optml import OptMl

PARTS = 50  # a training has so many checkpoints at most: an interruption costs a fiftieth of it, saving much less
KEPT = 3
_FILE = "xgboost-checkpoint"  # and the number of rounds, as AWS's XGBoost names them
_HISTORY = "tabular_history"  # the attribute of a checkpoint's model that holds the metrics of its rounds


def train(
    parameters: dict[str, Any],
    data: xgb.DMatrix,
    num_boost_round: int,
    *,
    evals: Sequence[tuple[xgb.DMatrix, str]] = (),
    custom_metric: Any = None,
    callbacks: Sequence[xgb.callback.TrainingCallback] = (),
    folder: Path | None = None,
) -> xgb.Booster:
    """Train as `xgboost.train` does, going on from the newest checkpoint in `folder`.

    The folder is /opt/ml/checkpoints, which a job has if its request says CheckpointConfig; without, nothing is saved.
    The model is the same whether, where and how often the training was interrupted: every part of it begins with the
    model as it would be saved and with a seed of its own.
    """
    folder = folder or OptMl.from_environment().checkpoints
    watched, part = list(evals), -(-num_boost_round // PARTS)
    cached = [data, *(one for one, _ in watched)]
    container = xgb.callback.CallbackContainer(list(callbacks), metric=custom_metric, output_margin=False)
    booster = container.before_training(xgb.Booster(parameters, cached))
    booster, stopped = _resumed(folder, container, booster)
    done = booster.num_boosted_rounds()
    if done:
        print(f"Going on after {done} of {num_boost_round} rounds", flush=True)
    while done < num_boost_round and not stopped:
        seed = int(parameters.get("seed", 0)) + done
        booster = xgb.Booster(parameters | {"seed": seed}, cached, model_file=booster.save_raw("ubj") if done else None)
        for number in range(done, min(done + part, num_boost_round)):
            stopped = _round(container, booster, number, data, watched)
            if stopped:
                break
        done = booster.num_boosted_rounds()
        if folder.is_dir():
            _save(booster, container, folder)
    trained: xgb.Booster = container.after_training(booster).reset()
    return trained


def _round(
    container: xgb.callback.CallbackContainer,
    booster: xgb.Booster,
    number: int,
    data: xgb.DMatrix,
    watched: list[tuple[xgb.DMatrix, str]],
) -> bool:
    """Train one round; tell whether a callback wants no more."""
    if container.before_iteration(booster, number, data, watched):
        return True
    booster.update(data, number)
    return bool(container.after_iteration(booster, number, data, watched))


def _save(booster: xgb.Booster, container: xgb.callback.CallbackContainer, folder: Path) -> None:
    rounds = booster.num_boosted_rounds()
    booster.set_attr(**{_HISTORY: json.dumps(container.history)})
    # SageMaker may copy the folder to S3 at any instant: a file is there whole or not at all
    partial = folder / f".{_FILE}.partial"
    partial.write_bytes(booster.save_raw("ubj"))
    partial.replace(folder / f"{_FILE}.{rounds}")
    booster.set_attr(**{_HISTORY: None})
    for old in _files(folder)[KEPT:]:
        old.unlink()


def _files(folder: Path) -> list[Path]:
    """Return the checkpoints, the newest first."""
    named = [path for path in folder.glob(f"{_FILE}.*") if re.fullmatch(r"\.\d+", path.suffix)]
    return sorted(named, key=lambda path: int(path.suffix[1:]), reverse=True)


def _resumed(folder: Path, container: xgb.callback.CallbackContainer, empty: xgb.Booster) -> tuple[xgb.Booster, bool]:
    """Return the model of the newest checkpoint, or the empty one, and whether its training had been stopped early."""
    found = _files(folder)
    if not found:
        return empty, False
    booster = xgb.Booster(model_file=bytearray(found[0].read_bytes()))
    container.history.update(json.loads(booster.attr(_HISTORY) or "{}"))
    booster.set_attr(**{_HISTORY: None})
    stoppers = [one for one in container.callbacks if isinstance(one, xgb.callback.EarlyStopping)]
    stopped = False
    for number in range(booster.num_boosted_rounds()):
        log = {
            name: {metric: values[: number + 1] for metric, values in metrics.items()}
            for name, metrics in container.history.items()
        }
        stopped = any([one.after_iteration(booster, number, log) for one in stoppers])
    return booster, stopped
