"""tabular.evaluation: metrics as SageMaker writes them, the champion beside the model, a report that stands alone."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tabular.evaluation.errors import EvaluationError
from tabular.evaluation.metrics import binary_metrics, multiclass_metrics, regression_metrics
from tabular.evaluation.tasks import TASKS

# a model is a number that its inference.py adds to the first feature
ADDS = """
import pathlib
def model_fn(model_dir):
    return float((pathlib.Path(model_dir) / "added").read_text())
def predict_fn(data, model):
    return data[:, 0] + model
"""
ROUNDS = ADDS.replace("data[:, 0] + model", "(data[:, 0] + model).round().astype(int)")
EVALUATE = """
import sys
from tabular.evaluation import evaluate
sys.exit(evaluate({task!r}{more}))
"""


class Job:
    """The folders of an evaluation, and evaluate.py run on them by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: list[str] = []
        self.model("model", 0.0)
        self.code(ADDS)
        self.rows("10,10.5,7", "20,19,7", "30,31,7", "40,38.5,7")

    def rows(self, *lines: str) -> None:
        (self.folder / "test").mkdir(exist_ok=True)
        (self.folder / "test" / "test.csv").write_text("".join(f"{line}\n" for line in lines))

    def model(self, name: str, added: float) -> None:
        _pack(self.folder / name / "model.tar.gz", {"added": str(added)})

    def code(self, inference: str) -> None:
        (self.folder / "code").mkdir(exist_ok=True)
        (self.folder / "code" / "inference.py").write_text(inference)

    def champion(self, inference: str, added: float = 0.0, name: str = "arn:champion") -> None:
        self.model("champion", added)
        _pack(self.folder / "champion_code" / "sourcedir.tar.gz", {"inference.py": inference})
        code = str(self.folder / "champion_code")
        self.options = ["--champion-dir", str(self.folder / "champion"), "--champion-code-dir", code]
        self.options += ["--champion", name]

    def run(self, task: str = "regression", more: str = "") -> "subprocess.CompletedProcess[str]":
        script = self.folder / "code" / "evaluate.py"
        script.write_text(EVALUATE.format(task=task, more=more))
        folders = [f"--{name}-dir={self.folder / name}" for name in ("model", "test", "output")]
        command = [sys.executable, str(script), *folders, *self.options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def evaluated(self, task: str = "regression", more: str = "") -> dict[str, Any]:
        done = self.run(task, more)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads((self.folder / "output" / "evaluation.json").read_text())
        return found

    @property
    def report(self) -> str:
        return (self.folder / "output" / "report.html").read_text()


def _pack(path: Path, files: dict[str, str]) -> None:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def value(metrics: dict[str, Any], name: str) -> float:
    assert metrics[name]["standard_deviation"] == "NaN"
    return float(metrics[name]["value"])


def test_a_regression_is_measured_and_its_predictions_are_what_the_endpoint_answers(job: Job) -> None:
    found = job.evaluated()
    assert found["dataset"]["item_count"] == 4
    assert found["champion"] is None
    metrics = found["regression_metrics"]
    assert value(metrics, "mae") == pytest.approx((0.5 + 1 + 1 + 1.5) / 4)
    assert value(metrics, "rmse") == pytest.approx(value(metrics, "mse") ** 0.5)
    assert (job.folder / "output" / "predictions.csv").read_text() == "10.5\n19.0\n31.0\n38.5\n"


def test_the_champion_is_measured_on_the_same_rows_by_its_own_code(job: Job) -> None:
    job.champion(ADDS.replace("+ model", "- model"), added=1.0)
    found = job.evaluated()
    assert found["champion"]["model_package_arn"] == "arn:champion"
    assert value(found["champion"]["regression_metrics"], "mae") == pytest.approx((0.5 + 2 + 0 + 2.5) / 4)
    assert value(found["regression_metrics"], "mae") == pytest.approx(1.0)
    assert "arn:champion" in job.report


@pytest.mark.parametrize(
    ("inference", "problem"),
    [
        ("import a_module_that_is_gone\n", "it cannot be loaded: ModuleNotFoundError: No module named"),
        ("def model_fn(d):\n    raise ValueError('of another age')\n", "inference.py has neither predict_fn"),
        (ADDS.replace("return float", "raise ValueError('of another age')  #"), "ValueError: of another age"),
        (ADDS.replace("return data", "return data[:1]  #"), "it cannot predict: it answered 1 lines to 4 rows"),
        (ADDS.replace("return data", "raise KeyError('age')  #"), "it cannot predict: KeyError: 'age'"),
        (ADDS.replace("return data", "import os; os.kill(os.getpid(), 11)  #"), "its process ended with signal 11"),
        (ADDS.replace("return data", "return ['tall'] * 4  #"), "answer is no number: 'tall'"),
    ],
)
def test_a_champion_that_cannot_answer_is_named_with_its_problem_and_the_model_is_evaluated_all_the_same(
    job: Job, inference: str, problem: str
) -> None:
    job.champion(inference)
    done = job.run()
    assert done.returncode == 0, done.stderr
    found = json.loads((job.folder / "output" / "evaluation.json").read_text())
    assert found["champion"]["model_package_arn"] == "arn:champion"
    assert problem in found["champion"]["problem"]
    assert "\n" not in found["champion"]["problem"]
    assert value(found["regression_metrics"], "mae") == pytest.approx(1.0)
    assert "evaluate: the champion arn:champion cannot be evaluated: " in done.stderr
    assert "The champion could not be evaluated" in job.report


def test_a_champion_that_is_known_to_be_gone_comes_with_the_reason(job: Job) -> None:
    job.options = ["--champion", "arn:champion", "--champion-problem", "s3://b/model.tar.gz is gone"]
    found = job.evaluated()["champion"]
    assert found == {"model_package_arn": "arn:champion", "problem": "s3://b/model.tar.gz is gone"}


def test_a_champion_whose_archive_is_broken_is_named_with_its_problem(job: Job) -> None:
    job.champion(ADDS)
    (job.folder / "champion" / "model.tar.gz").write_text("no archive")
    assert "model.tar.gz is no archive of a model" in job.evaluated()["champion"]["problem"]


def test_model_and_champion_may_have_modules_of_the_same_name(job: Job) -> None:
    inference = "import shared\n" + ADDS.replace("+ model", "+ shared.MORE")
    job.code(inference)
    (job.folder / "code" / "shared.py").write_text("MORE = 1\n")
    job.champion(inference)
    _pack(job.folder / "champion_code" / "sourcedir.tar.gz", {"inference.py": inference, "shared.py": "MORE = 5\n"})
    found = job.evaluated()
    assert value(found["regression_metrics"], "mae") == pytest.approx((1.5 + 0 + 2 + 0.5) / 4)
    assert value(found["champion"]["regression_metrics"], "mae") == pytest.approx((5.5 + 4 + 6 + 3.5) / 4)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda job: (job.folder / "test" / "test.csv").unlink(), "there is no .csv file in"),
        (lambda job: job.rows(), "hold no row"),
        (lambda job: (job.folder / "model" / "model.tar.gz").unlink(), "there is no"),
        (
            lambda job: job.code(ADDS.replace("return float", "raise OSError('no')  #")),
            "it cannot be loaded: OSError: no",
        ),
        (lambda job: job.rows("10,1", "tall,2"), "label is no number: 'tall'"),
    ],
)
def test_a_model_that_cannot_be_evaluated_fails_the_job_with_one_line(
    job: Job, spoil: Callable[[Job], object], message: str
) -> None:
    spoil(job)
    done = job.run()
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("evaluate: ")
    assert message in last
    assert not (job.folder / "output").exists()


