"""The digits model of this repository, run in the image as its jobs run: scripts, folders and exit codes."""

import csv
import importlib.util
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from container import Container, Served

DAGS = Path(__file__).parents[3] / "dags"
JOBS = DAGS / "digits" / "jobs"
INGEST = DAGS / "features" / "digits" / "jobs" / "ingest.py"
# what dags/digits/model.yaml asks for
HYPERPARAMETERS = {
    "objective": "multi:softmax",
    "num_class": "10",
    "max_depth": "5",
    "eta": "0.2",
    "gamma": "4",
    "min_child_weight": "6",
    "num_round": "10",
}


def run(script: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))


@pytest.fixture(scope="module")
def ingest() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ingest", INGEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def training_set(ingest: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the records out as Athena's UNLOAD does: several Parquet files, no extension, in no order."""
    import pyarrow
    import pyarrow.parquet

    rows = list(ingest.digits())
    folder = tmp_path_factory.mktemp("training_set")
    for part in range(3):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows[part::3][::-1]), folder / f"2026_{part}")
    return folder


@pytest.fixture(scope="module")
def split(training_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("split")
    result = run(JOBS / "process.py", "--input-dir", training_set, "--output-dir", folder)
    assert (result.returncode, result.stdout) == (0, "train: 1437 rows\ntest: 360 rows\n"), result.stderr
    return folder


def test_the_split_keeps_every_row_once_label_first_and_pixels_in_order(ingest: ModuleType, split: Path) -> None:
    expected = []
    for values in ingest.digits():
        expected.append([str(values[name]) for name in ("digit", *(f"pixel_{number}" for number in range(64)))])
    rows = [row for name in ("train", "test") for row in rows_of(split / name / f"{name}.csv")]
    assert sorted(rows) == sorted(expected)


def test_the_split_does_not_depend_on_files_and_their_order(training_set: Path, split: Path, tmp_path: Path) -> None:
    import pandas as pd

    whole = pd.concat(pd.read_parquet(path) for path in training_set.iterdir()).sample(frac=1, random_state=1)
    (tmp_path / "in").mkdir()
    whole.to_parquet(tmp_path / "in" / "one")
    assert run(JOBS / "process.py", "--input-dir", tmp_path / "in", "--output-dir", tmp_path).returncode == 0
    for name in ("train/train.csv", "test/test.csv"):
        assert (tmp_path / name).read_bytes() == (split / name).read_bytes()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "process: there is no file in"),
        ([], "files in"),
        ([{"record_id": "a", "pixel_0": 1}], "there is no column digit: record_id, pixel_0"),
        ([{"record_id": "a", "digit": 1}], "no column is named pixel_<number>"),
        ([{"record_id": "a", "digit": None, "pixel_0": 1}], "1 of 1 rows have no digit"),
        ([{"record_id": "a", "digit": 1, "pixel_0": 1}], "none of the 1 rows falls into"),
    ],
)
def test_a_training_set_that_cannot_be_split_is_refused(
    tmp_path: Path, rows: list[dict[str, Any]] | None, message: str
) -> None:
    import pandas as pd

    if rows is not None:
        pd.DataFrame(rows, columns=None if rows else ["record_id", "digit", "pixel_0"]).to_parquet(tmp_path / "rows")
    result = run(JOBS / "process.py", "--input-dir", tmp_path, "--output-dir", tmp_path / "out")
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_trained_model_recognises_held_out_digits_and_the_endpoint_answers_as_evaluated(
    container: Container, serve: Callable[..., Served], split: Path, tmp_path: Path
) -> None:
    container.config("hyperparameters", {"sagemaker_program": "train.py", **HYPERPARAMETERS})
    container.config("inputdataconfig", {"train": {}})
    channel = container.base / "input" / "data" / "train"
    channel.parent.mkdir(parents=True)
    channel.symlink_to(split / "train")
    trained = container.train(SAGEMAKER_SUBMIT_DIRECTORY=str(JOBS))
    assert trained.returncode == 0, trained.stderr
    assert [line.split("\t")[0] for line in trained.stdout.splitlines()[:10]] == [f"[{n}]" for n in range(10)]
    assert "\ttrain-merror:0." in trained.stdout.splitlines()[9]

    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(container.base / "model", ".")
    evaluated = run(
        JOBS / "evaluate.py", "--model-dir", tmp_path, "--test-dir", split / "test", "--output-dir", tmp_path / "out"
    )
    assert evaluated.returncode == 0, evaluated.stderr
    metrics = json.loads((tmp_path / "out" / "evaluation.json").read_text())["multiclass_classification_metrics"]
    labels = [row[0] for row in rows_of(split / "test" / "test.csv")]
    predictions = (tmp_path / "out" / "predictions.csv").read_text()
    hits = sum(label == prediction for label, prediction in zip(labels, predictions.splitlines(), strict=True))
    assert metrics["accuracy"] == {"value": hits / 360, "standard_deviation": "NaN"}
    assert metrics["accuracy"]["value"] >= 0.88
    assert sum(sum(row.values()) for row in metrics["confusion_matrix"].values()) == 360

    served = serve(SAGEMAKER_SUBMIT_DIRECTORY=str(JOBS))
    lines = (split / "test" / "test.csv").read_text().splitlines()
    features = "\n".join(line.partition(",")[2] for line in lines)
    assert served.csv(features) == (200, predictions)
    assert served.csv(features.splitlines()[0]) == (200, predictions.splitlines()[0] + "\n")
    assert served.csv("1,2,3")[0] == 500


