"""tabular.evaluation: metrics as SageMaker writes them, and what an answer means."""

import numpy as np
import pytest

from evaluation.job import value
from tabular.evaluation.errors import EvaluationError
from tabular.evaluation.metrics import binary_metrics, multiclass_metrics, regression_metrics
from tabular.evaluation.tasks import TASKS


@pytest.fixture
def drawn() -> np.random.Generator:
    return np.random.default_rng(1)


def test_multiclass_metrics_agree_with_scikit_learn(drawn: np.random.Generator) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix, fbeta_score, precision_recall_fscore_support

    labels, predictions = drawn.integers(0, 4, (2, 200)).astype(str)
    labels[labels == "3"] = "2"  # a class that is predicted but never true
    found = multiclass_metrics(labels, predictions)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predictions, average="weighted", zero_division=0)
    expected = {
        "accuracy": accuracy_score(labels, predictions),
        "weighted_precision": precision,
        "weighted_recall": recall,
        "weighted_f1": f1,
        "weighted_f2": fbeta_score(labels, predictions, beta=2, average="weighted", zero_division=0),
    }
    assert {name: found[name]["value"] for name in expected} == pytest.approx(expected)
    matrix = [list(row.values()) for row in found["confusion_matrix"].values()]
    assert matrix == confusion_matrix(labels, predictions).tolist()


def test_binary_metrics_agree_with_scikit_learn(drawn: np.random.Generator) -> None:
    from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

    labels, of_one = drawn.integers(0, 2, 300).astype(bool), drawn.integers(0, 20, 300) / 20
    found = binary_metrics(labels, of_one >= 0.5, of_one)
    assert value(found, "auc") == pytest.approx(roc_auc_score(labels, of_one))
    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        assert value(found, name) == pytest.approx(score(labels, of_one >= 0.5))


def test_binary_metrics_are_those_of_sagemakers_example() -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
    labels, predictions = np.array([False, False, False, True]), np.array([False, True, True, True])
    found = binary_metrics(labels, predictions, None)
    assert found["confusion_matrix"] == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    expected = {
        "recall": 1.0,
        "precision": 1 / 3,
        "accuracy": 0.5,
        "accuracy_best_constant_classifier": 0.25,
        "f0_5_best_constant_classifier": 0.29411764705882354,
        "f2_best_constant_classifier": 0.625,
    }
    assert {name: value(found, name) for name in expected} == pytest.approx(expected)
    assert "auc" not in found


def test_regression_metrics_agree_with_scikit_learn(drawn: np.random.Generator) -> None:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    labels, predictions = drawn.normal(size=(2, 100))
    found = regression_metrics(labels, predictions)
    assert value(found, "mae") == pytest.approx(mean_absolute_error(labels, predictions))
    assert value(found, "mse") == pytest.approx(mean_squared_error(labels, predictions))
    assert value(found, "r2") == pytest.approx(r2_score(labels, predictions))


def test_r2_of_labels_that_are_all_equal_is_no_number() -> None:
    assert regression_metrics(np.ones(3), np.ones(3))["r2"]["value"] == "NaN"


def test_a_binary_answer_between_0_and_1_is_a_probability() -> None:
    task = TASKS["binary_classification"]()
    assert task.predictions(["0.2", "0.5", "0.9"]).tolist() == ["0", "1", "1"]
    assert task.predictions(["0", "1.0"]).tolist() == ["0", "1"]
    with pytest.raises(EvaluationError, match="a binary answer is 0, 1 or the probability of 1"):
        task.predictions(["2", "0"])


def test_several_columns_are_the_probabilities_of_classes() -> None:
    task = TASKS["multiclass_classification"]()
    assert task.predictions(["0.1,0.7,0.2", "0.5,0.2,0.3"]).tolist() == ["1", "0"]
    assert task.labels(["3.0", "3", "cat"]).tolist() == ["3", "3", "cat"]