def test_an_unknown_task_is_answered_with_the_nearest(job: Job) -> None:
    assert "there is no task 'regresion': did you mean 'regression'?" in job.run("regresion").stderr


def test_feature_names_must_fit_the_rows(job: Job) -> None:
    assert "3 feature_names for rows of 2 features" in job.run(more=", feature_names=['a', 'b', 'c']").stderr


def test_further_metrics_are_custom_metrics_of_both(job: Job) -> None:
    job.champion(ADDS, added=2.0)
    found = job.evaluated(more=", metrics=lambda labels, answers: {'worst': abs(labels - answers).max()}")
    assert value(found["custom_metrics"], "worst") == 1.5
    assert value(found["champion"]["custom_metrics"], "worst") == 3.0
    assert "custom_metrics.worst" in job.report


class Page(HTMLParser):
    """What a page shows and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.loaded: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "svg":
            self.pictures.append(str(given["aria-label"]))
        self.loaded += [f"{tag} {name}" for name in given if name in ("src", "href", "xlink:href")]
        if tag in ("script", "link", "iframe", "img"):
            self.loaded.append(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("with_champion", [False, True])
@pytest.mark.parametrize(
    ("task", "pictures"),
    [
        ("regression", {"answers against truth", "residuals", "calibration", "importance of features"}),
        ("multiclass_classification", {"confusion matrix", "calibration", "importance of features"}),
        ("binary_classification", {"confusion matrix", "calibration", "importance of features"}),
    ],
)
def test_the_report_shows_its_pictures_and_loads_nothing(
    job: Job, task: str, pictures: set[str], with_champion: bool
) -> None:
    inference = ADDS
    if task != "regression":
        proba = "import numpy as np\ndef predict_proba_fn(data, model):\n    return np.full((len(data), 2), 0.5)\n"
        inference = ROUNDS + proba
        job.rows("0,0,1", "1,0.9,2", "0,1.2,3", "1,1,4")
    job.code(inference)
    if with_champion:
        job.champion(inference, added=0.25)
    found = job.evaluated(task)
    assert "report" not in found
    page = Page(job.report)
    assert (page.loaded, page.open) == ([], [])
    assert set(page.pictures) - {"rows by who is right"} == pictures
    assert ("rows by who is right" in page.pictures) is with_champion


def test_names_in_a_report_cannot_become_markup(job: Job) -> None:
    job.evaluated(more=", feature_names=['<script>alert(1)</script>', 'b']")
    assert "<script" not in job.report


def test_a_report_that_cannot_be_drawn_says_so_and_the_figures_are_there(job: Job) -> None:
    # an answer without end has a mean and no place in a picture
    job.code(ADDS.replace("data[:, 0] + model", "data[:, 0] * float('inf')"))
    found = job.evaluated()
    assert found["regression_metrics"]["rmse"]["value"] == "NaN"
    assert "Error" in found["report"]["problem"]
    assert "could not be drawn" in job.report
    assert len((job.folder / "output" / "predictions.csv").read_text().splitlines()) == 4


def test_a_model_that_answers_only_classes_has_no_calibration_and_says_why(job: Job) -> None:
    job.code(ROUNDS)
    job.rows("0,0,1", "1,0.9,2")
    job.evaluated("multiclass_classification")
    assert "has no predict_proba_fn" in job.report


def test_importance_is_the_loss_without_a_feature(job: Job) -> None:
    job.rows(*(f"{n},{n},{(n * 7) % 5}" for n in range(40)))
    job.evaluated(more=", feature_names=['told', 'noise']")
    assert "RMSE 0 worse without noise" in job.report
    assert "RMSE 0 worse without told" not in job.report


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
