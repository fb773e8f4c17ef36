"""The jobs of this repository's models by hand: `python train.py --train-dir ...`, no SageMaker and no AWS anywhere."""

import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from container import BIN

DAGS = Path(__file__).parents[3] / "dags"
ROWS = """
import sys
import pandas
sys.path.insert(0, sys.argv[1])
import ingest
pandas.DataFrame(getattr(ingest, sys.argv[2])()).to_parquet(sys.argv[3])
"""
# model -> the generator of its ingest.py, the argument that a person tries, a metric and what it must reach
MODELS: dict[str, tuple[str, tuple[str, str], str, Callable[[float], bool]]] = {
    "digits": (
        "digits",
        ("--max_depth", "5"),
        "multiclass_classification_metrics.accuracy",
        lambda value: value > 0.85,
    ),
    "diabetes": ("patients", ("--max_depth", "3"), "regression_metrics.rmse", lambda value: value < 60),
}


def python(folder: Path, *arguments: object) -> str:
    """Run Python with an environment in which nothing speaks of SageMaker or AWS; return what it printed."""
    command = [sys.executable, *map(str, arguments)]
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("model", MODELS)
def test_every_script_of_a_model_runs_by_hand(tmp_path: Path, model: str) -> None:
    generator, argument, metric, good = MODELS[model]
    jobs = DAGS / model / "jobs"
    (tmp_path / "rows").mkdir()
    python(tmp_path, "-c", ROWS, DAGS / "features" / model / "jobs", generator, "rows/rows.parquet")
    python(tmp_path, jobs / "process.py", "--input-dir", "rows", "--output-dir", "split")
    said = python(tmp_path, jobs / "train.py", "--train-dir", "split/train", "--model-dir", "model", *argument)
    assert "[9]\ttrain-" in said
    with tarfile.open(tmp_path / "model" / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "model" / "xgboost-model", "xgboost-model")
    test = tmp_path / "split" / "test"
    python(tmp_path, jobs / "evaluate.py", "--model-dir", "model", "--test-dir", test, "--output-dir", "evaluation")
    evaluation: dict[str, Any] = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    group, name = metric.split(".")
    assert good(evaluation[group][name]["value"])
    predictions = (tmp_path / "evaluation" / "predictions.csv").read_text().splitlines()
    assert len(predictions) == len((test / "test.csv").read_text().splitlines())


def test_the_same_split_and_numbers_make_the_same_model(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    python(tmp_path, "-c", ROWS, DAGS / "features" / "diabetes" / "jobs", "patients", "rows/rows.parquet")
    jobs = DAGS / "diabetes" / "jobs"
    python(tmp_path, jobs / "process.py", "--input-dir", "rows", "--output-dir", "split")
    for folder in ("one", "other"):
        python(tmp_path, jobs / "train.py", "--train-dir", "split/train", "--model-dir", folder)
    assert (tmp_path / "one" / "xgboost-model").read_bytes() == (tmp_path / "other" / "xgboost-model").read_bytes()


def test_a_training_script_takes_its_folders_from_sagemakers_variables(tmp_path: Path) -> None:
    (tmp_path / "channel").mkdir()
    rows = "".join(f"{n % 5}.0,{',0'.join(str(n + m) for m in range(10))}\n" for n in range(60))
    (tmp_path / "channel" / "train.csv").write_text(rows)
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "SM_CHANNEL_TRAIN": "channel", "SM_MODEL_DIR": "out"}
    script = DAGS / "diabetes" / "jobs" / "train.py"
    ended = subprocess.run(
        [sys.executable, script, "--num_round", "2"], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out" / "xgboost-model").is_file()
