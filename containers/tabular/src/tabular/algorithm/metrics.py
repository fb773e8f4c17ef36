"""The metrics of the built-in XGBoost algorithm: XGBoost's own, and those that AWS adds to them.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html
"""

from collections.abc import Callable
from typing import Any

Score = Callable[[Any, Any, str], float]  # (labels, predictions, objective) -> value

_OWN_MAXIMIZED = ("auc", "aucpr", "map", "ndcg", "pre")
_OWN_MINIMIZED = (
    "aft-nloglik",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
)


def _classes(predictions: Any, objective: str) -> Any:
    if predictions.ndim > 1:
        return predictions.argmax(axis=1)
    if objective.startswith("multi:"):
        return predictions  # multi:softmax predicts the class itself
    return predictions > (0 if objective == "binary:logitraw" else 0.5)


def _of_classes(name: str, **options: str) -> Score:
    def score(labels: Any, predictions: Any, objective: str) -> float:
        from sklearn import metrics

        classes = _classes(predictions, objective).astype(int)
        return float(getattr(metrics, name)(labels.astype(int), classes, **options))

    return score


def _of_numbers(name: str) -> Score:
    def score(labels: Any, predictions: Any, _: str) -> float:
        from sklearn import metrics

        return float(getattr(metrics, name)(labels, predictions))

    return score


_ADDED_MAXIMIZED: dict[str, Score] = {
    "accuracy": _of_classes("accuracy_score"),
    "balanced_accuracy": _of_classes("balanced_accuracy_score"),
    "f1": _of_classes("f1_score", average="macro"),
    "f1_binary": _of_classes("f1_score", average="binary"),
    "f1_macro": _of_classes("f1_score", average="macro"),
    "precision": _of_classes("precision_score", average="binary"),
    "precision_macro": _of_classes("precision_score", average="macro"),
    "precision_micro": _of_classes("precision_score", average="micro"),
    "recall": _of_classes("recall_score", average="binary"),
    "recall_macro": _of_classes("recall_score", average="macro"),
    "recall_micro": _of_classes("recall_score", average="micro"),
    "r2": _of_numbers("r2_score"),
}
ADDED: dict[str, Score] = {**_ADDED_MAXIMIZED, "mse": _of_numbers("mean_squared_error")}
MAXIMIZED = frozenset({*_OWN_MAXIMIZED, *_ADDED_MAXIMIZED})
METRICS = (*_OWN_MAXIMIZED, *_OWN_MINIMIZED, *ADDED)


def scored(names: list[str], objective: str) -> Callable[[Any, Any], list[tuple[str, float]]] | None:
    """Return what XGBoost calls with predictions and data for the added metrics, or None if there are none."""
    wanted = [name for name in names if name in ADDED]
    if not wanted:
        return None

    def evaluate(predictions: Any, data: Any) -> list[tuple[str, float]]:
        labels = data.get_label()
        return [(name, ADDED[name](labels, predictions, objective)) for name in wanted]

    return evaluate
