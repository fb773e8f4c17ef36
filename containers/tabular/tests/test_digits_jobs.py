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

    rows = [{entry["FeatureName"]: entry["ValueAsString"] for entry in record} for record in ingest.digits()]
    for row in rows:
        row |= {name: int(value) for name, value in row.items() if name == "digit" or name.startswith("pixel_")}
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
    for record in ingest.digits():
        values = {entry["FeatureName"]: entry["ValueAsString"] for entry in record}
        expected.append([values["digit"], *(values[f"pixel_{number}"] for number in range(64))])
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


def test_the_metrics_agree_with_scikit_learn() -> None:
    import numpy as np
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    sys.path.insert(0, str(JOBS))
    try:
        from evaluate import evaluate  # type: ignore[import-not-found]  # a model's folder is no package
    finally:
        sys.path.remove(str(JOBS))
    labels, predictions = np.random.default_rng(1).integers(0, 4, (2, 200))
    labels[labels == 3] = 2  # a class that is predicted but never true
    found = evaluate(labels, predictions)["multiclass_classification_metrics"]
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predictions, average="weighted", zero_division=0)
    expected = {
        "accuracy": accuracy_score(labels, predictions),
        "weighted_precision": precision,
        "weighted_recall": recall,
        "weighted_f1": f1,
    }
    assert {name: found[name]["value"] for name in expected} == pytest.approx(expected)
    matrix = [list(row.values()) for row in found["confusion_matrix"].values()]
    assert matrix == confusion_matrix(labels, predictions).tolist()


def test_evaluation_without_a_model_or_rows_is_refused(tmp_path: Path, split: Path) -> None:
    empty = run(JOBS / "evaluate.py", "--model-dir", tmp_path, "--test-dir", tmp_path)
    assert (empty.returncode, empty.stderr) == (1, f"evaluate: there is no .csv file in {tmp_path}\n")
    without = run(JOBS / "evaluate.py", "--model-dir", tmp_path, "--test-dir", split / "test")
    assert without.returncode == 1
    assert f"No such file or directory: '{tmp_path}/model.tar.gz'" in without.stderr
    tarfile.open(tmp_path / "model.tar.gz", "w:gz").close()
    hollow = run(JOBS / "evaluate.py", "--model-dir", tmp_path, "--test-dir", split / "test")
    assert (hollow.returncode, hollow.stderr) == (
        1,
        f"evaluate: there is no xgboost-model in {tmp_path}/model.tar.gz\n",
    )


class Store:
    """The two calls of the feature store that ingest.py makes, with refusals and throttling on demand."""

    def __init__(self) -> None:
        self.records: dict[str, list[dict[str, str]]] = {}
        self.writes = 0
        self.throttle: set[str] = set()
        self.refuse: set[str] = set()

    def batch_get_record(self, Identifiers: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        (asked,) = Identifiers
        ids = asked["RecordIdentifiersValueAsString"]
        assert len(ids) <= 100
        found = [{"Record": self._projected(name, asked["FeatureNames"])} for name in ids if name in self.records]
        return {"Records": found, "Errors": [], "UnprocessedIdentifiers": []}

    def _projected(self, record_id: str, names: list[str]) -> list[dict[str, str]]:
        return [entry for entry in self.records[record_id] if entry["FeatureName"] in names]

    def batch_write_record(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert 1 <= len(Entries) <= 25
        answer: dict[str, list[Any]] = {"Errors": [], "UnprocessedEntries": []}
        for entry in Entries:
            record_id = entry["Record"][0]["ValueAsString"]
            if record_id in self.throttle:
                self.throttle.discard(record_id)
                answer["UnprocessedEntries"].append(entry)
            elif record_id in self.refuse:
                answer["Errors"].append({"Entry": entry, "ErrorCode": "ValidationError", "ErrorMessage": "too old"})
            else:
                self.writes += 1
                self.records[record_id] = entry["Record"]
        return answer


def test_every_digit_becomes_one_record_with_an_event_time_of_its_own(ingest: ModuleType) -> None:
    records = [{entry["FeatureName"]: entry["ValueAsString"] for entry in record} for record in ingest.digits()]
    assert len({record["record_id"] for record in records}) == 1797
    assert len({record["event_time"] for record in records}) == 1797
    assert (records[0]["record_id"], records[0]["event_time"]) == ("digit-0001", "2025-01-01T00:00:00Z")
    assert list(records[0]) == ["record_id", "event_time", *(f"pixel_{n}" for n in range(64)), "digit"]


def test_entries_the_store_left_unprocessed_are_written_in_the_end(ingest: ModuleType) -> None:
    store, records = Store(), list(ingest.digits())[:130]
    store.throttle = {"digit-0003", "digit-0130"}
    assert ingest.write_missing(store, "digits", records, threads=4) == 130
    assert len(store.records) == store.writes == 130


def test_a_second_ingestion_writes_only_what_is_missing(ingest: ModuleType) -> None:
    store, records = Store(), list(ingest.digits())[:130]
    ingest.write_missing(store, "digits", records, threads=4)
    del store.records["digit-0007"]
    assert ingest.write_missing(store, "digits", records, threads=4) == 1
    assert store.writes == 131


def test_a_refused_record_fails_the_ingestion_by_name_and_the_others_are_written(ingest: ModuleType) -> None:
    store, records = Store(), list(ingest.digits())[:60]
    store.refuse = {"digit-0002"}
    with pytest.raises(ingest.RefusedError, match="1 of 60 records: digit-0002: ValidationError: too old"):
        ingest.write_missing(store, "digits", records, threads=4)
    assert len(store.records) == 59
