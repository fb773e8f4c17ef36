"""Metrics with the names and the shape that SageMaker gives them.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
CONSTANT = "_best_constant_classifier"
_CURVE_POINTS = 200


def written(values: Mapping[str, float]) -> dict[str, Any]:
    """Return each value as SageMaker writes it; one evaluation has no deviation, and NaN is text."""
    return {
        name: {"value": float(value) if np.isfinite(value) else "NaN", "standard_deviation": "NaN"}
        for name, value in values.items()
    }


def regression_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, Any]:
    """Return mae, mse, rmse and r2; r2 is NaN where all labels are equal."""
    residuals = labels - predictions
    mse = float(np.mean(residuals**2))
    spread = float(np.mean((labels - labels.mean()) ** 2))
    values = {"mae": np.mean(np.abs(residuals)), "mse": mse, "rmse": np.sqrt(mse)}
    return written(values | {"r2": 1 - mse / spread if spread else np.nan})


def multiclass_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, Any]:
    """Return metrics in which each class weighs by its share of the labels.

    The best constant classifier always answers the most frequent class.
    """
    classes, confusion = confusion_matrix(labels, predictions)
    hits, actual, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    weights = actual / actual.sum()
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(actual, 1)
    values = {"accuracy": hits.sum() / actual.sum()}
    values |= {"weighted_recall": weights @ recall, "weighted_precision": weights @ precision}
    values |= {f"weighted_{name}": weights @ f_score(precision, recall, beta) for name, beta in BETAS.items()}
    share = float(weights.max())
    constant = {"accuracy": share, "weighted_recall": share, "weighted_precision": share * share}
    constant |= {
        f"weighted_{name}": share * float(f_score(np.array(share), np.array(1.0), beta)) for name, beta in BETAS.items()
    }
    values |= {f"{name}{CONSTANT}": value for name, value in constant.items()}
    return {"confusion_matrix": _as_mapping(classes, confusion), **written(values)}


def binary_metrics(labels: np.ndarray, predictions: np.ndarray, of_one: np.ndarray | None) -> dict[str, Any]:
    """Return metrics of class 1, curves and auc where there are probabilities.

    The best constant classifier always answers 1, as SageMaker's does.
    """
    matrix = np.array([[np.sum((labels == a) & (predictions == p)) for p in (False, True)] for a in (False, True)])
    (true_negative, false_positive), (false_negative, true_positive) = matrix.astype(float)
    positive, negative = false_negative + true_positive, true_negative + false_positive
    precision = _share(true_positive, true_positive + false_positive)
    recall, share = _share(true_positive, positive), positive / len(labels)
    values = {"recall": recall, "precision": precision, "accuracy": (true_positive + true_negative) / len(labels)}
    values |= {name: float(f_score(np.array(precision), np.array(recall), beta)) for name, beta in BETAS.items()}
    constant = {"recall": 1.0, "precision": share, "accuracy": share}
    constant |= {name: float(f_score(np.array(share), np.array(1.0), beta)) for name, beta in BETAS.items()}
    values |= {f"{name}{CONSTANT}": value for name, value in constant.items()}
    values |= {
        "true_positive_rate": recall,
        "true_negative_rate": _share(true_negative, negative),
        "false_positive_rate": _share(false_positive, negative),
        "false_negative_rate": _share(false_negative, positive),
    }
    curves: dict[str, Any] = {}
    if of_one is not None and positive and negative:
        values["auc"], curves = _curves(labels, of_one)
    return {"confusion_matrix": _as_mapping(np.array(["0", "1"]), matrix), **written(values), **curves}


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes in their order, and how often each (row) was answered as each (column)."""
    found = np.unique(np.concatenate([labels, predictions]))
    if all(name.lstrip("-").isdigit() for name in found.tolist()):
        found = np.array(sorted(found.tolist(), key=int))
    place = {name: number for number, name in enumerate(found.tolist())}
    actual = np.array([place[name] for name in labels.tolist()])
    predicted = np.array([place[name] for name in predictions.tolist()])
    counts = np.bincount(actual * len(found) + predicted, minlength=len(found) ** 2)
    return found, counts.reshape(len(found), len(found))


def f_score(precision: np.ndarray, recall: np.ndarray, beta: float) -> np.ndarray:
    """Return F-beta, 0 where nothing was found."""
    below = beta**2 * precision + recall
    return np.where(below > 0, (1 + beta**2) * precision * recall / np.where(below > 0, below, 1), 0.0)


def _curves(labels: np.ndarray, of_one: np.ndarray) -> tuple[float, dict[str, Any]]:
    """Return the area under the receiver operating characteristic, and both curves with a limited number of points."""
    order = np.argsort(-of_one, kind="stable")
    ordered = of_one[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # ties are one point
    true_positives = np.cumsum(labels[order])[last].astype(float)
    false_positives = last + 1 - true_positives
    tpr = np.concatenate([[0.0], true_positives / true_positives[-1]])
    fpr = np.concatenate([[0.0], false_positives / false_positives[-1]])
    precisions = true_positives / (last + 1)
    some = np.unique(np.linspace(0, len(tpr) - 1, min(len(tpr), _CURVE_POINTS)).astype(int))
    few = np.unique(np.maximum(some - 1, 0))
    return float(np.trapezoid(tpr, fpr)), {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": fpr[some].tolist(),
            "true_positive_rates": tpr[some].tolist(),
        },
        "precision_recall_curve": {"precisions": precisions[few].tolist(), "recalls": tpr[1:][few].tolist()},
    }


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def _as_mapping(classes: np.ndarray, confusion: np.ndarray) -> dict[str, dict[str, int]]:
    names = classes.tolist()
    return {a: {p: int(confusion[i, j]) for j, p in enumerate(names)} for i, a in enumerate(names)}
