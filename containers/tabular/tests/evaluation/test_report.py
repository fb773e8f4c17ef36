"""tabular.evaluation: a report that stands alone."""

from html.parser import HTMLParser

import pytest

from evaluation.job import ADDS, ROUNDS, Job


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
