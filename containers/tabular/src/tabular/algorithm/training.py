"""Training by the built-in XGBoost algorithm."""

import signal
from pathlib import Path
from types import FrameType
from typing import Any

import xgboost as xgb

from tabular import checkpoints
from tabular.algorithm import MODEL_FILE, channels
from tabular.algorithm.hyperparameters import NUM_ROUND, checked
from tabular.algorithm.metrics import ADDED, MAXIMIZED, scored
from tabular.sources import ConfigurationError
from tabular.training.environment import TrainingEnvironment

_TAB = "#011"  # how a tab looks in a SageMaker log; AWS's metric definitions look for it


def train(environment: TrainingEnvironment) -> None:
    """Train on the channels and leave `xgboost-model` in the model folder."""
    given = checked(environment.hyperparameters)
    rounds, patience = given.pop(NUM_ROUND), given.pop("early_stopping_rounds", None)
    keep_when_stopped = given.pop("save_model_on_termination", "false") == "true"
    weights = given.pop("csv_weights", 0) == 1
    data, validation = channels.read(environment.optml.data, environment.input_data_config, weights)
    metrics: list[str] = given.pop("eval_metric", [])
    own = [name for name in metrics if name not in ADDED]
    print(f"XGBoost {xgb.__version__} as the built-in algorithm", flush=True)
    print(f"Train matrix has {data.num_row()} rows and {data.num_col()} columns", flush=True)
    watched = [(data, "train")]
    if validation is not None:
        watched.append((validation, "validation"))
        print(f"Validation matrix has {validation.num_row()} rows", flush=True)
    callbacks: list[xgb.callback.TrainingCallback] = [PrintMetrics()]
    if keep_when_stopped:
        callbacks.append(EndOnSignal())
    callbacks += _early_stopping(patience, metrics, validation is not None)
    try:
        booster = checkpoints.train(
            _parameters(given, own, metrics),
            data,
            rounds,
            evals=watched,
            custom_metric=scored(metrics, given.get("objective", "")),
            callbacks=callbacks,
            folder=environment.optml.checkpoints,
        )
    except (xgb.core.XGBoostError, ValueError) as error:
        raise ConfigurationError(f"XGB train call failed with exception: {_said(error)}") from error
    save(booster, environment.optml.model)


def save(booster: xgb.Booster, folder: Path) -> None:
    """Write the model whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{MODEL_FILE}.partial"
    partial.write_bytes(booster.save_raw("ubj"))
    partial.replace(folder / MODEL_FILE)


class PrintMetrics(xgb.callback.TrainingCallback):
    """Print each round's metrics as they stand in the log of AWS's algorithm."""

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        values = [f"{data}-{name}:{log[-1]:.5f}" for data, logs in evals_log.items() for name, log in logs.items()]
        print(_TAB.join([f"[{epoch}]", *values]), flush=True)
        return False


class EndOnSignal(xgb.callback.TrainingCallback):
    """End after the round in which SIGTERM came, so that the model of the rounds so far is kept."""

    def __init__(self) -> None:
        self._stopped = False
        signal.signal(signal.SIGTERM, self._on_signal)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return self._stopped

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped = True


def _parameters(given: dict[str, Any], own: list[str], metrics: list[str]) -> dict[str, Any]:
    parameters = dict(given)
    if parameters.get("objective") == "reg:linear":  # its name until XGBoost 1.0
        parameters["objective"] = "reg:squarederror"
    if own:
        parameters["eval_metric"] = own
    elif metrics:  # only added ones were asked for: XGBoost's default would be printed beside them
        parameters["disable_default_eval_metric"] = 1
    return parameters


def _early_stopping(patience: int | None, metrics: list[str], validated: bool) -> list[xgb.callback.TrainingCallback]:
    if patience is None:
        return []
    if not metrics or not validated:  # as AWS's algorithm does
        print("early_stopping_rounds has no effect without eval_metric and a validation channel", flush=True)
        return []
    metric = metrics[-1]
    return [
        xgb.callback.EarlyStopping(
            rounds=patience,
            data_name="validation",
            metric_name=metric,
            maximize=metric.partition("@")[0] in MAXIMIZED,
            save_best=True,
        )
    ]


def _said(error: Exception) -> str:
    """Return an error of XGBoost without its C++ stack."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("[bt]", "Stack trace"))]
    return " ".join(kept)[:600]
