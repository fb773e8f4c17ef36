"""Evaluate the trained model on the held-out rows, as a SageMaker processing job.

Writes evaluation.json in the format of SageMaker's model quality metrics and predictions.csv, whose line n is what the
endpoint answers for row n. https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

import argparse
import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from inference import model_fn, predict_fn

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def main() -> int:
    arguments = parse_arguments()
    files = sorted(arguments.test_dir.rglob("*.csv"))
    archive = arguments.model_dir / "model.tar.gz"
    try:
        if not files:
            raise ValueError(f"there is no .csv file in {arguments.test_dir}")
        model = load(archive)
    except (OSError, ValueError, tarfile.TarError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    rows = np.concatenate([np.genfromtxt(path, delimiter=",", ndmin=2) for path in files])
    labels, features = rows[:, 0].astype(int), rows[:, 1:]
    predictions = predict_fn(features, model)
    evaluation = evaluate(labels, predictions)
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    (arguments.output_dir / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n", encoding="utf-8")
    (arguments.output_dir / "predictions.csv").write_text(
        "".join(f"{digit}\n" for digit in predictions), encoding="utf-8"
    )
    accuracy = evaluation["multiclass_classification_metrics"]["accuracy"]["value"]
    print(f"accuracy: {accuracy:.4f} on {len(labels)} rows")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model-dir", type=Path, default=BASE / "processing" / "input" / "model")
    parser.add_argument("--test-dir", type=Path, default=BASE / "processing" / "input" / "test")
    parser.add_argument("--output-dir", type=Path, default=BASE / "processing" / "output")
    return parser.parse_args()


def load(archive: Path) -> Any:
    """Load the model as the endpoint does, from what the training job left in S3."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            member = next((member for member in tar if Path(member.name).name == "xgboost-model"), None)
            content = tar.extractfile(member) if member else None
            if content is None:
                raise ValueError(f"there is no xgboost-model in {archive}")
            (Path(folder) / "xgboost-model").write_bytes(content.read())
        return model_fn(folder)


def evaluate(labels: np.ndarray, predictions: np.ndarray) -> dict[str, Any]:
    """Compare; each class weighs in by its share of the labels."""
    classes = sorted(set(labels.tolist()) | set(predictions.tolist()))
    confusion = np.array([[np.sum((labels == a) & (predictions == p)) for p in classes] for a in classes])
    hits, actual, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    weights = actual / actual.sum()
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    metrics = {
        "accuracy": hits.sum() / actual.sum(),
        "weighted_precision": (weights * precision).sum(),
        "weighted_recall": (weights * recall).sum(),
        "weighted_f1": (weights * f1).sum(),
        "accuracy_best_constant_classifier": weights.max(),
    }
    matrix = {str(a): {str(p): int(confusion[i, j]) for j, p in enumerate(classes)} for i, a in enumerate(classes)}
    return {
        "version": 0.0,
        "dataset": {"item_count": len(labels)},
        "multiclass_classification_metrics": {
            "confusion_matrix": matrix,
            # one evaluation has no deviation: SageMaker writes "NaN" there
            **{name: {"value": float(value), "standard_deviation": "NaN"} for name, value in metrics.items()},
        },
    }


if __name__ == "__main__":
    sys.exit(main())
