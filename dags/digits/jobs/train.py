"""Train XGBoost on headerless CSV with the label first. Runs by hand too: train.py --train-dir ... --model-dir ..."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb
from tabular import checkpoints


def main() -> int:
    arguments = parse_arguments()
    train = read(arguments.train_dir)
    watched = [(train, "train")]
    if arguments.validation_dir:
        watched.append((read(arguments.validation_dir), "validation"))
    booster = checkpoints.train(  # xgb.train, but after an interruption it goes on where it was
        parameters(arguments),
        train,
        arguments.num_round,
        evals=watched,
        callbacks=[PrintMetrics()],
    )
    arguments.model_dir.mkdir(parents=True, exist_ok=True)
    (arguments.model_dir / "xgboost-model").write_bytes(booster.save_raw("ubj"))
    print(f"Trained on {train.num_row()} rows of {train.num_col()} features")
    return 0


def parse_arguments() -> argparse.Namespace:
    # a short usage: what is wrong must fit into a job's FailureReason
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [--<hyperparameter> <value>] ...")
    parser.add_argument("--objective", default="multi:softmax")
    parser.add_argument("--num_class", type=int, default=10)
    parser.add_argument("--max_depth", type=int, default=6)
    parser.add_argument("--eta", type=float, default=0.3)
    parser.add_argument("--gamma", type=float, default=0.0)
    parser.add_argument("--min_child_weight", type=float, default=1.0)
    parser.add_argument("--num_round", type=int, default=10)
    parser.add_argument("--eval_metric", default="merror")
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--train-dir", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN", "train"))
    parser.add_argument("--validation-dir", type=Path, default=os.environ.get("SM_CHANNEL_VALIDATION"))
    return parser.parse_args()


def parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("objective", "num_class", "max_depth", "eta", "gamma", "min_child_weight", "eval_metric")
    return {name: getattr(arguments, name) for name in names}


def read(folder: Path) -> xgb.DMatrix:
    files = sorted(folder.rglob("*.csv"))
    if not files:
        sys.exit(f"train: there is no .csv file in {folder}")
    rows = np.concatenate([np.genfromtxt(path, delimiter=",", ndmin=2) for path in files])
    return xgb.DMatrix(rows[:, 1:], label=rows[:, 0])


class PrintMetrics(xgb.callback.TrainingCallback):
    """Print each round's metrics as XGBoost does, but at once: the job's metrics are read from its log."""

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: dict[str, Any]) -> bool:
        values = [f"{data}-{name}:{log[-1]:.5f}" for data, logs in evals_log.items() for name, log in logs.items()]
        print(f"[{epoch}]", *values, sep="\t", flush=True)
        return False


if __name__ == "__main__":
    sys.exit(main())