def test_the_model_that_serves_is_evaluated_beside_the_new_one_and_both_are_drawn(
    container: Container, split: Path, tmp_path: Path
) -> None:
    container.config("inputdataconfig", {"train": {}})
    channel = container.base / "input" / "data" / "train"
    channel.parent.mkdir(parents=True)
    channel.symlink_to(split / "train")
    for name, rounds in (("new", "10"), ("old", "2")):
        hyperparameters = {"sagemaker_program": "train.py", **HYPERPARAMETERS, "num_round": rounds}
        container.config("hyperparameters", hyperparameters)
        assert container.train(SAGEMAKER_SUBMIT_DIRECTORY=str(JOBS)).returncode == 0
        (tmp_path / name).mkdir()
        with tarfile.open(tmp_path / name / "model.tar.gz", "w:gz") as tar:
            tar.add(container.base / "model", ".")
    folders = {"model": "new", "champion": "old", "output": "out"}
    arguments = [f"--{name}-dir={tmp_path / folder}" for name, folder in folders.items()]
    arguments += [f"--test-dir={split / 'test'}", f"--champion-code-dir={JOBS}", "--champion", "digits/1"]
    evaluated = run(JOBS / "evaluate.py", *arguments)
    assert evaluated.returncode == 0, evaluated.stderr
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    new, old = (part["multiclass_classification_metrics"]["accuracy"]["value"] for part in (found, found["champion"]))
    assert new > old > 0.5
    report = (tmp_path / "out" / "report.html").read_text()
    for part in ("digits/1", "confusion matrix", "only this model right", "calibration", "pixel_21"):
        assert part in report


def test_evaluation_without_a_model_or_rows_is_refused(tmp_path: Path, split: Path) -> None:
    def refused(test_dir: Path) -> str:
        folders = ("--model-dir", tmp_path, "--test-dir", test_dir, "--output-dir", tmp_path / "out")
        done = run(JOBS / "evaluate.py", *folders)
        assert done.returncode == 1
        return done.stderr.splitlines()[-1]

    assert refused(tmp_path) == f"evaluate: there is no .csv file in {tmp_path}"
    assert refused(split / "test") == f"evaluate: there is no {tmp_path}/model.tar.gz"
    tarfile.open(tmp_path / "model.tar.gz", "w:gz").close()
    assert "evaluate: it cannot be loaded: FileNotFoundError: " in refused(split / "test")


def test_every_digit_becomes_one_record_with_an_event_time_of_its_own(ingest: ModuleType) -> None:
    records = list(ingest.digits())
    assert len({record["record_id"] for record in records}) == 1797
    assert len({record["event_time"] for record in records}) == 1797
    assert (records[0]["record_id"], records[0]["event_time"]) == ("digit-0001", "2025-01-01T00:00:00Z")
    assert list(records[0]) == ["record_id", "event_time", *(f"pixel_{n}" for n in range(64)), "digit"]
