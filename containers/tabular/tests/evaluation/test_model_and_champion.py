"""tabular.evaluation: the champion is measured beside the model, and costs no run its figures."""

import json
from collections.abc import Callable

import pytest

from evaluation.job import ADDS, Job, pack, value


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
    pack(job.folder / "champion_code" / "sourcedir.tar.gz", {"inference.py": inference, "shared.py": "MORE = 5\n"})
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
