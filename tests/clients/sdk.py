"""A training job of the SageMaker SDK, with a script of one's own and data of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import ROLE, TABULAR

TRAIN = """
import argparse, json, os, pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--slope", type=float)
slope = parser.parse_args().slope
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text().split()
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps({"slope": slope, "rows": len(rows)}))
code = pathlib.Path(os.environ["SM_MODEL_DIR"], "code")
code.mkdir()
(code / "inference.py").write_text(pathlib.Path(__file__).with_name("inference.py").read_text())
print(f"score={1 - abs(slope - 0.5)};")
"""
INFERENCE = """
import json, pathlib

def model_fn(model_dir):
    return json.loads(pathlib.Path(model_dir, "model.json").read_text())["slope"]

def input_fn(data, content_type):
    return [float(line) for line in data.split()]

def predict_fn(data, model):
    return [model * value for value in data]

def output_fn(prediction, accept):
    return "".join(f"{value}\\n" for value in prediction)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a folder with a training script and its inference script."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    (tmp_path / "src" / "inference.py").write_text(INFERENCE)
    return tmp_path / "src"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Give a folder with training data."""
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "rows.csv").write_text("1\n2\n3\n")
    return tmp_path / "rows"


def trainer(source: Path, **hyperparameters: Any) -> Any:
    """Return a trainer of the script."""
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, SourceCode

    return ModelTrainer(
        training_image=TABULAR,
        source_code=SourceCode(source_dir=str(source), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters=hyperparameters,
        role=ROLE,
        base_job_name="sdk",
    )


def train(source: Path, rows: Path, slope: float) -> str:
    """Train a model and return where it lies."""
    from sagemaker.train.configs import InputData

    made = trainer(source, slope=slope)
    made.train(input_data_config=[InputData(channel_name="train", data_source=str(rows))], wait=True)
    uri: str = made._latest_training_job.model_artifacts.s3_model_artifacts
    return uri
