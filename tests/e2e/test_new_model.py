"""A second model without an engineer: a new folder, unedited and edited, to its endpoint; and the short loop on it."""

import json
from typing import Any

import pytest
from tests.e2e.conftest import Project

from boatyard.steps import STEPS

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def swell(project: Project) -> str:
    """Give what was printed on the way of a new model to its endpoint: one command, nothing edited."""
    made = project.boatyard("new-model", "swell")
    assert made.returncode == 0, made.stderr
    ran = project.boatyard("run", "swell")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_new_model_is_in_service_one_command_later_and_nothing_edited(project: Project, swell: str) -> None:
    assert project.client("sagemaker").describe_endpoint(EndpointName="swell")["EndpointStatus"] == "InService"
    row = ",".join(["0"] * 64)
    answer = project.client("sagemaker-runtime").invoke_endpoint(EndpointName="swell", ContentType="text/csv", Body=row)
    assert int(answer["Body"].read()) in range(10)
    assert [line for line in swell.splitlines() if line in {step.name for step in STEPS}] == [
        step.name for step in STEPS
    ]
    assert "Endpoint swell is in service" in swell


def test_the_log_of_each_job_is_shown_as_it_is(swell: str) -> None:
    lines = swell.splitlines()
    assert any(line.startswith("  | [9]\ttrain-merror:0.") for line in lines)
    assert "  | Trained on 1437 rows of 64 features" in lines
    assert "  | test: 360 rows" in lines


def test_one_step_runs_on_the_latest_results_with_a_value_of_its_own(project: Project, swell: str) -> None:
    ran = project.boatyard("run", "swell", "--step", "train", "--set", "train.hyperparameters.eta=0.1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    sagemaker = project.client("sagemaker")
    newest, before = sagemaker.list_training_jobs(
        NameContains="swell-train", SortBy="CreationTime", SortOrder="Descending"
    )["TrainingJobSummaries"][:2]
    described = [sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"]) for job in (newest, before)]
    assert [job["HyperParameters"]["eta"] for job in described] == ["0.1", "0.2"]
    assert described[0]["InputDataConfig"] == described[1]["InputDataConfig"]
    # the only evaluation is that of the model before
    refused = project.boatyard("run", "swell", "--step", "register")
    assert refused.returncode == 1
    assert "step train of swell ran again after evaluate had used it" in refused.stderr
    assert len(sagemaker.list_model_packages(ModelPackageGroupName="swell")["ModelPackageSummaryList"]) == 1


def test_a_step_whose_input_nobody_has_made_says_so(project: Project) -> None:
    assert project.boatyard("new-model", "ebb", "--like", "diabetes").returncode == 0
    refused = project.boatyard("run", "ebb", "--step", "train")
    assert refused.returncode == 1
    assert "step process of ebb has never succeeded: run it first" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--step", "trian"), "no step 'trian': did you mean 'train'?"),
        (("--set", "train.hyperparameters.etta=1"), "model.yaml has no hyperparameter 'etta' (did you mean 'eta'?)"),
        (("--set", "gate.0.at_lest=0.5"), "unknown key (did you mean 'at_least'?)"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_right_one_before_anything_runs(
    project: Project, arguments: tuple[str, ...], error: str
) -> None:
    refused = project.boatyard("run", "digits", *arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert error in refused.stderr


def test_a_script_that_raises_ends_the_run_with_its_words(project: Project, swell: str) -> None:
    train = project.dags / "swell" / "jobs" / "train.py"
    sound = train.read_text()
    train.write_text("raise ValueError('the buoy is adrift')\n")
    try:
        failed = project.boatyard("run", "swell", "--step", "train")
    finally:
        train.write_text(sound)
    assert failed.returncode == 1
    assert "  | ValueError: the buoy is adrift" in failed.stdout
    assert "step train failed: training job swell-train-" in failed.stderr
    assert "the buoy is adrift" in failed.stderr


def test_a_regression_that_was_copied_and_edited_reaches_its_endpoint_in_airflow(project: Project) -> None:
    assert project.boatyard("new-model", "glucose", "--like", "diabetes").returncode == 0
    spec = project.dags / "glucose" / "model.yaml"
    spec.write_text(spec.read_text().replace("max_depth: 2", "max_depth: 3"))
    script = project.dags / "glucose" / "jobs" / "process.py"
    script.write_text(script.read_text().replace("TEST_PERCENT = 20", "TEST_PERCENT = 30"))
    ended = project.boatyard("demo", "glucose")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result: dict[str, Any] = json.loads((project.folder / "build" / "demo.json").read_text())
    assert (result["model"], result["endpoint"]) == ("glucose", "glucose")
    assert result["rmse"] < 60
    assert 0 < result["r2"] < 1
    assert "accuracy" not in result
    assert result["rows_checked"] > 442 * 0.25
    (job,) = project.client("sagemaker").list_training_jobs(NameContains="glucose-train")["TrainingJobSummaries"]
    described = project.client("sagemaker").describe_training_job(TrainingJobName=job["TrainingJobName"])
    assert described["HyperParameters"]["max_depth"] == "3"
